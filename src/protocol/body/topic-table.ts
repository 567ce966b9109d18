import type { Steps } from '../../common/time-slicer.ts'
import { JsonError } from '../errors.ts'
import type { JsonReader } from '../json/json-reader.ts'
import { JavaTopicEntryReader } from './java-topic-entry-reader.ts'
import { readTopicConfig, sameQueues, type TopicQueues } from './topic-config.ts'

/** The topics of a registration, each key once. */
export interface TopicTable {
  /** Keys of the table; the same array as `names` if they are the names inside. */
  readonly keys: readonly string[]
  /** The names inside, which are those that count. */
  readonly names: readonly string[]
  /** Equal ones are nearly always one object. */
  readonly queues: readonly TopicQueues[]
  /** Offset in its body of every sixteenth entry; absent if its entries are not those of the body. */
  readonly blockOffsets?: readonly number[]
}

const NO_NAMES: readonly string[] = []

/** The table of a registration without topics. */
export const NO_TOPICS: TopicTable = { keys: NO_NAMES, names: NO_NAMES, queues: [] }

/** An earlier registration of the same broker: its topics, whose keys are the names inside, and the body they were read from. */
export interface KnownTopics {
  readonly topics: TopicTable
  readonly body: Buffer
}

/** Entries of a block, which is compared with the earlier body at once, or read in one step. */
const BLOCK_ENTRIES = 16

/** Collects the topics of a table in order. Of several with one key the last counts, as in Java. */
export class TopicTableBuilder {
  readonly #known: TopicTable
  /** Undefined as long as they are those of the known table. */
  #keys: string[] | undefined
  #names: string[] | undefined
  #queues: TopicQueues[] | undefined
  #keysAreNames = true
  #size = 0
  readonly #blockOffsets: number[] = []
  readonly #shared = new Map<string, TopicQueues>()

  /** @param known - Its keys are the names inside. If the new table has the same names or queues, it has the same objects. */
  constructor(known: TopicTable = NO_TOPICS) {
    this.#known = known
  }

  /** Topics added. */
  get size(): number {
    return this.#size
  }

  /** The next entry begins a block. */
  beginBlock(offset: number): void {
    this.#blockOffsets.push(offset)
  }

  add(key: string, name: string, given: TopicQueues): void {
    const { names: knownNames, queues: knownQueues } = this.#known
    const at = this.#size++
    const queues = this.#share(given, knownQueues[at] ?? this.#queues?.[at - 1])
    if (key !== knownNames[at]) {
      this.#keys ??= [...knownNames]
      this.#keys[at] = key
    }
    if (name !== knownNames[at]) {
      this.#names ??= [...knownNames]
      this.#names[at] = name
    }
    if (queues !== knownQueues[at]) {
      this.#queues ??= [...knownQueues]
      this.#queues[at] = queues
    }
    this.#keysAreNames &&= key === name
  }

  /** Adds the block of the known table that stands at this position. */
  addKnownBlock(): void {
    this.#size += BLOCK_ENTRIES
  }

  /** An equal object that is in use already, or a new one. */
  #share(queues: TopicQueues, likely: TopicQueues | undefined): TopicQueues {
    if (likely !== undefined && sameQueues(likely, queues)) return likely
    const { readQueueNums, writeQueueNums, perm, topicSysFlag } = queues
    const key = `${readQueueNums} ${writeQueueNums} ${perm} ${topicSysFlag}`
    const shared = this.#shared.get(key) ?? { readQueueNums, writeQueueNums, perm, topicSysFlag }
    this.#shared.set(key, shared)
    return shared
  }

  *build(): Steps<TopicTable> {
    const [size, blockOffsets] = [this.#size, this.#blockOffsets]
    const { names: knownNames, queues: knownQueues } = this.#known
    const isKnown = this.#keys === undefined && this.#names === undefined && size === knownNames.length
    if (isKnown) return { ...this.#known, queues: this.#queues ?? knownQueues, blockOffsets }
    const keys = this.#keys ?? [...knownNames]
    const names = this.#names ?? [...knownNames]
    const queues = this.#queues ?? [...knownQueues]
    const positions = new Map<string, number>()
    for (let from = 0; from < size; from++) {
      const key = keys[from] as string
      const to = positions.get(key) ?? positions.size
      positions.set(key, to)
      keys[to] = key
      names[to] = names[from] as string
      queues[to] = queues[from] as TopicQueues
      if (from % BLOCK_ENTRIES === BLOCK_ENTRIES - 1) yield
    }
    for (const list of [keys, names, queues]) list.length = positions.size
    const table = { keys: this.#keysAreNames ? names : keys, names, queues }
    return positions.size < size ? table : { ...table, blockOffsets }
  }
}

/**
 * Reads a topic table where one is the next value.
 * @param known - Nothing is read of blocks that are equal, at the same position, to those of the earlier body.
 * @throws {JsonError} Also for a null in place of the table, a topic or its name.
 */
export function* readTopicTable(reader: JsonReader, bytes: Buffer, known?: KnownTopics): Steps<TopicTable> {
  if (!reader.enterObject()) throw new JsonError('topicConfigTable is null', reader.offset)
  const entries = new JavaTopicEntryReader(bytes)
  const table = new TopicTableBuilder(known?.topics)
  for (;;) {
    if (table.size % BLOCK_ENTRIES === 0) {
      const blockBytes = knownBlockBytes(known, table.size / BLOCK_ENTRIES, bytes, reader.offset)
      table.beginBlock(reader.offset)
      if (blockBytes > 0) {
        table.addKnownBlock()
        reader.skipTo(reader.offset + blockBytes)
        yield
        continue
      }
    }
    if (entries.read(reader.offset)) {
      reader.skipTo(entries.end)
      if (table.size % BLOCK_ENTRIES === 0) yield
      table.add(entries.topicName, entries.topicName, entries)
    } else {
      const key = reader.nextName()
      if (key === undefined) return yield* table.build()
      const topic = readTopicConfig(reader)
      if (topic === null) throw new JsonError('an entry of topicConfigTable is null', reader.offset)
      if (topic.topicName === null) throw new JsonError('topicName is null', reader.offset)
      table.add(key, topic.topicName, topic)
      yield
    }
  }
}

/** The length of a block of the earlier body if the same bytes are at an offset; 0 if not. */
function knownBlockBytes(known: KnownTopics | undefined, block: number, bytes: Buffer, at: number): number {
  const from = known?.topics.blockOffsets?.[block]
  const to = known?.topics.blockOffsets?.[block + 1]
  if (known === undefined || from === undefined || to === undefined || at + to - from > bytes.length) return 0
  return known.body.compare(bytes, at, at + to - from, from, to) === 0 ? to - from : 0
}
