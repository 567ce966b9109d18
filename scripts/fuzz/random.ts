/** Numbers that look random and come again from the same seed: what was found once can be found again. */
export class Random {
  #state: number

  /** @param seed - A uint32; another seed gives another sequence. */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** The sequence of one of many cases of a run, which may be made without those before it. */
  static ofCase(seed: number, index: number): Random {
    const random = new Random(Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(index + 1, 0xc2b2_ae35))
    random.next()
    return random
  }

  /** The next uint32 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** An integer from 0 to below `end`. */
  below(end: number): number {
    return this.next() % end
  }

  /** An integer from `first` to `last`. */
  within(first: number, last: number): number {
    return first + this.below(last - first + 1)
  }

  /** True once in `n` times on average. */
  oneIn(times: number): boolean {
    return this.next() % times === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.next() % list.length] as T
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = this.next()
    return bytes
  }
}
