/** Spare memory in all, at most: one frame of the default limit. */
const MOST_SPARE_BYTES = 16 * 1024 * 1024

/**
 * Memory in which large frames are put together, one after the other. Without it every registration of some megabytes takes fresh
 * pages from the kernel, and drives the garbage collector, which costs more than reading it.
 */
export class AssemblyBuffers {
  readonly #spare: Buffer[] = []
  #spareBytes = 0

  /** Bytes that are kept for the next frames. */
  get spareBytes(): number {
    return this.#spareBytes
  }

  /** Memory of at least so many bytes, whose content is anything. */
  take(leastBytes: number): Buffer {
    let largest = 0
    for (const [index, { length }] of this.#spare.entries()) {
      if (length > (this.#spare[largest]?.length ?? 0)) largest = index
    }
    const spare = this.#spare[largest]
    if (spare === undefined || spare.length < leastBytes) return Buffer.allocUnsafeSlow(leastBytes)
    this.#spare.splice(largest, 1)
    this.#spareBytes -= spare.length
    return spare
  }

  /** Takes memory back that nobody looks at any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length === 0 || this.#spareBytes + buffer.length > MOST_SPARE_BYTES) return
    this.#spare.push(buffer)
    this.#spareBytes += buffer.length
  }
}
