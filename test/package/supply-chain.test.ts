import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { auditResult, type LockedPackage, supplyChainProblems } from '../../scripts/package/supply-chain.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')

const GOOD: LockedPackage = {
  version: '1.2.3',
  license: 'MIT',
  integrity: 'sha512-AAAA',
}

function problemsWith(locked: Partial<LockedPackage>, decisions = '| `a` | use | reason |'): string[] {
  const packages = { '': { dependencies: { a: '1.2.3' } }, 'node_modules/a': { ...GOOD, ...locked } }
  return supplyChainProblems({ packages }, decisions)
}

describe('the check of package-lock.json', () => {
  it('finds nothing wrong with the packages of this program', () => {
    expect(supplyChainProblems(JSON.parse(read('package-lock.json')), read('docs/decisions.md'))).toEqual([])
  })

  it.each<[string, Partial<LockedPackage>, string[]]>([
    ['nothing in a package as it should be', {}, []],
    ['a licence that is not allowed', { license: 'GPL-3.0' }, ['a@1.2.3: licence GPL-3.0 is not allowed']],
    ['an install script', { hasInstallScript: true }, ['a@1.2.3: runs a script when it is installed']],
    [
      'another source',
      { resolved: 'git+ssh://git@host/a.git' },
      ['a@1.2.3: comes from git+ssh://git@host/a.git'],
    ],
    ['a weak checksum', { integrity: 'sha1-AAAA' }, ['a@1.2.3: has no SHA-512 checksum']],
    ['nothing in a package of development', { license: 'GPL-3.0', dev: true, hasInstallScript: true }, []],
  ])('finds %s', (_, locked, problems) => {
    expect(problemsWith(locked)).toEqual(problems)
  })

  it('finds a package without a licence inside another package', () => {
    const packages = { 'node_modules/a/node_modules/@scope/b': { ...GOOD, license: undefined } }
    const lockfile = JSON.parse(JSON.stringify({ packages }))
    expect(supplyChainProblems(lockfile, '')).toEqual(['@scope/b@1.2.3: licence none is not allowed'])
  })

  it('finds a dependency without a reason, and one without an exact version', () => {
    expect(problemsWith({}, '')).toEqual(['a: has no row in docs/decisions.md'])
    const packages = { '': { dependencies: { a: '^1.2.3' } } }
    expect(supplyChainProblems({ packages }, '| `a` |')).toEqual(['a: version ^1.2.3 is not exact'])
  })
})

describe('the report of npm audit', () => {
  it.each([
    ['is clean', { vulnerabilities: {} }, { kind: 'clean' }],
    [
      'names what is vulnerable',
      { vulnerabilities: { a: { severity: 'high' } } },
      { kind: 'vulnerable', packages: ['a (high)'] },
    ],
    [
      'says that the registry has no such service',
      { message: '405 Method Not Allowed', method: 'POST' },
      { kind: 'unknown', reason: '405 Method Not Allowed' },
    ],
    [
      'says that there is no network',
      { error: { code: 'ENOTFOUND', summary: 'request failed' } },
      { kind: 'unknown', reason: 'request failed' },
    ],
  ])('%s', (_, report, expected) => {
    expect(auditResult(JSON.stringify(report))).toEqual(expected)
  })

  it('is unknown without any output', () => {
    expect(auditResult('')).toMatchObject({ kind: 'unknown' })
  })
})

test('the bill of materials names this program and exactly the packages of an installation', () => {
  const output = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root, encoding: 'utf8' })
  const { bomFormat, metadata, components } = JSON.parse(output)
  expect([bomFormat, metadata.component.name]).toEqual(['CycloneDX', 'mqnamesrv'])
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> }
  const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  const names = installed.map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`)
  const named = (components as { 'bom-ref': string }[]).map((component) => component['bom-ref'])
  expect(named.sort()).toEqual(names.sort())
})
