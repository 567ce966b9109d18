import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import type { NamesrvValues } from '../namesrv/config/config-keys.ts'

/** How and where to log. */
export interface LogOptions {
  readonly level: NamesrvValues['logLevel']
  readonly format: NamesrvValues['logFormat']
  /** Whether stdout is a terminal, which `auto` depends on. */
  readonly isTerminal: boolean
  /** Where lines go; stdout if left out. */
  readonly destination?: DestinationStream
}

/**
 * Makes the logger of the program. It writes to stdout, one line a call, before the call returns: no line is lost at the end,
 * however the end comes. Lines are JSON, or coloured text for people.
 */
export async function createLogger(options: LogOptions): Promise<Logger> {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && options.isTerminal)
  const settings: LoggerOptions = {
    level: options.level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  }
  if (!pretty) return pino(settings, options.destination ?? pino.destination({ fd: 1, sync: true }))

  // Loaded only when wanted, and used as a stream of this process: a worker thread would cost more at every start.
  const { build } = await import('pino-pretty')
  const destination = options.destination as NodeJS.WritableStream | undefined
  return pino(
    settings,
    build({
      sync: true,
      destination: destination ?? 1,
      ignore: 'pid,hostname',
      translateTime: false,
      singleLine: true,
    }),
  )
}
