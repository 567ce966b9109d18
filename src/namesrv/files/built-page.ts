import { readdirSync, readFileSync } from 'node:fs'
import { getAsset, getRawAsset, isSea } from 'node:sea'
import { PACKAGE_ROOT } from '../../common/package-root.ts'

/** Where the build puts the page, for the sources too. */
const FOLDER = new URL('dist/page/', PACKAGE_ROOT)

/** The files of the built page by name; none if it is not built. */
export function readBuiltPage(folder: URL = FOLDER): Map<string, Buffer> {
  if (isSea()) return pageOfSingleFile()
  try {
    return new Map(readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder))]))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
}

/** The page in the single file, see `scripts/single-file`. */
function pageOfSingleFile(): Map<string, Buffer> {
  const names = JSON.parse(getAsset('page', 'utf8')) as string[]
  return new Map(names.map((name) => [name, Buffer.from(getRawAsset(`page/${name}`) as ArrayBuffer)]))
}
