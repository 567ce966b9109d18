import type { Steps, TimeSlicer } from '../../common/time-slicer.ts'
import {
  COMPARABLE_KEYS,
  Differences,
  type ListedQueues,
  onBrokers,
} from '../../inspect/compare/differences.ts'
import { configDigest, kvDigests, totalOf } from '../../inspect/digest-view.ts'
import { MAX_PEER_DIFFERENCES } from '../../inspect/peers-view.ts'
import type { InspectSources } from '../../inspect/sources.ts'
import { type KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from '../../kvconfig/kv-config-manager.ts'
import { decodeGroups, decodeKVTable, decodeTopicList } from '../../protocol/body/lists-and-tables.ts'
import { decodeQueueDatasInSteps, type NamedQueues } from '../../protocol/body/topic-route-data.ts'
import type { RemotingCommand } from '../../protocol/remoting-command.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import { RemotingClientError } from '../../remoting/errors.ts'
import { countBuckets, topicsOfBucket } from '../../routeinfo/route-digest.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { parseJavaProperties } from '../config/java-properties.ts'
import { decodePeerDigest, type PeerDigest } from './peer-digest.ts'

/** What this server compares with its peers. */
export interface ComparedState {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly comparableConfig: InspectSources['comparableConfig']
}

/** The result of one comparison. */
export interface Comparison {
  readonly differences: Differences
  /** How far it goes, if it is not complete. */
  readonly reason: string | null
  /** Whether the own routes changed in the meantime: new differences may be due to that. */
  readonly isMoved: boolean
}

/** A peer that cannot be compared, and why. */
export class IncomparableError extends Error {}

/** What one comparison keeps. */
const LIMITS = { maxDifferences: MAX_PEER_DIFFERENCES, maxSubjectCharacters: 300, maxValueCharacters: 300 }
const TIMEOUT_MS = 3_000
/** Lookups that wait for their responses at a time. */
const MAX_LOOKUPS = 32
/** Topics that one comparison walks over, here and at the peer, to find those of differing buckets… */
const MAX_WALKED_TOPICS = 500_000
/** …but it always compares this many differing buckets, so that large tables are compared in part. */
const MIN_BUCKETS = 16
/** A peer without the digest is asked for it again after this many comparisons: it may have been upgraded. */
const DIGEST_RETRY = 60
/** Max time of one comparison, in milliseconds: the other peers wait for its end… */
const MAX_COMPARISON_MS = 15_000
/** …and of its lookups. Those that are left come first the next time. */
const MAX_LOOKUPS_MS = 10_000
/** Max namespaces of the key-value table that one comparison compares. */
const MAX_NAMESPACES = 100
/** Max bytes of a digest or a route. */
const MAX_BODY_BYTES = 1_048_576
/** Max bytes of a configuration, which is read in one step. */
const MAX_CONFIG_BYTES = 65_536

/** Compares this server with one peer, by digests if the peer has them, otherwise by the requests that every NameServer serves. */
export class PeerComparison {
  readonly address: string
  readonly #client: Pick<RemotingClient, 'createRequest' | 'invoke'>
  readonly #own: ComparedState
  readonly #slicer: TimeSlicer
  /** When the comparison under way has to end. */
  #endMs = 0
  /** Comparisons until the digest is asked for again. */
  #digestPause = 0
  /** Whether it gave a digest since it was last unreachable. */
  #hasDigest = false
  /** Topics whose routes have not been compared since the walk began. */
  #walk: string[] = []
  #walked = false
  /** Topics whose routes differed the last time: they are compared each time. */
  #differing = new Set<string>()
  /** Topics of the last topic list; 0 if it was compared by digests. */
  listedTopics = 0

  constructor(
    address: string,
    client: Pick<RemotingClient, 'createRequest' | 'invoke'>,
    own: ComparedState,
    slicer: TimeSlicer,
  ) {
    this.address = address
    this.#client = client
    this.#own = own
    this.#slicer = slicer
  }

  /**
   * Compares once.
   * @param maxLookups - Topics whose routes may be looked up.
   * @throws {IncomparableError} {RemotingClientError} {LimitError} {JsonError} (rejects)
   */
  async compare(maxLookups: number): Promise<Comparison> {
    if (this.#own.routeInfo.isRestored) throw new IncomparableError('this server shows restored routes')
    this.#endMs = this.#slicer.nowMs() + MAX_COMPARISON_MS
    const { revision } = this.#own.routeInfo
    const differences = new Differences(LIMITS)
    const digest = await this.#askDigest()
    const reason =
      digest === undefined
        ? await this.#compareByRequests(maxLookups, differences)
        : await this.#compareByDigest(digest, differences)
    return { differences, reason, isMoved: revision !== this.#own.routeInfo.revision }
  }

  /** Undefined if the peer has none, or does not give it to this machine. */
  async #askDigest(): Promise<PeerDigest | undefined> {
    if (this.#digestPause > 0) {
      this.#digestPause--
      return undefined
    }
    this.listedTopics = 0
    try {
      const response = await this.#invoke(RequestCode.INSPECT, { path: '/api/v1/digest' })
      const { code } = response
      if (code !== ResponseCode.REQUEST_CODE_NOT_SUPPORTED && code !== ResponseCode.NO_PERMISSION) {
        const body = shortBody(successBody(response, RequestCode.INSPECT))
        const digest = await this.#slicer.run(decodePeerDigest(body))
        this.#hasDigest = true
        return digest
      }
    } catch (error) {
      const isTimeout = error instanceof RemotingClientError && error.code === 'ERR_TIMEOUT'
      // Java's NameServer 4.x does not respond to a request code that it does not know.
      if (!isTimeout || this.#hasDigest) {
        if (!isTimeout && error instanceof RemotingClientError) this.#hasDigest = false
        throw error
      }
    }
    this.#digestPause = DIGEST_RETRY
    return undefined
  }

  /** @returns How far it goes; null if it is complete. */
  async #compareByDigest(
    { provisional, parts, kvNamespaces }: PeerDigest,
    differences: Differences,
  ): Promise<string | null> {
    if (provisional) throw new IncomparableError('the peer shows restored routes')
    const { routeInfo, kvConfig, comparableConfig } = this.#own
    if (parts.groups !== routeInfo.digest.groups.hex) await this.#compareGroups(differences)
    const reason =
      parts.routes === routeInfo.digest.routes.hex ? null : await this.#compareBuckets(differences)
    const ownKV = await this.#slicer.run(kvDigests(kvConfig.table))
    const namespaces =
      parts.kv === totalOf(ownKV).hex
        ? []
        : [...new Set([...ownKV.keys(), ...kvNamespaces.keys()])].filter(
            (namespace) => ownKV.get(namespace)?.hex !== kvNamespaces.get(namespace),
          )
    for (const namespace of namespaces.slice(0, MAX_NAMESPACES))
      if (!differences.isFull) await this.#compareKV(namespace, differences)
    if (parts.config !== configDigest(comparableConfig()).hex) await this.#compareConfig(differences)
    const left = namespaces.length - MAX_NAMESPACES
    if (left <= 0 || differences.isFull) return reason
    return joined(reason, `${left} of ${namespaces.length} differing key-value namespaces not compared`)
  }

  /** @returns How far it goes; null if all differing buckets are compared, or there is no room for more differences. */
  async #compareBuckets(differences: Differences): Promise<string | null> {
    const { routeInfo } = this.#own
    const theirs = await this.#digestPart('buckets=true')
    let topics = 0
    const ours = await routeInfo.read(({ tables }) => {
      topics = tables.topicQueueTable.size
      return countBuckets(tables)
    })
    const differing = [...ours.keys()].filter((bucket) => ours[bucket]?.hex !== theirs.buckets[bucket])
    const maxBuckets = Math.max(MIN_BUCKETS, Math.floor(MAX_WALKED_TOPICS / Math.max(1, topics)))
    for (const bucket of differing.slice(0, maxBuckets)) {
      if (differences.isFull) return null
      const { topics: there } = await this.#digestPart(`bucket=${bucket}`)
      const here = new Map(await routeInfo.read(({ tables }) => topicsOfBucket(tables, bucket)))
      for (const topic of new Set([...here.keys(), ...there.keys()]))
        differences.compareQueues(topic, [here.get(topic), there.get(topic)])
    }
    const left = differing.length - maxBuckets
    return left > 0 ? `topics of ${left} of ${differing.length} differing buckets not compared` : null
  }

  async #digestPart(query: string): Promise<PeerDigest> {
    const body = await this.#bodyOf(RequestCode.INSPECT, { path: `/api/v1/digest?${query}` })
    return this.#slicer.run(decodePeerDigest(shortBody(body)))
  }

  /** @returns How far it goes. */
  async #compareByRequests(maxLookups: number, differences: Differences): Promise<string> {
    const { routeInfo } = this.#own
    await this.#compareGroups(differences)
    const body = await this.#bodyOf(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, {})
    const there = await this.#slicer.run(decodeTopicList(body))
    const here = await routeInfo.getTopicList({ closed: false })
    this.listedTopics = Math.max(here.length, there.size)
    await this.#slicer.run(this.#compareTopics(here, there, differences))
    await this.#compareRoutes(here, there, maxLookups, differences)
    await this.#compareKV(NAMESPACE_ORDER_TOPIC_CONFIG, differences)
    await this.#compareConfig(differences)
    const left = this.#walked ? 0 : this.#walk.length
    const reason = `compared without digests: of the key-value table only ${NAMESPACE_ORDER_TOPIC_CONFIG}`
    return left === 0 ? reason : joined(`routes of ${left} of ${here.length} topics not compared yet`, reason)
  }

  /** Which topics there are. */
  *#compareTopics(here: Iterable<string>, there: ReadonlySet<string>, differences: Differences): Steps<void> {
    const { routeInfo } = this.#own
    for (const topic of here) {
      // As of now: it may have been removed meanwhile.
      const brokers = there.has(topic) ? undefined : routeInfo.queues(topic)?.keys()
      if (brokers !== undefined) differences.addMissingTopic(topic, [], [onBrokers(brokers), null])
      yield
    }
    for (const topic of there) {
      if (routeInfo.queues(topic) === undefined) differences.addMissingTopic(topic, [], [null, 'has a route'])
      yield
    }
  }

  /** Compares the routes that differed before, and some more of all topics, in turn. */
  async #compareRoutes(
    here: string[],
    there: ReadonlySet<string>,
    maxLookups: number,
    differences: Differences,
  ): Promise<void> {
    if (this.#walk.length === 0) this.#walk = here.toReversed()
    const batch = new Set(this.#differing)
    while (batch.size < maxLookups) {
      const topic = this.#walk.pop()
      if (topic === undefined) break
      batch.add(topic)
    }
    const { routeInfo } = this.#own
    const topics = [...batch].filter((topic) => there.has(topic) && routeInfo.queues(topic) !== undefined)
    const differing = new Set<string>()
    const endMs = this.#slicer.nowMs() + MAX_LOOKUPS_MS
    for (let from = 0; from < topics.length; from += MAX_LOOKUPS) {
      // Those that differed before come first and are all compared again.
      const isLate = from >= this.#differing.size && this.#slicer.nowMs() > endMs
      if (differences.isFull || isLate) {
        this.#walk.push(...topics.slice(from))
        break
      }
      const chunk = topics.slice(from, from + MAX_LOOKUPS)
      const routes = await Promise.all(chunk.map((topic) => this.#lookUp(topic))).catch((error: unknown) => {
        this.#walk.push(...topics.slice(from))
        for (const topic of differing) this.#differing.add(topic)
        throw error
      })
      for (const [index, topic] of chunk.entries()) {
        const before = differences.list.length
        // As of now: it may have changed while the lookups were under way, and then the next comparison finds them equal.
        differences.compareQueues(topic, [routeInfo.queues(topic), routes[index]])
        if (differences.list.length > before) differing.add(topic)
      }
    }
    this.#differing = differing
    if (this.#walk.length === 0) this.#walked = true
  }

  /** The queues of a topic at the peer; undefined if it has none. */
  async #lookUp(topic: string): Promise<ReadonlyMap<string, ListedQueues> | undefined> {
    const response = await this.#invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic })
    if (response.code === ResponseCode.TOPIC_NOT_EXIST) return undefined
    const body = shortBody(successBody(response, RequestCode.GET_ROUTEINFO_BY_TOPIC))
    const queueDatas = await this.#slicer.run(decodeQueueDatasInSteps(body))
    return new Map(queueDatas.map(withoutFlag))
  }

  async #compareGroups(differences: Differences): Promise<void> {
    const { routeInfo } = this.#own
    const slicer = this.#slicer
    const theirs = await this.#bodyOf(RequestCode.GET_BROKER_CLUSTER_INFO, {})
    const there = await slicer.run(decodeGroups(theirs))
    // Through the same encoder and decoder, so that both sides have the same form.
    const here = await slicer.run(decodeGroups(await routeInfo.encodedClusterInfo({ closed: false })))
    await slicer.run(differences.compareGroups([here, there]))
  }

  async #compareKV(namespace: string, differences: Differences): Promise<void> {
    const { kvConfig } = this.#own
    const response = await this.#invoke(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace })
    const isAbsent = response.code === ResponseCode.QUERY_NOT_FOUND
    const there = isAbsent
      ? new Map<string, string>()
      : await this.#slicer.run(decodeKVTable(successBody(response, RequestCode.GET_KVLIST_BY_NAMESPACE)))
    const here = kvConfig.getKVListByNamespace(namespace) ?? new Map<string, string>()
    await this.#slicer.run(differences.compareValues('kv', `${namespace}/`, [here, there]))
  }

  /** A peer that does not show its configuration, or not these keys, is compared without it. */
  async #compareConfig(differences: Differences): Promise<void> {
    const { code, body } = await this.#invoke(RequestCode.GET_NAMESRV_CONFIG, {})
    if (code !== ResponseCode.SUCCESS || body === null) return
    const theirs = parseJavaProperties(shortBody(body, MAX_CONFIG_BYTES))
    const there = new Map(
      COMPARABLE_KEYS.flatMap((key) => {
        const value = theirs.get(key)?.value
        return value === undefined ? [] : [[key, value] as const]
      }),
    )
    await this.#slicer.run(differences.compareValues('config', '', [this.#own.comparableConfig(), there]))
  }

  async #bodyOf(code: RequestCode, fields: Readonly<Record<string, string>>): Promise<Buffer> {
    return successBody(await this.#invoke(code, fields), code)
  }

  async #invoke(code: RequestCode, fields: Readonly<Record<string, string>>): Promise<RemotingCommand> {
    if (this.#slicer.nowMs() >= this.#endMs)
      throw new IncomparableError(`not compared within ${MAX_COMPARISON_MS} ms`)
    const request = this.#client.createRequest(code, new Map(Object.entries(fields)))
    return this.#client.invoke(this.address, request, TIMEOUT_MS)
  }
}

/** @throws {IncomparableError} The response is an error. */
function successBody({ code, remark, body }: RemotingCommand, requestCode: RequestCode): Buffer {
  if (code === ResponseCode.SUCCESS && body !== null) return body
  throw new IncomparableError(`request ${requestCode} got response code ${code}: ${remark ?? ''}`)
}

/** @throws {IncomparableError} The body is longer than any of an honest peer. */
function shortBody(body: Buffer, maxBytes = MAX_BODY_BYTES): Buffer {
  if (body.length <= maxBytes) return body
  throw new IncomparableError(`a response of ${body.length} bytes, more than ${maxBytes}`)
}

function withoutFlag(queues: NamedQueues): [string, ListedQueues] {
  const { brokerName, readQueueNums, writeQueueNums, perm } = queues
  const name = brokerName ?? ''
  return [name, { brokerName: name, readQueueNums, writeQueueNums, perm }]
}

function joined(reason: string | null, more: string): string {
  return reason === null ? more : `${reason}; ${more}`
}
