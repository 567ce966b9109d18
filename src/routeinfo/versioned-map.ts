/**
 * A map that remembers, while a transition is under way, how its entries were before. So whoever asks between two slices of that
 * transition is shown what held before it, and need not wait for its end.
 *
 * Values must not be edited in place while a transition is under way.
 */
export class VersionedMap<Key, Value> extends Map<Key, Value> {
  /** The entries that the transition has changed, as they were; undefined between transitions. */
  #before: Map<Key, Value | undefined> | undefined

  /** Begins empty: Map's own constructor would set entries before there are any fields. */
  // biome-ignore lint/complexity/noUselessConstructor: it takes no entries, where Map's own does
  constructor() {
    super()
  }

  /** From here on changes are not shown by {@link committed}. */
  begin(): void {
    this.#before ??= new Map()
  }

  /** Shows what has been changed. */
  commit(): void {
    this.#before = undefined
  }

  /** The entry as it was before the transition under way, or as it is if there is none. */
  committed(key: Key): Value | undefined {
    const before = this.#before
    if (before === undefined || before.size === 0) return this.get(key)
    const known = before.get(key)
    return known !== undefined || before.has(key) ? known : this.get(key)
  }

  /** True if {@link committed} gives nothing for any key; during a transition it may be false nevertheless. */
  get isEmpty(): boolean {
    return this.size === 0 && (this.#before === undefined || this.#before.size === 0)
  }

  /** Whether a value is one that readers may be shown while the transition goes on, and must therefore be replaced, not edited. */
  isShared(key: Key): boolean {
    return this.#before !== undefined && !this.#before.has(key)
  }

  override set(key: Key, value: Value): this {
    this.#remember(key)
    return super.set(key, value)
  }

  override delete(key: Key): boolean {
    this.#remember(key)
    return super.delete(key)
  }

  #remember(key: Key): void {
    if (this.#before !== undefined && !this.#before.has(key)) this.#before.set(key, this.get(key))
  }
}
