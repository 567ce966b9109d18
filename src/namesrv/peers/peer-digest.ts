import { JsonReader, type Members } from '../../protocol/json/json-reader.ts'
import type { ListedQueues } from './differences.ts'

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

interface BucketTopic {
  readonly topic: string
  readonly queues: ReadonlyMap<string, ListedQueues>
}
const NO_TOPIC: BucketTopic = { topic: '', queues: new Map() }
const TOPIC: Members<BucketTopic> = {
  topic: text,
  queues: (reader) => new Map(listOf(reader, QUEUES, NO_QUEUES).map((queues) => [queues.brokerName, queues])),
}

const NO_DIGEST: PeerDigest = {
  provisional: false,
  parts: NO_PARTS,
  kvNamespaces: new Map(),
  buckets: [],
  topics: new Map(),
}
const DIGEST: Members<PeerDigest> = {
  provisional: (reader) => reader.readBoolean() ?? false,
  parts: (reader) => reader.readObject(PARTS, NO_PARTS) ?? NO_PARTS,
  kvNamespaces: (reader) =>
    new Map(listOf(reader, NAMESPACE, NO_NAMESPACE).map(({ namespace, digest }) => [namespace, digest])),
  buckets: (reader) => reader.readStringList(1_024) ?? [],
  topics: (reader) => new Map(listOf(reader, TOPIC, NO_TOPIC).map(({ topic, queues }) => [topic, queues])),
}

function listOf<Type extends object>(reader: JsonReader, members: Members<Type>, defaults: Type): Type[] {
  const list: Type[] = []
  if (!reader.enterArray()) return list
  while (reader.nextElement()) list.push(reader.readObject(members, defaults) ?? defaults)
  return list
}

/** Decodes a response to `/api/v1/digest`. @throws {JsonError} */
export function decodePeerDigest(body: Buffer): PeerDigest {
  const reader = new JsonReader(body)
  const digest = reader.readObject(DIGEST, NO_DIGEST) ?? NO_DIGEST
  reader.expectEnd()
  return digest
}
