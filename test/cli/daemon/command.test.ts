import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkout, eventually, runCommand } from '../../support/command.ts'
import { temporaryFolder } from '../../support/start-server.ts'

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
const PRODUCTION = Object.keys(manifest.dependencies)

async function outcome(words: readonly string[], env?: Readonly<Record<string, string>>) {
  const { output, ended } = runCommand(words, env)
  const code = await ended
  return { code, ...output }
}

/** A file that makes Node.js say it is of another version. */
function pretend(version: string): string {
  const file = join(temporaryFolder(), 'version.cjs')
  writeFileSync(file, `Object.defineProperty(process.versions, 'node', { value: '${version}' })`)
  return file
}

describe('the command mqnamesrv', () => {
  test.each([
    ['16.20.2', '16.20'],
    ['18.19.1', '18.19'],
    ['20.18.3', '20.18'],
  ])('on Node.js %s says in one line which version it needs', async (version, shown) => {
    const words = ['node', '--require', pretend(version), checkout([]), '-v']
    const stderr = `mqnamesrv: needs Node.js 20.19 or later, this is ${shown}\n`
    expect(await outcome(words)).toEqual({ code: 1, stdout: '', stderr })
  })

  test.each(['20.19.0', '22.0.0'])('on Node.js %s runs', async (version) => {
    expect(await outcome(['node', '--require', pretend(version), checkout(), '-v'])).toMatchObject({
      code: 0,
    })
  })

  test.each(['sh', 'bash', 'node'])(
    'runs as `%s bin/mqnamesrv`, as scripts and images start it',
    async (shell) => {
      expect(await outcome([shell, checkout(), '-v'])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^mqnamesrv /),
      })
    },
  )

  test.skipIf(!existsSync('/dev/full')).each(['-p', '-h', '-v'])(
    '%s fails if its output cannot be written',
    (option) => {
      const full = openSync('/dev/full', 'w')
      const { status, stderr } = spawnSync(process.execPath, [checkout(), option], {
        encoding: 'utf8',
        stdio: ['ignore', full, 'pipe'],
      })
      closeSync(full)
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: 'mqnamesrv: cannot write the output: no space left on device (ENOSPC)\n',
      })
    },
  )

  test('needs the Node.js version of package.json', () => {
    expect(manifest.engines.node).toBe('>=20.19')
  })

  test('before `npm ci` says in one line that its dependencies are missing', async () => {
    const { code, stdout, stderr } = await outcome(['node', checkout([]), '-v'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^mqnamesrv: the dependencies are not installed \(tsx is missing\): run npm ci in .*\n$/,
    )
  })

  test('after `npm ci --omit=dev` of a checkout that was never built says in one line how to build it', async () => {
    const { code, stdout, stderr } = await outcome(['node', checkout(PRODUCTION), '-v'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^mqnamesrv: the program is not built, .*: run npm ci --include=dev in .*, then npm prune --omit=dev\n$/,
    )
  })

  const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0
  test.runIf(hasPrlimit)('under a limit of 64 open files says in one line how many it needs', async () => {
    const { code, stdout, stderr } = await outcome(['prlimit', '--nofile=64', 'node', checkout()])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^mqnamesrv: the open-file limit is 64, at least 128 are needed: .*\n$/)
  })
})

describe('package.json', () => {
  test('has no script that npm runs, or warns about, when the package is installed', () => {
    expect(Object.keys(manifest.scripts)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(pre|post)?(install|prepare)$/)]),
    )
  })
})

const isRoot = process.getuid?.() === 0
const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0
const STRANGER = 54_321

describe.runIf(isRoot && hasSetpriv)('a user without an entry in the user database, and without HOME', () => {
  const asStranger = ['setpriv', `--reuid=${STRANGER}`, `--regid=${STRANGER}`, '--clear-groups', 'node']

  /** A checkout that the user can read, and a folder to write to. */
  function places() {
    const command = checkout()
    const folder = temporaryFolder()
    chmodSync(join(command, '../..'), 0o755)
    chownSync(folder, STRANGER, STRANGER)
    return { command, folder }
  }

  test.each(['-v', '-h', '-p'])('can use %s', async (option) => {
    const { command } = places()
    expect(await outcome([...asStranger, command, option])).toMatchObject({ code: 0, stderr: '' })
  })

  test('sees in one line which keys need a home directory', async () => {
    const { command } = places()
    const stderr =
      'mqnamesrv: no home directory for the defaults of kvConfigPath, configStorePath, routeSnapshotPath: ' +
      'set these keys, or HOME or user.home\n'
    expect(await outcome([...asStranger, command])).toEqual({
      code: 1,
      stdout: expect.stringMatching(/^\{"level":"error".*"msg":"start failed"\}\n$/),
      stderr,
    })
  })

  test('can run the program if the folder for temporary files is read-only and the time zone is unknown', async () => {
    const { command } = places()
    const closedFolder = join(temporaryFolder(), 'closed')
    mkdirSync(closedFolder, { mode: 0o700 })
    const env = { TMPDIR: closedFolder, TZ: 'No/Such_Zone' }
    expect(await outcome([...asStranger, command, '-v'], env)).toMatchObject({ code: 0, stderr: '' })
  })

  test('can start the server with paths of its own', async () => {
    const { command, folder } = places()
    const paths = ['kvConfigPath', 'configStorePath', 'routeSnapshotPath'].map(
      (key) => `--${key}=${join(folder, key)}`,
    )
    const words = [
      ...asStranger,
      command,
      '--listenPort=0',
      '--httpListenPort=0',
      '--bindAddress=127.0.0.1',
      ...paths,
    ]
    const { child, output, ended } = runCommand(words)
    await eventually('it listens', () => output.stdout.includes('boot success'))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(output.stderr).toBe('')
  })
})
