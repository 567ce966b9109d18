import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Lockfile } from './supply-chain.ts'

/**
 * Prints the bill of materials of an installation: CycloneDX, as JSON.
 *
 * npm makes it of a folder with nothing of development in it: with `--omit=dev` it also omits packages that those of development
 * need, too. The bill has the name of the folder.
 */
const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'))
const { devDependencies: _, ...manifest } = read('package.json')
const lockfile = read('package-lock.json') as Lockfile
const packages = Object.entries(lockfile.packages).filter(([path, { dev }]) => path !== '' && dev !== true)
const { name, version, dependencies } = manifest

const temporary = mkdtempSync(join(tmpdir(), 'mqnamesrv-sbom-'))
const folder = join(temporary, name)
const write = (file: string, content: object): void => {
  writeFileSync(join(folder, file), JSON.stringify(content))
}
try {
  mkdirSync(folder)
  write('package.json', manifest)
  const installed = { '': { name, version, dependencies }, ...Object.fromEntries(packages) }
  write('package-lock.json', { ...lockfile, packages: installed })
  const options = ['--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application']
  process.stdout.write(execFileSync('npm', ['sbom', ...options], { cwd: folder }))
} finally {
  rmSync(temporary, { recursive: true })
}
