/** A change that is in effect, but that a power failure may undo: its file was replaced, and the folder not forced to disk. */
export class NotDurableError extends Error {
  override readonly name = 'NotDurableError'
  readonly code: string | undefined

  constructor(cause: Error & { readonly code?: string }) {
    super(`change applied but not durable: fsync of the folder failed: ${cause.message}`, { cause })
    this.code = cause.code
  }
}
