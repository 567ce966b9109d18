/** Spare memory in all, at most: one frame of the default limit. */
const MOST_SPARE_BYTES = 16 * 1024 * 1024

/**
 * Memory in which large frames are put together, one after the other. Without it every registration of some megabytes takes fresh
 * pages from the kernel, and drives the garbage collector, which costs more than reading it.
 */
export class BufferPool {
  /** The smallest first. */
  readonly #spare: Buffer[] = []
  #spareBytes = 0
  readonly #used = new WeakSet<Buffer>()

  /** Bytes that are kept for the next frames. */
  get spareBytes(): number {
    return this.#spareBytes
  }

  /**
   * Memory for a frame, whose content is anything.
   * @param leastBytes - What is needed now.
   * @param wantedBytes - What will be needed if the whole frame comes.
   */
  take(leastBytes: number, wantedBytes: number): Buffer {
    let index = this.#spare.findIndex(({ length }) => length >= wantedBytes)
    if (index < 0) index = this.#spare.findIndex(({ length }) => length >= leastBytes)
    const spare = this.#spare[index]
    if (spare === undefined) return Buffer.allocUnsafeSlow(leastBytes)
    this.#spare.splice(index, 1)
    this.#spareBytes -= spare.length
    return spare
  }

  /** Whether that memory has been given back before, so that all of it is there. */
  isUsed(buffer: Buffer): boolean {
    return this.#used.has(buffer)
  }

  /** Takes memory back that nobody looks at any more. Of too much, the smallest pieces go. */
  giveBack(buffer: Buffer): void {
    if (buffer.length === 0 || buffer.length > MOST_SPARE_BYTES) return
    this.#used.add(buffer)
    const index = this.#spare.findIndex(({ length }) => length >= buffer.length)
    this.#spare.splice(index < 0 ? this.#spare.length : index, 0, buffer)
    this.#spareBytes += buffer.length
    while (this.#spareBytes > MOST_SPARE_BYTES) this.#spareBytes -= this.#spare.shift()?.length ?? 0
  }
}
