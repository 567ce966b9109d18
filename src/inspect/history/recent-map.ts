/** A map of limited size: a new key takes the place of the one that was set longest ago. */
export class RecentMap<Value> {
  readonly #maxSize: number
  readonly #values = new Map<string, Value>()

  constructor(maxSize: number) {
    this.#maxSize = maxSize
  }

  get size(): number {
    return this.#values.size
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: Value): void {
    this.#values.delete(key)
    const [oldest] = this.#values.keys()
    if (this.#values.size >= this.#maxSize && oldest !== undefined) this.#values.delete(oldest)
    this.#values.set(key, value)
  }

  /** The one set longest ago first. */
  entries(): IterableIterator<[string, Value]> {
    return this.#values.entries()
  }
}
