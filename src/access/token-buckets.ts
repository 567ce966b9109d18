import type { Rate } from './policy.ts'

interface Bucket {
  tokens: number
  refilledMs: number
}

/** Sources with a bucket of their own: some 100 bytes each. */
const MAX_SOURCES = 8_192

/**
 * Limits how often each source may do something: a source that has been idle for a period may do it `count` times at once.
 *
 * A bucket that is full again is forgotten. While the table is full of others, all new sources share one bucket: so a flood from
 * many addresses neither gets a fresh bucket for each, nor keeps out everyone else.
 */
export class TokenBuckets {
  readonly #rate: Rate
  readonly #maxSources: number
  /** The one that was used longest ago is the first. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #shared: Bucket
  /** The last one of the table. */
  #newest: Bucket | undefined

  constructor(rate: Rate, maxSources = MAX_SOURCES) {
    this.#rate = rate
    this.#maxSources = maxSources
    this.#shared = { tokens: rate.count, refilledMs: 0 }
  }

  /** Sources that have a bucket of their own. */
  get size(): number {
    return this.#buckets.size
  }

  /** Takes tokens: if there is one, as many as it costs, up to `count` more than there are. @returns Whether there was one. */
  take(source: string, nowMs: number, cost = 1): boolean {
    const bucket = this.#bucketOf(source, nowMs)
    this.#refill(bucket, nowMs)
    if (bucket.tokens < 1) return false
    bucket.tokens = Math.max(-this.#rate.count, bucket.tokens - cost)
    return true
  }

  /** Whether there is a token. */
  has(source: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(source) ?? (this.#hasRoom(nowMs) ? undefined : this.#shared)
    if (bucket === undefined) return true
    this.#refill(bucket, nowMs)
    return bucket.tokens >= 1
  }

  #bucketOf(source: string, nowMs: number): Bucket {
    const known = this.#buckets.get(source)
    if (known === undefined && !this.#hasRoom(nowMs)) return this.#shared
    // The requests of one read, and often many reads, have one source: each move to the end would cost a part of a new table.
    if (known !== undefined && known === this.#newest) return known
    const bucket = known ?? { tokens: this.#rate.count, refilledMs: nowMs }
    this.#buckets.delete(source)
    this.#buckets.set(source, bucket)
    this.#newest = bucket
    return bucket
  }

  /** Whether one more source can have a bucket; forgets the first if it is full again. */
  #hasRoom(nowMs: number): boolean {
    if (this.#buckets.size < this.#maxSources) return true
    for (const [source, bucket] of this.#buckets) {
      this.#refill(bucket, nowMs)
      return bucket.tokens === this.#rate.count && this.#buckets.delete(source)
    }
    return false
  }

  #refill(bucket: Bucket, nowMs: number): void {
    const { count, periodMs } = this.#rate
    const elapsedMs = Math.max(0, nowMs - bucket.refilledMs)
    bucket.tokens = Math.min(count, bucket.tokens + (elapsedMs * count) / periodMs)
    bucket.refilledMs += elapsedMs
  }
}
