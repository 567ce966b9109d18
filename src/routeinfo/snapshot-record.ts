/** A line of a snapshot is not what `routeSnapshotText` writes. */
export class RouteSnapshotError extends Error {
  override readonly name = 'RouteSnapshotError'
  readonly code = 'ERR_ROUTE_SNAPSHOT'
}

/** An array of a record's line; whatever is not as it must be is an error that names the line. */
export class SnapshotRecord {
  readonly #values: readonly unknown[]
  readonly #number: number

  /** @param number - Of the line, from 1. */
  constructor(values: unknown, number: number) {
    this.#number = number
    if (!Array.isArray(values)) throw this.wrong(0)
    this.#values = values
  }

  get length(): number {
    return this.#values.length
  }

  /** The same for arrays of the same values. */
  get key(): string {
    return this.#values.join(' ')
  }

  text(at: number): string {
    const value = this.#values[at]
    if (typeof value !== 'string') throw this.wrong(at)
    return value
  }

  textOrNull(at: number): string | null {
    return this.isNull(at) ? null : this.text(at)
  }

  number(at: number): number {
    const value = this.#values[at]
    if (typeof value !== 'number') throw this.wrong(at)
    return value
  }

  /** A Java long. */
  long(at: number): bigint {
    const value = this.text(at)
    if (!/^-?\d{1,19}$/.test(value)) throw this.wrong(at)
    return BigInt(value)
  }

  boolean(at: number): boolean {
    const value = this.#values[at]
    if (typeof value !== 'boolean') throw this.wrong(at)
    return value
  }

  isNull(at: number): boolean {
    return this.#values[at] === null
  }

  inner(at: number): SnapshotRecord {
    return new SnapshotRecord(this.#values[at], this.#number)
  }

  rest<Value>(from: number, read: (record: this, at: number) => Value): Value[] {
    const values: Value[] = []
    for (let at = from; at < this.#values.length; at++) values.push(read(this, at))
    return values
  }

  wrong(at: number): RouteSnapshotError {
    return new RouteSnapshotError(`record ${this.#number} has something else than was written at place ${at}`)
  }
}
