/** Seeds of the four lanes: the first fractional bits of the square roots of 2, 3, 5 and 7. */
const SEEDS: readonly number[] = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a]
const LANES = SEEDS.length

/** A field of a record: a text, or a 32-bit number. */
export type Field = string | number

/**
 * A digest of a set of records that does not depend on their order, and follows each record that comes or goes: the sum of their
 * hashes, in four lanes of 32 bits. It finds accidents, and not somebody who makes records up to deceive it. A sum, because
 * with an exclusive or a record that is there twice would count for nothing.
 */
export class RecordDigest {
  readonly #sums = new Uint32Array(LANES)

  add(record: readonly Field[]): void {
    const hash = hashOf(record)
    for (let lane = 0; lane < LANES; lane++)
      this.#sums[lane] = (this.#sums[lane] as number) + (hash[lane] as number)
  }

  remove(record: readonly Field[]): void {
    const hash = hashOf(record)
    for (let lane = 0; lane < LANES; lane++)
      this.#sums[lane] = (this.#sums[lane] as number) - (hash[lane] as number)
  }

  /** Adds all records of another digest. */
  addAll(other: RecordDigest): void {
    for (let lane = 0; lane < LANES; lane++)
      this.#sums[lane] = (this.#sums[lane] as number) + (other.#sums[lane] as number)
  }

  /** Whether there is no record; a digest of records is empty with a probability of 2^-128. */
  get isEmpty(): boolean {
    return this.#sums.every((sum) => sum === 0)
  }

  /** 32 hexadecimal digits. */
  get hex(): string {
    return [...this.#sums].map((sum) => sum.toString(16).padStart(8, '0')).join('')
  }

  /** The low 52 bits, which a metric's number holds exactly. */
  get low52(): number {
    const [, , high = 0, low = 0] = this.#sums
    return (high % 2 ** 20) * 2 ** 32 + low
  }
}

const hash = new Uint32Array(LANES)
let words = new Int32Array(256)

/** The hash of a record, in memory that the next call overwrites. */
function hashOf(record: readonly Field[]): Uint32Array {
  const length = wordsOf(record)
  for (let lane = 0; lane < LANES; lane++) {
    const seed = SEEDS[lane] as number
    let sum = seed | 0
    // As MurmurHash3, which also says where the numbers come from.
    for (let at = 0; at < length; at++) {
      const word = Math.imul(words[at] as number, 0xcc9e2d51)
      sum ^= Math.imul((word << 15) | (word >>> 17), 0x1b873593)
      sum = (Math.imul((sum << 13) | (sum >>> 19), 5) + seed) | 0
    }
    sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b)
    sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35)
    hash[lane] = sum ^ (sum >>> 16)
  }
  return hash
}

/** Writes a record as words: in front of each text its length, of each number -1. @returns How many they are. */
function wordsOf(record: readonly Field[]): number {
  let count = 0
  for (const field of record) {
    const isNumber = typeof field === 'number'
    const size = isNumber ? 1 : (field.length + 1) >> 1
    if (count + size + 1 > words.length) words = grown(words, count + size + 1)
    words[count++] = isNumber ? -1 : field.length
    if (isNumber) {
      words[count++] = field
      continue
    }
    for (let at = 0; at < field.length; at += 2)
      words[count++] = field.charCodeAt(at) | (field.charCodeAt(at + 1) << 16)
  }
  return count
}

function grown(smaller: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * length)
  larger.set(smaller)
  return larger
}
