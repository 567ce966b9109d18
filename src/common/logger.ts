/**
 * Where a server writes its log: a logger of pino fits, and so does `console`.
 *
 * A message is a fixed phrase, and what varies is in the fields, with units in their names: `{ pausedMs: 1200 }`.
 */
export interface NamesrvLogger {
  /** Single requests and connections. */
  debug(fields: object, message: string): void
  /** A fact worth a line: a broker registered, the server listens. */
  info(fields: object, message: string): void
  /** An operator should act soon. */
  warn(fields: object, message: string): void
  /** An operator should act now. */
  error(fields: object, message: string): void
  /** Whether lines of a level are written; those that are not need not be made. Default: all are. */
  isLevelEnabled?(level: string): boolean
}
