/** `String#hashCode`. */
export function javaHash(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index++) hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0
  return hash
}

/** `Long#hashCode`. */
export function hashOfLong(value: bigint): number {
  return Number(BigInt.asIntN(32, value ^ (BigInt.asUintN(64, value) >> 32n)))
}

/**
 * Items in the order in which Java's `HashMap` or `HashSet` has them after they were added one by one: by bucket, and within a bucket
 * as added. (Java also moves entries of a bucket that has eight; names do not collide as often.)
 *
 * @param capacity - That the table was created with, a power of two.
 */
export function hashMapOrder<Item>(
  items: readonly Item[],
  hashOf: (item: Item) => number,
  capacity = 16,
): Item[] {
  let buckets = capacity
  while (items.length > buckets * 0.75) buckets *= 2
  return items
    .map((item) => ({ item, bucket: spread(hashOf(item)) & (buckets - 1) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ item }) => item)
}

interface Entry<Item> {
  readonly item: Item
  readonly hash: number
}

/** The same for `ConcurrentHashMap`, and so for `Properties` since Java 9: when it grows, buckets are partly reversed. */
export function concurrentHashMapOrder<Item>(items: readonly Item[], hashOf: (item: Item) => number): Item[] {
  let buckets = emptyBuckets<Item>(16)
  for (const [index, item] of items.entries()) {
    const hash = spread(hashOf(item))
    buckets[hash & (buckets.length - 1)]?.push({ item, hash })
    if (index + 1 >= buckets.length * 0.75) buckets = doubled(buckets)
  }
  return buckets.flat().map(({ item }) => item)
}

/** @see java.util.concurrent.ConcurrentHashMap#transfer */
function doubled<Item>(buckets: readonly Entry<Item>[][]): Entry<Item>[][] {
  const wider = emptyBuckets<Item>(buckets.length * 2)
  const bucketOf = ({ hash }: Entry<Item>): number => hash & (wider.length - 1)
  for (const entries of buckets) {
    // The last entries that go to one bucket stay together; those before them are put in front one by one.
    const last = entries.findLastIndex(
      (entry, index) => index > 0 && bucketOf(entry) !== bucketOf(entries[index - 1] ?? entry),
    )
    const kept = Math.max(0, last)
    for (const entry of entries.slice(kept)) wider[bucketOf(entry)]?.push(entry)
    for (const entry of entries.slice(0, kept)) wider[bucketOf(entry)]?.unshift(entry)
  }
  return wider
}

function emptyBuckets<Item>(length: number): Entry<Item>[][] {
  return Array.from({ length }, () => [])
}

function spread(hash: number): number {
  return hash ^ (hash >>> 16)
}
