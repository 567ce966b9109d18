/** What package-lock.json says of a package. */
export interface LockedPackage {
  readonly version?: string
  /** Absent: the registry. */
  readonly resolved?: string
  readonly integrity?: string
  readonly license?: string
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The parts of package-lock.json that are checked. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/** Licences that a product under the Apache License may include, as in the category A of the Apache Software Foundation. */
const LICENCES: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
])

/**
 * What is wrong with the packages that an installation gets, one line each.
 * @param decisions - docs/decisions.md, which has a row with the reason for each dependency of this package.
 */
export function supplyChainProblems({ packages }: Lockfile, decisions: string): string[] {
  const problems: string[] = []
  for (const [path, locked] of Object.entries(packages)) {
    if (path === '' || locked.dev === true) continue
    const name = `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${locked.version}`
    const { license = 'none', resolved, integrity, hasInstallScript } = locked
    if (!LICENCES.has(license)) problems.push(`${name}: licence ${license} is not allowed`)
    // Packages of the registry that npm uses are locked without their address (omit-lockfile-registry-resolved).
    if (resolved !== undefined) problems.push(`${name}: comes from ${resolved}`)
    if (integrity?.startsWith('sha512-') !== true) problems.push(`${name}: has no SHA-512 checksum`)
    if (hasInstallScript === true) problems.push(`${name}: runs a script when it is installed`)
  }
  for (const [name, range] of Object.entries(packages['']?.dependencies ?? {})) {
    if (!/^\d+\.\d+\.\d+$/.test(range)) problems.push(`${name}: version ${range} is not exact`)
    if (!decisions.includes(`| \`${name}\` |`)) problems.push(`${name}: has no row in docs/decisions.md`)
  }
  return problems
}

/** What `npm audit --json` has found. */
export type AuditResult =
  | { readonly kind: 'clean' }
  | { readonly kind: 'vulnerable'; readonly packages: readonly string[] }
  /** The registry has not answered, or has no such service. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** @param output - The standard output of `npm audit --json`. */
export function auditResult(output: string): AuditResult {
  let report: {
    readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string }>>
    readonly message?: string
    readonly error?: { readonly summary?: string }
  }
  try {
    report = JSON.parse(output)
  } catch {
    return { kind: 'unknown', reason: 'npm audit has no report' }
  }
  const { vulnerabilities, message, error } = report
  if (vulnerabilities === undefined)
    return { kind: 'unknown', reason: message ?? error?.summary ?? 'npm audit has no report' }
  const packages = Object.entries(vulnerabilities).map(([name, { severity }]) => `${name} (${severity})`)
  return packages.length === 0 ? { kind: 'clean' } : { kind: 'vulnerable', packages }
}
