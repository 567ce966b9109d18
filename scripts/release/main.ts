/**
 * Builds everything that a release publishes, from a clone of the commit: the npm package, the single file, the Debian package, the Helm
 * chart, the bill of materials, and their checksums. The same commit gives the same bytes on the same platform.
 *
 * Usage, on a Debian: `npm run release -- [--unreleased] [--twice]`. Writes `dist-packages/release`. Without `--unreleased` the
 * changelog must have the version; `--twice` builds again from a second clone, and fails if a checksum differs. It publishes nothing.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

function run(cwd: string, command: string, ...args: string[]): string {
  // What the parts of a build print goes to stderr if they fail.
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  })
}

/** Why this commit is no release; empty if it is one. */
function problems(version: string): string[] {
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  return [
    ...(changelog.includes(`\n## ${version} `) ? [] : [`CHANGELOG.md has no section "## ${version} - DATE"`]),
    ...(run(root, 'git', 'status', '--porcelain') === '' ? [] : ['there are changes that are not committed']),
  ]
}

/** The bill of materials, without what differs from one run to the next. */
function billOfMaterials(clone: string, epoch: number): string {
  const bill = JSON.parse(run(clone, 'npm', 'run', '--silent', 'sbom'))
  delete bill.serialNumber
  bill.metadata.timestamp = new Date(epoch * 1_000).toISOString()
  return `${JSON.stringify(bill, null, 2)}\n`
}

/** @returns The files in `folder`, as lines of `sha256sum`. */
function build(folder: string): string {
  const work = mkdtempSync(join(tmpdir(), 'mqnamesrv-release-'))
  try {
    const clone = join(work, 'mqnamesrv')
    run(work, 'git', 'clone', '--quiet', root, clone)
    const epoch = Number(run(clone, 'git', 'log', '-1', '--format=%ct'))
    const { version } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8')) as { version: string }
    run(clone, 'npm', 'ci', '--no-audit', '--no-fund')
    mkdirSync(folder, { recursive: true })
    run(clone, 'npm', 'pack', '--pack-destination', folder)
    run(clone, 'npm', 'run', 'deb')
    const packages = join(clone, 'dist-packages')
    copyFileSync(join(packages, 'mqnamesrv'), join(folder, `mqnamesrv-${version}-linux-${process.arch}`))
    for (const name of readdirSync(packages).filter((each) => /\.deb$|^LICENSES/.test(each))) {
      copyFileSync(join(packages, name), join(folder, name))
    }
    const tar = ['--create', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`]
    const chart = join(folder, `mqnamesrv-chart-${version}.tgz`)
    run(
      clone,
      'tar',
      ...tar,
      '--use-compress-program=gzip -n',
      `--file=${chart}`,
      '-C',
      'deploy/helm',
      'mqnamesrv',
    )
    writeFileSync(join(folder, `mqnamesrv-${version}.cdx.json`), billOfMaterials(clone, epoch))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  const sums = readdirSync(folder)
    .filter((name) => name !== 'SHA256SUMS')
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    )
    .join('')
  writeFileSync(join(folder, 'SHA256SUMS'), sums)
  return sums
}

function main(): void {
  // Archives keep the permissions of files, which git and the builds take from the umask.
  process.umask(0o022)
  const { values } = parseArgs({ options: { unreleased: { type: 'boolean' }, twice: { type: 'boolean' } } })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const reasons = values.unreleased === true ? [] : problems(version)
  if (reasons.length > 0) throw new Error(`no release of ${version}: ${reasons.join('; ')}`)
  const folder = join(root, 'dist-packages', 'release')
  rmSync(folder, { recursive: true, force: true })
  const sums = build(folder)
  console.log(sums)
  if (values.twice !== true) return
  const other = mkdtempSync(join(tmpdir(), 'mqnamesrv-again-'))
  try {
    const again = build(other)
    if (again !== sums) throw new Error(`a second build differs:\n${again}`)
    console.log('a second build gave the same checksums')
  } finally {
    rmSync(other, { recursive: true, force: true })
  }
}

try {
  main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
