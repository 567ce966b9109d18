import type { Steps } from '../../common/time-slicer.ts'
import type { ListedQueues } from '../../inspect/compare/differences.ts'
import { JsonReader, type Members } from '../../protocol/json/json-reader.ts'

/** The parts of a digest that a verdict depends on. The static part is left out: it only grows, so a restart makes it differ. */
export interface PeerParts {
  readonly routes: string
  readonly groups: string
  readonly kv: string
  readonly config: string
}

/** A peer's response to `/api/v1/digest`. */
export interface PeerDigest {
  readonly provisional: boolean
  readonly parts: PeerParts
  /** Digest by namespace. */
  readonly kvNamespaces: ReadonlyMap<string, string>
  readonly buckets: readonly string[]
  /** Of one bucket. */
  readonly topics: ReadonlyMap<string, ReadonlyMap<string, ListedQueues>>
}

const text = (reader: JsonReader): string => reader.readString() ?? ''
const int = (reader: JsonReader): number => reader.readInt() ?? 0

const NO_PARTS: PeerParts = { routes: '', groups: '', kv: '', config: '' }
const PARTS: Members<PeerParts> = { routes: text, groups: text, kv: text, config: text }

const NO_NAMESPACE = { namespace: '', digest: '' }
const NAMESPACE: Members<typeof NO_NAMESPACE> = { namespace: text, digest: text }

const NO_QUEUES = { brokerName: '', readQueueNums: 0, writeQueueNums: 0, perm: 0, topicSysFlag: 0 }
const QUEUES: Members<typeof NO_QUEUES> = {
  brokerName: text,
  readQueueNums: int,
  writeQueueNums: int,
  perm: int,
  topicSysFlag: int,
}

function* readList<Type extends object>(
  reader: JsonReader,
  members: Members<Type>,
  defaults: Type,
): Steps<Type[]> {
  const list: Type[] = []
  if (!reader.enterArray()) return list
  while (reader.nextElement()) {
    list.push(reader.readObject(members, defaults) ?? defaults)
    yield
  }
  return list
}

function* readTopics(reader: JsonReader): Steps<PeerDigest['topics']> {
  const topics = new Map<string, ReadonlyMap<string, ListedQueues>>()
  if (!reader.enterArray()) return topics
  while (reader.nextElement()) {
    let [topic, queues]: [string, ListedQueues[]] = ['', []]
    if (!reader.enterObject()) continue
    const names = ['topic', 'queues'] as const
    for (let name = reader.nextField(names); name !== undefined; name = reader.nextField(names)) {
      if (name === 'topic') topic = text(reader)
      else queues = yield* readList(reader, QUEUES, NO_QUEUES)
    }
    topics.set(topic, new Map(queues.map((each) => [each.brokerName, each])))
    yield
  }
  return topics
}

/** Decodes a response to `/api/v1/digest`. @throws {JsonError} */
export function* decodePeerDigest(body: Buffer): Steps<PeerDigest> {
  const reader = new JsonReader(body)
  let [provisional, parts, buckets]: [boolean, PeerParts, string[]] = [false, NO_PARTS, []]
  let namespaces: (typeof NO_NAMESPACE)[] = []
  let topics: PeerDigest['topics'] = new Map()
  if (reader.enterObject()) {
    const names = ['provisional', 'parts', 'kvNamespaces', 'buckets', 'topics'] as const
    for (let name = reader.nextField(names); name !== undefined; name = reader.nextField(names)) {
      if (name === 'provisional') provisional = reader.readBoolean() ?? false
      else if (name === 'parts') parts = reader.readObject(PARTS, NO_PARTS) ?? NO_PARTS
      else if (name === 'buckets') buckets = reader.readStringList(1_024) ?? []
      else if (name === 'kvNamespaces') namespaces = yield* readList(reader, NAMESPACE, NO_NAMESPACE)
      else topics = yield* readTopics(reader)
    }
  }
  reader.expectEnd()
  const kvNamespaces = new Map(namespaces.map(({ namespace, digest }) => [namespace, digest]))
  return { provisional, parts, kvNamespaces, buckets, topics }
}
