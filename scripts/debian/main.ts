/**
 * Builds the Debian package of the single file with Debian's own tools (debhelper, dpkg-dev), for the architecture of this machine.
 *
 * Usage, on a Debian: `npm run deb [-- --node FILE]`; `--node` as for `npm run single-file`, which runs first. Writes
 * `dist-packages/mqnamesrv_VERSION_ARCHITECTURE.deb`. The date in it is SOURCE_DATE_EPOCH, default: that of the commit, so that the same
 * commit gives the same bytes.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
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

const root = fileURLToPath(new URL('../..', import.meta.url))
const packages = join(root, 'dist-packages')

const COMPLETIONS = { bash: 'mqnamesrv', zsh: '_mqnamesrv', fish: 'mqnamesrv.fish' } as const

/** Puts what the package is made of into a folder, as `deploy/debian/mqnamesrv.install` names it. */
function layOut(source: string, version: string, epoch: string): void {
  const program = join(packages, 'mqnamesrv')
  cpSync(join(root, 'deploy', 'debian'), join(source, 'debian'), { recursive: true })
  copyFileSync(program, join(source, 'mqnamesrv'))
  for (const path of [
    'conf/namesrv.properties',
    'conf/access.yml',
    'docs/mqnamesrv.1',
    'dist-packages/LICENSES.txt',
  ])
    copyFileSync(join(root, path), join(source, path.slice(path.indexOf('/') + 1)))
  mkdirSync(join(source, 'docs'))
  for (const name of readdirSync(join(root, 'docs')).filter((each) => each.endsWith('.md')))
    copyFileSync(join(root, 'docs', name), join(source, 'docs', name))
  for (const [shell, name] of Object.entries(COMPLETIONS)) {
    const folder = join(source, 'completions', shell)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), execFileSync(program, ['completion', shell]))
  }
  writeFileSync(join(source, 'debian', 'copyright'), copyright())
  writeFileSync(join(source, 'debian', 'changelog'), changelog(version, epoch))
}

function copyright(): string {
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: mqnamesrv',
    '',
    'Files: *',
    'Copyright: 2026 the mqnamesrv authors',
    'License: Apache-2.0',
    '',
    'License: Apache-2.0',
    ' /usr/share/common-licenses/Apache-2.0 has its text, and /usr/share/doc/mqnamesrv/LICENSES.txt.gz the licences of',
    ' Node.js and of the packages that are part of /usr/bin/mqnamesrv.',
    '',
  ].join('\n')
}

function changelog(version: string, epoch: string): string {
  const [maintainer] =
    /(?<=^Maintainer: ).*$/m.exec(readFileSync(join(root, 'deploy/debian/control'), 'utf8')) ?? []
  const date = execFileSync('date', ['-u', '-R', '-d', `@${epoch}`], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  return `mqnamesrv (${version}) unstable; urgency=medium\n\n  * Release ${version}.\n\n -- ${maintainer}  ${date}`
}

function main(): void {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const inherited = { cwd: root, stdio: 'inherit' } as const
  execFileSync('npm', ['run', '--silent', 'single-file', '--', ...process.argv.slice(2)], inherited)
  const epoch =
    process.env['SOURCE_DATE_EPOCH'] ??
    execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim()
  const work = mkdtempSync(join(tmpdir(), 'mqnamesrv-deb-'))
  try {
    const source = join(work, `mqnamesrv-${version}`)
    mkdirSync(source)
    layOut(source, version, epoch)
    execFileSync('dpkg-buildpackage', ['--build=binary', '--no-sign'], {
      cwd: source,
      env: { ...process.env, SOURCE_DATE_EPOCH: epoch },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    for (const name of readdirSync(work).filter((each) => each.endsWith('.deb'))) {
      copyFileSync(join(work, name), join(packages, name))
      console.log(join(packages, name))
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

main()
