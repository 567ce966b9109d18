import { JsonReader } from '../json/json-reader.ts'

/**
 * Where the entries of a topic table stand in the bytes of a registration that has been read, so that the broker's next one need
 * be read only where it differs.
 *
 * `boundaries[i]` is where a reader stands before entry i, right behind the value of the one before; the last is where it stands
 * when there are no more. Reading goes by the bytes ahead alone, so a reader that stands inside a topic table before bytes equal
 * to those of whole entries would read the same entries.
 */
export interface TopicTableOffsets {
  readonly bytes: Buffer
  readonly boundaries: Uint32Array
}

const LEAST_BOUNDARIES = 64
const NO_PLACES = new Uint32Array(0)

/** Gathers the boundaries of a table, whose length is not known before its end; most likely it is that of the one before. */
export class Boundaries {
  readonly #likely: number
  #places = NO_PLACES
  #length = 0

  constructor(known: TopicTableOffsets | undefined) {
    this.#likely = known?.boundaries.length ?? LEAST_BOUNDARIES
  }

  get length(): number {
    return this.#length
  }

  push(place: number): void {
    this.#makeRoom(1)
    this.#places[this.#length++] = place
  }

  /** Those of entries that stand so many bytes behind where they stood. */
  pushMoved(places: Uint32Array, bytes: number): void {
    this.#makeRoom(places.length)
    for (const place of places) this.#places[this.#length++] = place + bytes
  }

  all(): Uint32Array {
    return this.#length === this.#places.length ? this.#places : this.#places.slice(0, this.#length)
  }

  #makeRoom(count: number): void {
    if (this.#length + count <= this.#places.length) return
    const larger = new Uint32Array(Math.max(this.#likely, 2 * this.#places.length, this.#length + count))
    larger.set(this.#places)
    this.#places = larger
  }
}

/** How many entries from `entry` on stand in `bytes` from `at` on as they did. */
export function equalEntries(places: TopicTableOffsets, entry: number, bytes: Buffer, at: number): number {
  const { boundaries } = places
  const last = boundaries.length - 1
  const from = boundaries[entry] as number
  const most = Math.min((boundaries[last] as number) - from, bytes.length - at)
  const end = from + equalBytes(places.bytes, from, bytes, at, most)
  let low = entry
  let high = last
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((boundaries[middle] as number) <= end) low = middle
    else high = middle - 1
  }
  return low - entry
}

/** The name of an entry. */
export function entryName({ bytes, boundaries }: TopicTableOffsets, entry: number): string | undefined {
  return new JsonReader(bytes.subarray(boundaries[entry], boundaries[entry + 1])).nextName()
}

/** Bytes compared at once; large enough for the comparison to be the machine's, small enough to start over in. */
const BLOCK_BYTES = 16 * 1024

/** How many bytes are the same in both, `most` at most. */
function equalBytes(a: Buffer, aFrom: number, b: Buffer, bFrom: number, most: number): number {
  const same = (from: number, to: number): boolean =>
    a.compare(b, bFrom + from, bFrom + to, aFrom + from, aFrom + to) === 0
  let equal = 0
  let step = Math.min(BLOCK_BYTES, most)
  while (step > 0) {
    if (same(equal, equal + step)) equal += step
    else step >>= 1
    if (equal + step > most) step = most - equal
  }
  return equal
}
