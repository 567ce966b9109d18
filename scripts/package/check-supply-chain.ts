import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { auditResult, supplyChainProblems } from './supply-chain.ts'

/**
 * Checks what an installation gets: licences, checksums, no install scripts, and no known vulnerability. Without an answer of the
 * registry the last one is skipped with a warning, unless AUDIT_REQUIRED is set.
 */
const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const problems = supplyChainProblems(JSON.parse(read('package-lock.json')), read('docs/decisions.md'))
for (const problem of problems) console.error(`error: ${problem}`)

// Development packages included: they run on the machines that build releases.
const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8', timeout: 60_000 })
const audit = auditResult(stdout ?? '')
if (audit.kind === 'vulnerable') problems.push(...audit.packages)
for (const name of audit.kind === 'vulnerable' ? audit.packages : [])
  console.error(`error: ${name} has a known vulnerability (npm audit)`)
if (audit.kind === 'unknown') {
  const isRequired = (process.env['AUDIT_REQUIRED'] ?? '') !== ''
  console.error(`${isRequired ? 'error' : 'warning'}: vulnerabilities not checked: ${audit.reason}`)
  if (isRequired) problems.push(audit.reason)
}
if (problems.length === 0)
  console.log(
    `licences, checksums and install scripts of all packages are as they should be; vulnerabilities ${audit.kind === 'clean' ? 'none known' : 'NOT CHECKED'}`,
  )
process.exitCode = problems.length === 0 ? 0 : 1
