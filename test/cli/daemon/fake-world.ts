import { EventEmitter } from 'node:events'
import { type Logger, pino } from 'pino'
import type { CliWorld } from '../../../src/cli/daemon/daemon.ts'
import type { Service } from '../../../src/cli/daemon/serve.ts'
import type { Bound } from '../../../src/cli/daemon/start-summary.ts'
import { ConfigError } from '../../../src/namesrv/config/config-error.ts'

/** A line of the log. */
export type LogLine = Record<string, unknown> & { level: string; msg: string }

/** A logger and the lines it has written. */
export function recordingLogger(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  const logger = pino(
    { base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => lines.push(JSON.parse(line) as LogLine) },
  )
  return { logger, lines }
}

/** A world for the program whose process, files and server are made up. */
export function fakeWorld(given: {
  argv?: string[]
  env?: Record<string, string>
  /** Content by path. */
  files?: Record<string, string>
  controller?: Partial<Service<Bound>>
  earlySignals?: NodeJS.Signals[]
}) {
  const { logger, lines } = recordingLogger()
  const out: string[] = []
  const err: string[] = []
  const exits: number[] = []
  const events = new EventEmitter()
  const calls: string[] = []
  const world: CliWorld = {
    argv: given.argv ?? [],
    env: given.env ?? {},
    homeDirectory: '/home/user',
    processors: 2,
    stdout: {
      write: (text, onWritten) => {
        out.push(text)
        onWritten?.()
      },
    },
    stderr: { write: (text) => err.push(text) },
    events,
    earlySignals: given.earlySignals ?? [],
    signals: ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'],
    exit: (code) => exits.push(code),
    interfaces: () => ({}),
    readConfigFile: (path) => {
      const content = given.files?.[path]
      if (content === undefined)
        throw new ConfigError('ERR_CONFIG_FILE', `cannot read configuration file ${path}`)
      return { path, bytes: Buffer.from(content, 'latin1') }
    },
    openLog: async () => ({ logger, reopen: () => calls.push('reopen') }),
    createController: async ({ values }) => ({
      start: async () => {
        calls.push('start')
        return { address: values.bindAddress, port: values.listenPort }
      },
      shutdown: async () => {
        calls.push('shutdown')
      },
      reload: () => void calls.push('reload'),
      state: () => ({ connections: 3 }),
      ...given.controller,
    }),
  }
  return {
    world,
    events,
    exits,
    calls,
    lines,
    stdout: () => out.join(''),
    stderr: () => err.join(''),
    messages: () => lines.map(({ msg }) => msg),
  }
}
