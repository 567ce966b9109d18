import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import type { NamesrvConfig } from '../namesrv/config/config-keys.ts'
import { checkLogFile, type ReopenableFile } from './log-file.ts'

/** How and where to log. */
export interface LogOptions {
  readonly level: NamesrvConfig['logLevel']
  readonly format: NamesrvConfig['logFormat']
  /** Whether stdout is a terminal, which `auto` depends on. */
  readonly isTerminal: boolean
  /** Where lines go; {@link LogOptions.path} if left out. */
  readonly destination?: DestinationStream
  /** The file to which lines are appended; stdout if left out or empty. */
  readonly path?: string
  /** Given the file, which can be opened again under its name. */
  readonly onFile?: (file: ReopenableFile) => void
  /** Told of each line that could not be written, because the disk is full or the reader has gone; the program goes on. */
  readonly onWriteError?: (error: Error) => void
}

/** Lines that cannot be written wait until they can, up to this; then they are dropped. */
const MOST_UNWRITTEN_CHARACTERS = 1024 * 1024

/**
 * Makes the logger of the program. It writes one line a call, before the call returns: no line is lost at the end,
 * however the end comes. Lines are JSON, or coloured text for people.
 * @throws {ConfigError} if the log file cannot be opened.
 */
export async function createLogger(options: LogOptions): Promise<Logger> {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && options.isTerminal)
  const settings: LoggerOptions = {
    level: options.level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
    hooks: { streamWrite: pretty ? escapedTwice : escaped },
  }
  if (!pretty) {
    if (options.destination !== undefined) return pino(settings, options.destination)
    return pino(settings, openOutput(options))
  }

  // Loaded only when wanted, and used as a stream of this process: a worker thread would cost more at every start.
  const { build } = await import('pino-pretty')
  const destination = options.destination as NodeJS.WritableStream | undefined
  const stream = build({
    sync: true,
    destination: destination ?? openOutput(options),
    ignore: 'pid,hostname',
    translateTime: false,
    singleLine: true,
    messageFormat: (line, key) => oneLine(`${line[key]}`),
  })
  stream.on('error', options.onWriteError ?? (() => {}))
  return pino(settings, stream)
}

/** C1 controls, line separators and bidi marks: JSON may have them as they are, and a terminal acts on them. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A line of JSON without them. */
function escaped(line: string): string {
  return line.replace(UNSAFE, unicodeEscape)
}

/** The same for a line that is parsed before people see it. */
function escapedTwice(line: string): string {
  return line.replace(UNSAFE, (character) => `\\${unicodeEscape(character)}`)
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A message with its line breaks and other C0 controls escaped, as JSON has them. */
function oneLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return message.replace(/[\u0000-\u001f]/g, unicodeEscape)
}

/** Stdout or the file as it is: a slow reader or a full disk must not hold up the server. */
function openOutput({
  path = '',
  onFile,
  onWriteError,
}: LogOptions): DestinationStream & NodeJS.WritableStream {
  if (path !== '') checkLogFile(path)
  const output = pino.destination({
    ...(path === '' ? { fd: 1 } : { dest: path, append: true }),
    sync: true,
    maxLength: MOST_UNWRITTEN_CHARACTERS,
    // Without this, a write that would have to wait is tried again after a sleep in which nothing else happens.
    retryEAGAIN: () => false,
  })
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EAGAIN') onWriteError?.(error)
  })
  if (path !== '') onFile?.(output)
  return output as unknown as DestinationStream & NodeJS.WritableStream
}
