import { getRawAsset } from 'node:sea'

/**
 * In another program's bundle, what the package reads at run time is missing. The last is the error of a bundle in CommonJS, where
 * a module has no URL.
 */
const MISSING: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ERR_SINGLE_EXECUTABLE_APPLICATION_ASSET_NOT_FOUND',
  'ERR_INVALID_URL',
])

/** What is read from a file of the package, or from an asset of the single file; undefined if there is none. */
export function readIfThere<Content>(read: () => Content): Content | undefined {
  try {
    return read()
  } catch (error) {
    if (MISSING.has((error as NodeJS.ErrnoException).code)) return undefined
    throw error
  }
}

/**
 * An asset of the single file, see `scripts/single-file`. The prefix keeps it apart from those of another program that is a single
 * file, with this library in it.
 * @throws Node's error if there is none.
 */
export function ownAsset(name: string): Buffer {
  return Buffer.from(getRawAsset(`mqnamesrv/${name}`) as ArrayBuffer)
}
