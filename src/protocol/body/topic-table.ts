import type { Steps } from '../../common/time-slicer.ts'
import { JsonError } from '../errors.ts'
import type { JsonReader } from '../json/json-reader.ts'
import { JavaTopicEntryReader } from './java-topic-entry-reader.ts'
import { type NamedTopicConfig, readTopicConfig, type TopicQueues } from './topic-config.ts'

/** The topics of a registration, by the table's key; the name that counts is the one inside. */
export interface TopicTable {
  readonly size: number
  has(key: string): boolean
  keys(): Iterable<string>
  values(): Iterable<NamedTopicConfig>
}

/** The topics of an earlier registration of the same broker, in order, each once. */
export interface KnownTopics {
  readonly topicNames: readonly string[]
  readonly queueDatas: readonly TopicQueues[]
}

/** A topic table whose keys are the names inside, each once. */
export class TopicList implements TopicTable {
  readonly #topics: readonly NamedTopicConfig[]

  constructor(topics: readonly NamedTopicConfig[]) {
    this.#topics = topics
  }

  get size(): number {
    return this.#topics.length
  }

  /** Looks at every topic: for many names, put {@link keys} into a set. */
  has(name: string): boolean {
    return this.#topics.some(({ topicName }) => topicName === name)
  }

  *keys(): Generator<string, undefined, undefined> {
    for (const { topicName } of this.#topics) yield topicName
  }

  values(): Iterable<NamedTopicConfig> {
    return this.#topics
  }
}

/** A topic table with the names of an earlier one: only what differs is kept of it. */
export class ChangedTopics implements TopicTable {
  readonly known: KnownTopics
  /** By position. */
  readonly changes: ReadonlyMap<number, NamedTopicConfig>

  constructor(known: KnownTopics, changes: ReadonlyMap<number, NamedTopicConfig>) {
    this.known = known
    this.changes = changes
  }

  get size(): number {
    return this.known.topicNames.length
  }

  /** Looks at every topic: for many names, put {@link keys} into a set. */
  has(name: string): boolean {
    return this.known.topicNames.includes(name)
  }

  keys(): readonly string[] {
    return this.known.topicNames
  }

  *values(): Generator<NamedTopicConfig, undefined, undefined> {
    for (let index = 0; index < this.size; index++) yield topicAt(this.known, this.changes, index)
  }
}

function topicAt(
  { topicNames, queueDatas }: KnownTopics,
  changes: ReadonlyMap<number, NamedTopicConfig>,
  index: number,
): NamedTopicConfig {
  const changed = changes.get(index)
  if (changed !== undefined) return changed
  const { readQueueNums, writeQueueNums, perm, topicSysFlag } = queueDatas[index] as TopicQueues
  return { topicName: topicNames[index] as string, readQueueNums, writeQueueNums, perm, topicSysFlag }
}

/** Entries in the form of Java brokers that are read in one step. */
const ENTRIES_PER_STEP = 16

/**
 * Reads a topic table where one is the next value.
 * @param known - As long as its names come in the same order, entries are only compared with it, and nothing is made of equal ones.
 * @throws {JsonError} Also for a null in place of the table, a topic or its name.
 */
export function* readTopicTable(
  reader: JsonReader,
  bytes: Buffer,
  known: KnownTopics = NO_TOPICS,
): Steps<TopicTable> {
  if (!reader.enterObject()) throw new JsonError('topicConfigTable is null', reader.offset)
  const entries = new JavaTopicEntryReader(bytes)
  const changes = new Map<number, NamedTopicConfig>()
  let index = 0
  for (; index < known.topicNames.length; index++) {
    const expectedName = known.topicNames[index] as string
    const queues = known.queueDatas[index]
    if (entries.read(reader.offset, expectedName)) {
      if (entries.topicName !== expectedName) break
      reader.skipTo(entries.end)
      if (!entries.hasQueues(queues)) changes.set(index, entries.topic())
      if (index % ENTRIES_PER_STEP === 0) yield
      continue
    }
    const { offset } = reader
    const topic = reader.nextName() === expectedName ? readNamedTopicConfig(reader) : undefined
    if (topic?.topicName !== expectedName) {
      reader.skipTo(offset)
      break
    }
    changes.set(index, topic)
    yield
  }
  const topics: NamedTopicConfig[] = []
  const table = new Map<string, NamedTopicConfig>()
  let keysAreNames = true
  for (;;) {
    let key: string | undefined
    let topic: NamedTopicConfig
    if (entries.read(reader.offset, undefined)) {
      reader.skipTo(entries.end)
      topic = entries.topic()
      key = topic.topicName
      if (index % ENTRIES_PER_STEP === 0) yield
    } else {
      key = reader.nextName()
      if (key === undefined) break
      topic = readNamedTopicConfig(reader)
      keysAreNames &&= topic.topicName === key
      yield
    }
    while (topics.length < index) {
      const before = topicAt(known, changes, topics.length)
      topics.push(before)
      table.set(before.topicName, before)
      if (topics.length % ENTRIES_PER_STEP === 0) yield
    }
    topics.push(topic)
    table.set(key, topic)
    index++
  }
  if (topics.length === 0 && index === known.topicNames.length) return new ChangedTopics(known, changes)
  while (topics.length < index) topics.push(topicAt(known, changes, topics.length))
  return keysAreNames && (table.size === 0 || table.size === topics.length) ? new TopicList(topics) : table
}

const NO_TOPICS: KnownTopics = { topicNames: [], queueDatas: [] }

function readNamedTopicConfig(reader: JsonReader): NamedTopicConfig {
  const config = readTopicConfig(reader)
  if (config === null) throw new JsonError('an entry of topicConfigTable is null', reader.offset)
  if (config.topicName === null) throw new JsonError('topicName is null', reader.offset)
  return config as NamedTopicConfig
}
