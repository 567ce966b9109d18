import { readFileSync } from 'node:fs'
import { getAsset, isSea } from 'node:sea'
import { PACKAGE_ROOT } from '../common/package-root.ts'

interface PackageFile {
  readonly version: string
  readonly gitHead?: string
}

/** The version in package.json. */
export function packageVersion(): string {
  return packageFile().version
}

/** The commit that the package was built from, if its build stored it in package.json; null otherwise. */
export function packageCommit(): string | null {
  return packageFile().gitHead ?? null
}

function packageFile(): PackageFile {
  const text = isSea()
    ? getAsset('package.json', 'utf8')
    : readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8')
  return JSON.parse(text) as PackageFile
}
