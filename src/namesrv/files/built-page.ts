import { readdirSync, readFileSync } from 'node:fs'
import { isSea } from 'node:sea'
import { inPackage } from '../../common/package-root.ts'
import { ownAsset, readIfThere } from './own-files.ts'

/**
 * The files of the built page by name; none if it is not built, or if another program has this library in its bundle.
 * @param folder - Where the page is. Default: where the build puts it, seen from `src` as well as from `dist`.
 */
export function readBuiltPage(folder?: URL): Map<string, Buffer> {
  const read = () => (isSea() ? pageOfSingleFile() : pageIn(folder ?? inPackage('dist/page/')))
  return readIfThere(read) ?? new Map()
}

function pageIn(folder: URL): Map<string, Buffer> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder))]))
}

function pageOfSingleFile(): Map<string, Buffer> {
  const names = JSON.parse(ownAsset('page').toString()) as string[]
  return new Map(names.map((name) => [name, ownAsset(`page/${name}`)]))
}
