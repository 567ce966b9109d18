import type { Steps } from '../../common/time-slicer.ts'
import { JsonError } from '../errors.ts'
import type { JsonReader } from '../json/json-reader.ts'
import { JavaTopicEntryReader } from './java-topic-entry-reader.ts'
import { type NamedTopicConfig, readTopicConfig } from './topic-config.ts'

/** The topics of a registration, by the table's key; the name that counts is the one inside. */
export interface TopicTable {
  readonly size: number
  has(key: string): boolean
  keys(): Iterable<string>
  values(): Iterable<NamedTopicConfig>
}

/** A topic table whose keys are the names inside, each once. An array costs a fraction of a map of the same size. */
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
    return this.#topics.values()
  }
}

/** Entries in the form of Java brokers that are read in one step. */
const ENTRIES_PER_STEP = 16

/**
 * Reads a topic table where one is the next value.
 * @param expectedNames - Names in the order of the broker's previous registration, each once. An entry that has the expected name
 *   needs no new string and cannot repeat an earlier one; any other order is only slower.
 * @throws {JsonError} Also for a null in place of the table, a topic or its name.
 */
export function* readTopicTable(
  reader: JsonReader,
  bytes: Buffer,
  expectedNames: readonly string[] = [],
): Steps<TopicTable> {
  if (!reader.enterObject()) throw new JsonError('topicConfigTable is null', reader.offset)
  const entries = new JavaTopicEntryReader(bytes)
  const topics: NamedTopicConfig[] = []
  /** By key, once a name is not the expected one: from then on names may repeat. */
  let table: Map<string, NamedTopicConfig> | undefined
  let keysAreNames = true
  for (;;) {
    const expectedName = expectedNames[topics.length]
    let config = entries.read(reader.offset, expectedName)
    let key = config?.topicName
    if (config !== undefined) {
      reader.skipTo(entries.end)
      if (topics.length % ENTRIES_PER_STEP === 0) yield
    } else {
      key = reader.nextName()
      if (key === undefined) break
      config = readNamedTopicConfig(reader)
      keysAreNames &&= config.topicName === key
      yield
    }
    if (table === undefined && (key !== expectedName || !keysAreNames)) {
      table = new Map()
      for (const topic of topics) {
        table.set(topic.topicName, topic)
        if (table.size % ENTRIES_PER_STEP === 0) yield
      }
    }
    topics.push(config)
    table?.set(key as string, config)
  }
  const isList = keysAreNames && (table === undefined || table.size === topics.length)
  return table === undefined || isList ? new TopicList(topics) : table
}

function readNamedTopicConfig(reader: JsonReader): NamedTopicConfig {
  const config = readTopicConfig(reader)
  if (config === null) throw new JsonError('an entry of topicConfigTable is null', reader.offset)
  if (config.topicName === null) throw new JsonError('topicName is null', reader.offset)
  return config as NamedTopicConfig
}
