/**
 * Why a command line cannot be understood.
 *
 * - `ERR_USAGE_UNKNOWN_OPTION`: an option that is neither one of the program's nor a property
 * - `ERR_USAGE_MISSING_VALUE`: an option without the value it takes
 * - `ERR_USAGE_WORD`: a word that belongs to no option
 */
export type UsageErrorCode = 'ERR_USAGE_UNKNOWN_OPTION' | 'ERR_USAGE_MISSING_VALUE' | 'ERR_USAGE_WORD'

/** A command line that cannot be understood: one line on stderr, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code: UsageErrorCode

  constructor(code: UsageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
