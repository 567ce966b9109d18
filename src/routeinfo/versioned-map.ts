/**
 * A map that keeps the former value of each entry that a transition changes, so that lookups between two slices of the transition
 * read the state before it without waiting. A value that {@link isShared} must be replaced, not edited in place.
 */
export class VersionedMap<Key, Value> extends Map<Key, Value> {
  /** Former values of the entries that the transition has changed; undefined between transitions. */
  #before: Map<Key, Value | undefined> | undefined

  // biome-ignore lint/complexity/noUselessConstructor: Map's own would set entries before the fields exist
  constructor() {
    super()
  }

  /** From here on changes are hidden from {@link snapshotGet}. */
  begin(): void {
    this.#before ??= new Map()
  }

  /** Ends the transition: {@link snapshotGet} sees its changes. */
  commit(): void {
    this.#before = undefined
  }

  /** The value before the transition that is under way, or the present one if none is. */
  snapshotGet(key: Key): Value | undefined {
    const before = this.#before
    if (before === undefined || before.size === 0) return this.get(key)
    const known = before.get(key)
    return known !== undefined || before.has(key) ? known : this.get(key)
  }

  /** True if {@link snapshotGet} finds nothing for any key; during a transition it may be false nevertheless. */
  get isEmpty(): boolean {
    return this.size === 0 && (this.#before === undefined || this.#before.size === 0)
  }

  /** Whether lookups may still read this value. */
  isShared(key: Key): boolean {
    return this.#before !== undefined && !this.#before.has(key)
  }

  override set(key: Key, value: Value): this {
    this.#keepFormer(key)
    return super.set(key, value)
  }

  override delete(key: Key): boolean {
    this.#keepFormer(key)
    return super.delete(key)
  }

  #keepFormer(key: Key): void {
    if (this.#before !== undefined && !this.#before.has(key)) this.#before.set(key, this.get(key))
  }
}
