import { closeSync, openSync, statSync } from 'node:fs'
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { describeErrno } from '../../common/describe-errno.ts'
import { isoTime } from '../../common/iso-time.ts'
import { escaped as escapeOf, INVISIBLE, visible } from '../../common/visible.ts'
import { ConfigError } from '../../namesrv/config/config-error.ts'
import type { NamesrvConfig } from '../../namesrv/config/config-keys.ts'

/** How and where to log. */
export interface LogOptions extends Pick<NamesrvConfig, 'logLevel' | 'logFormat' | 'logPath'> {
  /** Whether the log is written to a terminal; `auto` depends on it. */
  readonly isTerminal: boolean
  /** Called for each line that cannot be written, because the disk is full or the reader has left; the program continues. Default: nothing. */
  readonly onWriteError?: (error: NodeJS.ErrnoException) => void
}

/** The log of the program. */
export interface Log {
  readonly logger: Logger
  /** Opens the log file again after logrotate renamed it. If that fails, lines are still written to the old file. */
  reopen(): void
}

/** Maximum size of lines that wait because they cannot be written; further lines are dropped. */
const MAX_UNWRITTEN_CHARACTERS = 1024 * 1024

/**
 * Opens the log of the program. Each line is written before the call returns, so that no line is lost however the process
 * ends. Lines are JSON, or coloured text for people.
 * @throws {ConfigError} if the log file cannot be opened.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { logLevel, logFormat, logPath, isTerminal, onWriteError = () => {} } = options
  const pretty = logFormat === 'pretty' || (logFormat === 'auto' && isTerminal)
  const settings: LoggerOptions = {
    level: logLevel,
    timestamp: () => `,"time":"${isoTime(Date.now())}"`,
    formatters: { level: (level) => ({ level }) },
    hooks: { streamWrite: pretty ? escapedTwice : escaped },
  }
  const output = openOutput(logPath, onWriteError)
  let stream: DestinationStream = output
  if (pretty) {
    // Loaded only if needed, and used as a stream in this process: a worker thread would slow down every start.
    const { build } = await import('pino-pretty')
    stream = build({
      sync: true,
      destination: output as unknown as NodeJS.WritableStream,
      ignore: 'pid,hostname',
      translateTime: false,
      singleLine: true,
      // JSON has escaped line breaks and other C0 controls in the fields.
      messageFormat: (line, key) => visible(`${line[key]}`),
    }).on('error', onWriteError)
  }
  const logger = pino(settings, stream)
  return { logger, reopen: () => reopen(logger, logPath, output) }
}

/** For {@link LogOptions.onWriteError}: says once that lines cannot be written. */
export function onceOn(stderr: { write(text: string): unknown }): (error: Error) => void {
  let isReported = false
  return (error) => {
    if (isReported) return
    isReported = true
    stderr.write(`mqnamesrv: cannot write the log, continuing without: ${describeErrno(error)}\n`)
  }
}

/** Escapes in a line of JSON what a terminal would obey or hide, and JSON allows. */
function escaped(line: string): string {
  return line.replace(INVISIBLE, (character) => (character === '\n' ? character : escapeOf(character)))
}

/** The same for a line that pino-pretty parses first. */
function escapedTwice(line: string): string {
  return line.replace(INVISIBLE, (character) =>
    character === '\n' ? character : escapeOf(character).replaceAll('\\', '\\\\'),
  )
}

/** Opens stdout or the log file, such that a slow reader or a full disk does not block the server. */
function openOutput(path: string, onWriteError: (error: NodeJS.ErrnoException) => void): LogOutput {
  if (path !== '') checkLogFile(path)
  const output = pino.destination({
    ...(path === '' ? { fd: 1 } : { dest: path, append: true }),
    sync: true,
    maxLength: MAX_UNWRITTEN_CHARACTERS,
    // By default pino retries such a write after a sleep that blocks the process.
    retryEAGAIN: () => false,
  })
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EAGAIN') onWriteError(error)
  })
  return output
}

type LogOutput = ReturnType<typeof pino.destination>

/**
 * Checks that a log file can be appended to, and creates it if it does not exist.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`, with the reason.
 */
function checkLogFile(path: string): void {
  try {
    // Opening a named pipe without a reader would block the process.
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats?.isFIFO() || stats?.isSocket()) throw new Error('not a file')
    closeSync(openSync(path, 'a'))
  } catch (cause) {
    throw new ConfigError(
      'ERR_CONFIG_VALUE',
      `cannot open the log file ${path}: ${describeErrno(cause)} (logPath)`,
      { cause },
    )
  }
}

function reopen(logger: Logger, path: string, output: LogOutput): void {
  if (path === '') {
    logger.info('log not reopened: it is written to stdout')
    return
  }
  try {
    checkLogFile(path)
    output.reopen(path)
  } catch (error) {
    logger.error({ path, error: (error as Error).message }, 'log file not reopened; writing to the old one')
    return
  }
  logger.info({ path }, 'log file reopened')
}
