import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkout, eventually, type RunningCommand, runCommand } from '../../support/command.ts'
import { temporaryFolder } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

const OTHERS = ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPWR'] as const

interface Server extends RunningCommand {
  readonly logPath: string
  readonly lines: (path?: string) => Record<string, unknown>[]
  readonly said: (msg: string, path?: string) => number
}

/** Starts the program through its command, with its log in a file. @param words - Default: it is a server. */
function start(
  wrapper: readonly string[] = [],
  nodeOptions: readonly string[] = [],
  words: readonly string[] = ['--listenPort=0', '--httpListenPort=0', '--bindAddress=127.0.0.1'],
): Server {
  const folder = temporaryFolder()
  const logPath = join(folder, 'namesrv.log')
  const running = runCommand([...wrapper, process.execPath, ...nodeOptions, checkout(), ...words], {
    MQNAMESRV_USER_HOME: folder,
    MQNAMESRV_LOG_PATH: logPath,
  })
  const lines = (path = logPath) => {
    if (!existsSync(path)) return []
    const text = readFileSync(path, 'utf8')
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
  const said = (msg: string, path?: string) =>
    lines(path).filter((line) => `${line['msg']}`.includes(msg)).length
  return { ...running, logPath, lines, said }
}

async function started(...options: Parameters<typeof start>): Promise<Server> {
  const server = start(...options)
  await eventually('it listens', () => server.said('boot success') === 1)
  return server
}

async function endsWell({ child, ended, output }: Server): Promise<void> {
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(output).toEqual({ stdout: '', stderr: '' })
}

/** Whether a process handles a signal, where the system tells. Of SIGUSR1 it always says so: Node itself handles it. */
function handles(pid: number | undefined, signal: 'SIGSTKFLT'): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const caught = BigInt(`0x${/^SigCgt:\s*(\w+)/m.exec(status)?.[1]}`)
  return ((caught >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
}

describe('a running server', () => {
  test.each([[[]], [['nohup']]])(
    'is not ended by SIGHUP, started by %j: it reopens its log file',
    async (wrapper) => {
      const server = await started(wrapper)
      const rotated = `${server.logPath}.1`
      renameSync(server.logPath, rotated)
      server.child.kill('SIGHUP')
      await eventually('the file is there again', () => server.said('log file reopened') === 1)
      expect(server.said('log file reopened', rotated)).toBe(0)
      server.child.kill('SIGHUP')
      await eventually('it is opened once more', () => server.said('log file reopened') === 2)
      server.child.kill('SIGTERM')
      expect(await server.ended).toBe(0)
      expect(server.said('shutdown complete')).toBe(1)
      expect(server.said('shutdown complete', rotated)).toBe(0)
    },
  )

  test('still writes to the old log file, with a line about it, if the new one cannot be opened', async () => {
    const server = await started()
    const rotated = `${server.logPath}.1`
    renameSync(server.logPath, rotated)
    mkdirSync(server.logPath)
    server.child.kill('SIGHUP')
    await eventually('it says so', () => server.said('log file not reopened', rotated) === 1)
    await endsWell(server)
    expect(server.said('shutdown complete', rotated)).toBe(1)
  })

  test('logs its state on SIGQUIT and continues', async () => {
    const server = await started()
    server.child.kill('SIGQUIT')
    await eventually('it is logged', () => server.said('state dump') === 1)
    const dump = server.lines().find(({ msg }) => msg === 'state dump')
    expect(dump).toMatchObject({ level: 'info', signal: 'SIGQUIT', connections: 0, lockWaiters: 0 })
    for (const key of ['version', 'node', 'uptimeSeconds', 'memory', 'tables', 'counters', 'events']) {
      expect(dump).toHaveProperty(key)
    }
    await endsWell(server)
  })

  test('ignores other signals with a line each, and opens no debugger port', async () => {
    const server = await started()
    for (const signal of OTHERS) server.child.kill(signal)
    await eventually('they are logged', () => server.said('signal ignored') === OTHERS.length)
    // A debugger port is a line on stderr.
    await endsWell(server)
  })

  test('leaves SIGUSR1 to a Node.js that was started with a debugger', async () => {
    const server = await started([], ['--inspect-port=127.0.0.1:0'])
    server.child.kill('SIGUSR1')
    await eventually('the debugger listens', () => server.output.stderr.includes('Debugger listening'))
    server.child.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  })
})

describe('a server that is being loaded', () => {
  test.runIf(existsSync('/proc/self/status'))('keeps signals until it can handle them', async () => {
    const server = start()
    // The last one that the command handles.
    await until('the command runs', () => handles(server.child.pid, 'SIGSTKFLT'))
    expect(server.said('mqnamesrv starting')).toBe(0)
    for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) server.child.kill(signal)
    // The system may deliver some of them only after the start: all are handled, whether kept or not.
    await eventually(
      'all are handled',
      () =>
        server.said('log file reopened') === 1 &&
        server.said('state dump') === 1 &&
        server.said('signal ignored') === 2,
    )
    await eventually('it listens', () => server.said('boot success') === 1)
    await endsWell(server)
  })
})

test.runIf(existsSync('/proc/self/comm'))(
  'ps, top and pgrep find a server by the name mqnamesrv, and its arguments stay',
  async () => {
    const server = await started()
    const shown = (file: string) => readFileSync(`/proc/${server.child.pid}/${file}`, 'utf8')
    expect(shown('comm')).toBe('mqnamesrv\n')
    expect(shown('cmdline').split('\0')).toContain('--bindAddress=127.0.0.1')
    await endsWell(server)
  },
)

describe('mqnamesrv observe', () => {
  /** Nothing is there, which it says and goes on. */
  const words = ['observe', '-n', '127.0.0.1:1', '--listen', '127.0.0.1:0']

  test('is not ended by SIGHUP, started by nohup: it reopens its log file', async () => {
    const observe = start(['nohup'], [], words)
    await eventually('it serves', () => observe.said('observing') === 1)
    const rotated = `${observe.logPath}.1`
    renameSync(observe.logPath, rotated)
    observe.child.kill('SIGHUP')
    await eventually('the file is there again', () => observe.said('log file reopened') === 1)
    for (const signal of ['SIGQUIT', 'SIGUSR1'] as const) observe.child.kill(signal)
    await eventually('all are handled', () =>
      ['state dump', 'signal ignored'].every((msg) => observe.said(msg) === 1),
    )
    expect(observe.lines().find(({ msg }) => msg === 'state dump')).toMatchObject({
      observed: [{ namesrv: '127.0.0.1:1', at: null, tables: { brokerAddrTable: 0 } }],
      events: [{ kind: 'nameserver_unreachable', subject: '127.0.0.1:1' }],
    })
    observe.child.kill('SIGTERM')
    expect(await observe.ended).toBe(0)
    expect([observe.said('shutdown complete'), observe.said('shutdown complete', rotated)]).toEqual([1, 0])
  })

  test.runIf(existsSync('/proc/self/status'))('keeps signals that arrive while it is loaded', async () => {
    const observe = start([], [], words)
    await until('the command runs', () => handles(observe.child.pid, 'SIGSTKFLT'))
    observe.child.kill('SIGHUP')
    // Sent together, the system may deliver the last one first.
    await eventually('it is handled', () => observe.said('log file reopened') === 1)
    await endsWell(observe)
    expect(observe.said('shutdown complete')).toBe(1)
  })
})

describe('a log file', () => {
  test.each([
    ['is in a folder that does not exist', 'none/namesrv.log', /no such file or directory \(ENOENT\)/],
    ['is a folder', '.', /is a directory \(EISDIR\)/],
  ])('that %s ends the start with one line', async (_, name, reason) => {
    const folder = temporaryFolder()
    const words = [
      process.execPath,
      checkout(),
      `--user.home=${folder}`,
      '--listenPort=0',
      '--httpListenPort=0',
      '--httpListenPort=0',
      `--logPath=${folder}/${name}`,
    ]
    const { output, ended } = runCommand(words)
    expect(await ended).toBe(1)
    expect(output.stdout).toBe('')
    expect(output.stderr).toMatch(/^mqnamesrv: cannot open the log file .* \(logPath\)\n$/)
    expect(output.stderr).toMatch(reason)
  })
})
