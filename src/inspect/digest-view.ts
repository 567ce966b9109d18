import type { Steps } from '../common/time-slicer.ts'
import type { KVConfigTable } from '../kvconfig/kv-config-manager.ts'
import type { QueueData } from '../protocol/body/topic-route-data.ts'
import { hashOf, RecordDigest } from '../routeinfo/record-digest.ts'
import { countBuckets, DIGEST_BUCKETS, topicsOfBucket } from '../routeinfo/route-digest.ts'
import type { RouteView } from '../routeinfo/route-view.ts'
import { dateOf, type InspectSources } from './sources.ts'
import { integerOf, type Schema, type View, type ViewRequest } from './view.ts'

const HEX: Schema = { type: 'string', pattern: '^[0-9a-f]{32}$' }
const COUNT: Schema = { type: 'integer' }

const BUCKET_TOPIC: Schema = {
  type: 'object',
  required: ['topic', 'queues'],
  additionalProperties: false,
  properties: {
    topic: { type: 'string' },
    queues: {
      type: 'array',
      items: {
        type: 'object',
        required: ['brokerName', 'readQueueNums', 'writeQueueNums', 'perm', 'topicSysFlag'],
        additionalProperties: false,
        properties: {
          brokerName: { type: 'string' },
          readQueueNums: COUNT,
          writeQueueNums: COUNT,
          perm: COUNT,
          topicSysFlag: COUNT,
        },
      },
    },
  },
}

/** Digests of namespaces, by the map of their entries, which is never changed once it is in the table. */
const namespaceDigests = new WeakMap<ReadonlyMap<string, string | null>, RecordDigest>()

/** The digest of each namespace of the key-value table. Entries that read back as absent are not counted. */
export function* kvDigests(table: KVConfigTable): Steps<Map<string, RecordDigest>> {
  const digests = new Map<string, RecordDigest>()
  for (const [namespace, entries] of table) {
    let digest = namespaceDigests.get(entries)
    if (digest === undefined) {
      digest = new RecordDigest()
      for (const [key, value] of entries) {
        if (value !== null) digest.add(hashOf([namespace, key, value]))
        yield
      }
      namespaceDigests.set(entries, digest)
    }
    if (!digest.isEmpty) digests.set(namespace, digest)
    yield
  }
  return digests
}

/** The digest of all namespaces. */
export function totalOf(digests: ReadonlyMap<string, RecordDigest>): RecordDigest {
  const total = new RecordDigest()
  for (const digest of digests.values()) total.addAll(digest)
  return total
}

/** The digest of configuration values. */
export function configDigest(values: ReadonlyMap<string, string>): RecordDigest {
  const digest = new RecordDigest()
  for (const [key, value] of values) digest.add(hashOf([key, value]))
  return digest
}

/** `/api/v1/digest`: equal digests, equal routes. */
export function digestView(sources: InspectSources): View {
  return {
    path: '/api/v1/digest',
    summary:
      'Digests of the routes, the key-value table and the configuration, to compare NameServers: equal digests, equal contents. They do not depend on the order of registrations, on times, or on the release of brokers.',
    parameters: [
      {
        name: 'buckets',
        summary:
          'Adds the digest of each of 256 buckets, into which topics are put by a hash of their names.',
        schema: { enum: ['true', 'false'] },
      },
      {
        name: 'bucket',
        summary: 'Adds the topics of this bucket with their queues.',
        schema: { type: 'integer', minimum: 0, maximum: DIGEST_BUCKETS - 1 },
      },
    ],
    response: {
      type: 'object',
      required: [
        'revision',
        'provisional',
        'lastChange',
        'parts',
        'brokers',
        'kvNamespaces',
        'buckets',
        'topics',
      ],
      additionalProperties: false,
      properties: {
        revision: { type: 'integer', description: 'Grows with every change of the routes since the start' },
        provisional: {
          type: 'boolean',
          description: 'Whether clients are shown restored routes, too, which are not part of the digests',
        },
        lastChange: { type: ['string', 'null'], format: 'date-time' },
        parts: {
          type: 'object',
          required: ['routes', 'groups', 'static', 'kv', 'config'],
          additionalProperties: false,
          properties: {
            routes: { ...HEX, description: 'Queues and permissions of topics' },
            groups: { ...HEX, description: 'Brokers with their ids and addresses' },
            static: { ...HEX, description: 'Mappings of static topics' },
            kv: { ...HEX, description: 'The key-value table' },
            config: {
              ...HEX,
              description: 'The configuration keys on which the responses to clients and brokers depend',
            },
          },
        },
        brokers: {
          type: 'array',
          items: {
            type: 'object',
            required: ['brokerName', 'digest'],
            additionalProperties: false,
            properties: { brokerName: { type: 'string' }, digest: HEX },
          },
        },
        kvNamespaces: {
          type: 'array',
          items: {
            type: 'object',
            required: ['namespace', 'digest'],
            additionalProperties: false,
            properties: { namespace: { type: 'string' }, digest: HEX },
          },
        },
        buckets: { type: ['array', 'null'], items: HEX },
        topics: {
          type: ['array', 'null'],
          items: BUCKET_TOPIC,
          description: 'Of the bucket that was asked for',
        },
      },
    },
    read: (request) => readDigest(sources, request),
  }
}

async function readDigest(sources: InspectSources, { query, owner }: ViewRequest): Promise<unknown> {
  const { routeInfo, kvConfig, comparableConfig, slicer } = sources
  const bucket = integerOf(query, 'bucket', { min: 0, max: DIGEST_BUCKETS - 1, otherwise: -1 })
  const routes = await routeInfo.read(
    (view) => readRoutes(view, query.get('buckets') === 'true', bucket),
    owner,
  )
  const namespaces = await slicer.run(kvDigests(kvConfig.table))
  const changedMs = routeInfo.digestChangedMs
  return {
    revision: routeInfo.revision,
    provisional: routeInfo.isRestored,
    lastChange: changedMs === undefined ? null : dateOf(changedMs, sources),
    ...routes,
    parts: { ...routes.parts, kv: totalOf(namespaces).hex, config: configDigest(comparableConfig()).hex },
    kvNamespaces: [...namespaces].map(([namespace, { hex }]) => ({ namespace, digest: hex })),
  }
}

function* readRoutes({ tables }: RouteView, wantsBuckets: boolean, bucket: number) {
  const { parts, brokers } = tables.digest
  const buckets = wantsBuckets ? yield* countBuckets(tables) : null
  const topics = bucket < 0 ? null : yield* readBucket(tables, bucket)
  return {
    parts: { routes: parts.routes.hex, groups: parts.groups.hex, static: parts.static.hex },
    brokers: [...brokers].map(([brokerName, { hex }]) => ({ brokerName, digest: hex })),
    buckets: buckets?.map(({ hex }) => hex) ?? null,
    topics,
  }
}

function* readBucket(tables: RouteView['tables'], bucket: number): Steps<unknown[]> {
  const topics = yield* topicsOfBucket(tables, bucket)
  return topics.map(([topic, queues]) => ({ topic, queues: [...queues.values()].map(shownQueues) }))
}

function shownQueues({
  brokerName,
  readQueueNums,
  writeQueueNums,
  perm,
  topicSysFlag,
}: QueueData): QueueData {
  return { brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag }
}
