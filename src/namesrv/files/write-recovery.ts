import type { Logger } from 'pino'

/** Logs once that a file can be written again after failed writes. */
export class WriteRecovery {
  readonly #logger: Pick<Logger, 'info'>
  readonly #path: string
  readonly #phrase: string
  #failures = 0

  /** @param what - The file, as the subject of the line: `KV file`. */
  constructor(what: string, path: string, logger: Pick<Logger, 'info'>) {
    this.#logger = logger
    this.#path = path
    this.#phrase = `${what} can be written again`
  }

  /** Counts a write that failed. @returns How many have failed since the last one that succeeded. */
  failed(): number {
    return ++this.#failures
  }

  /** @returns Whether a write had failed since the last one that succeeded. */
  succeeded(): boolean {
    const failures = this.#failures
    if (failures === 0) return false
    this.#failures = 0
    this.#logger.info({ path: this.#path, failures }, this.#phrase)
    return true
  }

  /** Counts the outcome of a write. @returns The same outcome. */
  async watch<Result>(write: Promise<Result>): Promise<Result> {
    try {
      const result = await write
      this.succeeded()
      return result
    } catch (error) {
      this.failed()
      throw error
    }
  }
}
