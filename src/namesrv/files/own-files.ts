import { getRawAsset } from 'node:sea'

/** What is read from a file of the package, or from an asset of the single file; undefined if it is missing. */
export function readIfThere<Content>(read: () => Content): Content | undefined {
  try {
    return read()
  } catch (error) {
    if (isMissing(error as NodeJS.ErrnoException)) return undefined
    throw error
  }
}

/**
 * Whether it is the error of a file that another program's bundle has left out. The last is that of a bundle in CommonJS, where a
 * module has no URL.
 */
function isMissing({ code }: NodeJS.ErrnoException): boolean {
  const isNoAsset = code === 'ERR_SINGLE_EXECUTABLE_APPLICATION_ASSET_NOT_FOUND'
  return code === 'ENOENT' || isNoAsset || code === 'ERR_INVALID_URL'
}

/**
 * An asset of the single file, see `scripts/single-file`. The prefix keeps it apart from those of another program that is a single
 * file, with this library in it.
 * @throws Node's error if it is missing.
 */
export function ownAsset(name: string): Buffer {
  return Buffer.from(getRawAsset(`mqnamesrv/${name}`) as ArrayBuffer)
}
