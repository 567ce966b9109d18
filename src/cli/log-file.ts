import { closeSync, openSync, statSync } from 'node:fs'
import type { Logger } from 'pino'
import { ConfigError } from '../namesrv/config/config-error.ts'
import { describeErrno } from './errno.ts'

/** The part of pino's destination that follows a file which was renamed. */
export interface ReopenableFile {
  reopen(path: string): void
}

/**
 * Checks that lines can be appended to a log file, and creates it if there is none.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`, with the reason.
 */
export function checkLogFile(path: string): void {
  try {
    // A named pipe without a reader would hold up the process for ever.
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats?.isFIFO() || stats?.isSocket()) throw new Error('it is not a file')
    closeSync(openSync(path, 'a'))
  } catch (cause) {
    throw new ConfigError(
      'ERR_CONFIG_VALUE',
      `cannot open the log file ${path}: ${describeErrno(cause)} (logPath)`,
      {
        cause,
      },
    )
  }
}

/**
 * Opens the log file again under its name, so that logrotate can rename it. If that fails, lines go on to the file that is open.
 * @param file - Undefined if the log goes to stdout.
 */
export function reopenLogFile(logger: Logger, path: string, file: ReopenableFile | undefined): void {
  if (file === undefined) {
    logger.info('SIGHUP: the log goes to stdout, nothing to reopen')
    return
  }
  try {
    checkLogFile(path)
    file.reopen(path)
  } catch (error) {
    logger.error(
      { path, error: (error as Error).message },
      'log file not reopened: going on with the old one',
    )
    return
  }
  logger.info({ path }, 'log file reopened')
}
