import type { LimitName } from './limit-error.ts'

/** An error with a code: `ERR_…` as in docs/errors.md, or that of a response. */
export class CodedError<Code extends string | number> extends Error {
  readonly code: Code
  /**
   * The limit that was exceeded, if that is the reason.
   * @internal
   */
  readonly limit: LimitName | undefined

  /** @internal */
  constructor(code: Code, message: string, options: ErrorOptions & { readonly limit?: LimitName } = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.limit = options.limit
  }
}
