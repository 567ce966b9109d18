/** Max bytes of spare buffers: one frame of the default limit. */
const MAX_SPARE_BYTES = 16 * 1024 * 1024
/** Smaller buffers are left to the garbage collector. */
const MIN_BUFFER_BYTES = 64 * 1024

/**
 * Spare buffers for large frames. Without it each registration of some megabytes takes fresh pages from the kernel and drives the
 * garbage collector: rows `register-same` and `register-change` of the benchmark take several times the CPU.
 */
export class BufferPool {
  /** The smallest first. */
  readonly #spare: Buffer[] = []
  #spareBytes = 0

  /** A buffer of at least `minBytes` with any content: a spare one of at most `maxBytes`, or else a new one of `wantedBytes`. */
  acquire(minBytes: number, wantedBytes: number, maxBytes: number): Buffer {
    const index = this.#spare.findIndex(({ length }) => length >= minBytes)
    const spare = this.#spare[index]
    if (spare === undefined || spare.length > maxBytes) return Buffer.allocUnsafeSlow(wantedBytes)
    this.#spare.splice(index, 1)
    this.#spareBytes -= spare.length
    return spare
  }

  /** Takes a buffer back that nothing reads any more. */
  release(buffer: Buffer): void {
    if (buffer.length < MIN_BUFFER_BYTES || this.#spareBytes + buffer.length > MAX_SPARE_BYTES) return
    const index = this.#spare.findIndex(({ length }) => length >= buffer.length)
    this.#spare.splice(index < 0 ? this.#spare.length : index, 0, buffer)
    this.#spareBytes += buffer.length
  }
}
