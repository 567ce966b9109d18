import { readFileSync } from 'node:fs'
import { isSea } from 'node:sea'
import { inPackage } from '../common/package-root.ts'
import { ownAsset, readIfThere } from './files/own-files.ts'

interface PackageFile {
  readonly name: string
  readonly version: string
  readonly gitHead?: string
}

/** The version in package.json; `unknown` where another program has this library in its bundle. */
export function packageVersion(): string {
  return packageFile()?.version ?? 'unknown'
}

/** The commit that the package was built from, if its build stored it in package.json; null otherwise. */
export function packageCommit(): string | null {
  return packageFile()?.gitHead ?? null
}

function packageFile(): PackageFile | undefined {
  const text = readIfThere(() =>
    isSea() ? ownAsset('package.json') : readFileSync(inPackage('package.json')),
  )
  const file = text && (JSON.parse(text.toString()) as PackageFile)
  // Beside a bundle is the one of its program.
  return file?.name === 'mqnamesrv' ? file : undefined
}
