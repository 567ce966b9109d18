/** Seeds of the four lanes: the first fractional bits of the square roots of 2, 3, 5 and 7. */
const SEED_A = 0x6a09e667
const SEED_B = 0xbb67ae85 | 0
const SEED_C = 0x3c6ef372
const SEED_D = 0xa54ff53a | 0
const LANES = 4

/** A field of a record: a text, or a 32-bit number. */
export type Field = string | number

/** The hash of a record: four lanes of 32 bits. */
export type RecordHash = Readonly<Int32Array>

/**
 * A digest of a set of records that does not depend on their order and can follow each record that is added or removed: the sum of
 * their hashes. It finds accidental differences, not records forged to collide. It is a sum because in an exclusive or two equal
 * records cancel.
 */
export class RecordDigest {
  readonly #sums = new Int32Array(LANES)

  add(hash: RecordHash): void {
    const sums = this.#sums
    for (let lane = 0; lane < LANES; lane++)
      sums[lane] = ((sums[lane] as number) + (hash[lane] as number)) | 0
  }

  remove(hash: RecordHash): void {
    const sums = this.#sums
    for (let lane = 0; lane < LANES; lane++)
      sums[lane] = ((sums[lane] as number) - (hash[lane] as number)) | 0
  }

  /** Adds all records of another digest. */
  addAll(other: RecordDigest): void {
    this.add(other.#sums)
  }

  copy(): RecordDigest {
    const copy = new RecordDigest()
    copy.addAll(this)
    return copy
  }

  /** Whether there is no record; a digest of records is empty with a probability of 2^-128. */
  get isEmpty(): boolean {
    const [a, b, c, d] = this.#sums
    return a === 0 && b === 0 && c === 0 && d === 0
  }

  /** 32 hexadecimal digits. */
  get hex(): string {
    return [...this.#sums].map((sum) => (sum >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** The low 52 bits, which the number of a metric holds exactly. */
  get low52(): number {
    const [, , high = 0, low = 0] = this.#sums
    return (high & 0xfffff) * 2 ** 32 + (low >>> 0)
  }
}

const hash = new Int32Array(LANES)
let words = new Int32Array(256)

/** The hash of a record, in memory that the next call overwrites. @see MurmurHash3, whose 32-bit form each lane has, with its own seed */
export function hashOf(record: readonly Field[]): RecordHash {
  const length = wordsOf(record)
  let a = SEED_A
  let b = SEED_B
  let c = SEED_C
  let d = SEED_D
  for (let at = 0; at < length; at++) {
    const word = Math.imul(words[at] as number, 0xcc9e2d51)
    const mixed = Math.imul((word << 15) | (word >>> 17), 0x1b873593)
    a ^= mixed
    a = (Math.imul((a << 13) | (a >>> 19), 5) + SEED_A) | 0
    b ^= mixed
    b = (Math.imul((b << 13) | (b >>> 19), 5) + SEED_B) | 0
    c ^= mixed
    c = (Math.imul((c << 13) | (c >>> 19), 5) + SEED_C) | 0
    d ^= mixed
    d = (Math.imul((d << 13) | (d >>> 19), 5) + SEED_D) | 0
  }
  hash[0] = finished(a)
  hash[1] = finished(b)
  hash[2] = finished(c)
  hash[3] = finished(d)
  return hash
}

/** The hash of a text with another record, whose hash is known. It is in memory that the next call overwrites. */
export function hashWith(text: string, known: RecordHash): RecordHash {
  hashOf([text])
  for (let lane = 0; lane < LANES; lane++)
    hash[lane] = finished((Math.imul(hash[lane] as number, 5) + (known[lane] as number)) | 0)
  return hash
}

function finished(sum: number): number {
  const once = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}

/** Writes a record as words: before each text its length, before each number -1. @returns How many words. */
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
    const last = field.length - 1
    for (let at = 0; at < last; at += 2)
      words[count++] = field.charCodeAt(at) | (field.charCodeAt(at + 1) << 16)
    if ((last & 1) === 0) words[count++] = field.charCodeAt(last)
  }
  return count
}

function grown(smaller: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * length)
  larger.set(smaller)
  return larger
}
