import type { Steps, TimeSlicer } from '../../common/time-slicer.ts'
import { Differences, onBrokers } from '../../inspect/compare/differences.ts'
import { MAX_PEER_DIFFERENCES } from '../../inspect/peers-view.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../../kvconfig/kv-config-manager.ts'
import { type Comparison, IncomparableError } from '../../namesrv/peers/peer-comparison.ts'
import type { Comparing } from '../../namesrv/peers/peers.ts'
import type { QueueData } from '../../protocol/body/topic-route-data.ts'
import { RemotingClientError } from '../../remoting/errors.ts'
import type { ObservedNameServer } from './observed-name-server.ts'

const LIMITS = { maxDifferences: MAX_PEER_DIFFERENCES, maxSubjectCharacters: 300, maxValueCharacters: 300 }

/**
 * Compares what is known of two observed NameServers, without asking them. They are not read at the same moment, so what differs is
 * read again: a difference that remains is theirs.
 */
export class TableComparison implements Comparing {
  readonly address: string
  /** Nothing is asked, so the number of topics does not matter. */
  readonly listedTopics = 0
  readonly #own: ObservedNameServer
  readonly #other: ObservedNameServer
  readonly #slicer: TimeSlicer

  constructor(own: ObservedNameServer, other: ObservedNameServer, slicer: TimeSlicer) {
    this.address = other.address
    this.#own = own
    this.#other = other
    this.#slicer = slicer
  }

  /** @throws {IncomparableError} {RemotingClientError} (rejects) One of the two has not been read, or does not respond. */
  async compare(): Promise<Comparison> {
    const sides = [this.#own, this.#other]
    const { state: peer } = this.#other
    // First: whether the peer responds is shown although this one does not.
    if (peer.unreachableMs !== undefined)
      throw new RemotingClientError('ERR_CONNECTION_LOST', `${this.address}: ${peer.reason ?? ''}`)
    for (const { state, address } of sides)
      if (state.readMs === undefined || state.unreachableMs !== undefined)
        throw new IncomparableError(`${address}: ${state.reason ?? ''}`)
    const revisions = sides.map(({ routeInfo }) => routeInfo.revision)
    const differences = new Differences(LIMITS)
    await this.#slicer.run(this.#compare(differences))
    for (const side of sides)
      for (const { kind, topic } of differences.list) {
        if (kind === 'topic_missing' || kind === 'kv') side.listAgain()
        if (kind === 'config') side.readSettingsAgain()
        if (topic !== null) side.readAgain(topic)
      }
    return {
      differences,
      reason: this.#reason(sides),
      isMoved: sides.some(({ routeInfo }, index) => routeInfo.revision !== revisions[index]),
    }
  }

  #reason(sides: readonly ObservedNameServer[]): string {
    const partial = sides.flatMap(({ address, state: { reason } }) =>
      reason === undefined ? [] : [`${address}: ${reason}`],
    )
    const scope = `of the key-value tables only ${NAMESPACE_ORDER_TOPIC_CONFIG}`
    return [...partial, scope].join('; ')
  }

  *#compare(differences: Differences): Steps<void> {
    const [own, other] = [this.#own, this.#other]
    yield* differences.compareGroups([own.lists.groups, other.lists.groups])
    yield* this.#compareTopics(differences)
    yield* differences.compareValues('kv', `${NAMESPACE_ORDER_TOPIC_CONFIG}/`, [orderOf(own), orderOf(other)])
    yield* differences.compareValues('config', '', [own.lists.config, other.lists.config])
  }

  *#compareTopics(differences: Differences): Steps<void> {
    const [here, there] = [this.#own.lists, this.#other.lists]
    if (here.topics === undefined || there.topics === undefined) return
    for (const topic of here.topics) {
      if (!there.topics.has(topic)) this.#addMissing(topic, differences)
      else if (here.read.has(topic) && there.read.has(topic)) this.#compareRoutes(topic, differences)
      if (differences.isFull) return
      yield
    }
    for (const topic of there.topics) {
      if (!here.topics.has(topic)) this.#addMissing(topic, differences)
      yield
    }
  }

  #addMissing(topic: string, differences: Differences): void {
    const values = [this.#own, this.#other].map(({ lists, routeInfo }) =>
      lists.topics?.has(topic) === true ? onBrokers(routeInfo.queues(topic)?.keys() ?? []) : null,
    )
    differences.addMissingTopic(topic, [], values)
  }

  #compareRoutes(topic: string, differences: Differences): void {
    const [here, there] = [this.#own.routeInfo.queues(topic), this.#other.routeInfo.queues(topic)]
    // Nearly all are equal, and are told so without a text of them.
    if (here !== undefined && there !== undefined && areEqual(here, there)) return
    differences.compareQueues(topic, [withoutFlags(here), withoutFlags(there)])
  }
}

function orderOf({ kvConfig }: ObservedNameServer): ReadonlyMap<string, string | null> {
  return kvConfig.getKVListByNamespace(NAMESPACE_ORDER_TOPIC_CONFIG) ?? new Map()
}

type Queues = ReadonlyMap<string, QueueData>

function areEqual(here: Queues, there: Queues): boolean {
  if (here.size !== there.size) return false
  for (const [name, { readQueueNums, writeQueueNums, perm }] of here) {
    const other = there.get(name)
    const isSame =
      other?.readQueueNums === readQueueNums && other.writeQueueNums === writeQueueNums && other.perm === perm
    if (!isSame) return false
  }
  return true
}

/** The name of the flag differs between releases of Java. */
function withoutFlags(queues: Queues | undefined) {
  return queues && new Map([...queues].map(([name, { topicSysFlag: _, ...each }]) => [name, each]))
}
