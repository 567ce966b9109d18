import { type Logger, pino } from 'pino'

/** A line of the log. */
export type LogLine = Record<string, unknown> & { level: string; msg: string }

/** A logger of all levels, and the lines it has written. */
export function recordingLogger(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  const logger = pino(
    { level: 'debug', base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => lines.push(JSON.parse(line) as LogLine) },
  )
  return { logger, lines }
}
