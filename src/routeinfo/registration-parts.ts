import { sameDataVersion } from '../protocol/body/data-version.ts'
import type { Registration } from './registration.ts'
import type { BrokerLiveInfo, RouteTables } from './route-tables.ts'

/** What a registration says beyond the one before it from the same address. */
export interface RegistrationScope {
  /**
   * `all`: it is the first, or has another version. `nothing`: it has the version and the topics of the one before it.
   * `differences`: it has the version but other topics, as the parts of a split registration have, or the tables have the topics of
   * another broker with the same id.
   */
  readonly news: 'all' | 'nothing' | 'differences'
  /** Whether it is one of several parts that together are all topics (`enableSplitRegistration` of 5.1.4 and later). */
  readonly isPart: boolean
  /** Whether it names the topic that every Java broker has under its own name. An increment does not name it. */
  readonly namesOwnTopic: boolean
  /** Number of its topics, and the first of them. */
  readonly topics: number
  readonly firstTopic: string | undefined
}

/**
 * What a snapshot says of a broker does not count: its topics may have changed after the snapshot was taken.
 * @param holderAddr - Address that had the broker's id before; empty or undefined if none had it. What it registered is in the tables.
 * @see RouteInfoManager#isBrokerTopicConfigChanged in apache/rocketmq
 */
export function scopeOf(
  tables: RouteTables,
  registration: Registration,
  holderAddr: string | undefined,
): RegistrationScope {
  const { clusterName, brokerAddr, brokerName, dataVersion, topicConfigTable } = registration
  const topics = topicConfigTable.size
  const [firstTopic] = topicConfigTable.keys()
  const namesOwnTopic = topicConfigTable.has(brokerName)
  const before = tables.registered(clusterName, brokerAddr)
  const scope = { topics, firstTopic, namesOwnTopic }
  if (before === undefined || !sameDataVersion(before.dataVersion, dataVersion))
    return { ...scope, news: 'all', isPart: false }
  const isRepeated = before.topics === topics && before.firstTopic === firstTopic
  // An increment that comes before the full registration of its version is in it; parts have no topic in common.
  const namesPrevious = before.firstTopic !== undefined && topicConfigTable.has(before.firstTopic)
  const isFirst = holderAddr === undefined || holderAddr === ''
  const news = isFirst ? 'all' : isRepeated && holderAddr === brokerAddr ? 'nothing' : 'differences'
  return { ...scope, news, isPart: !isRepeated && !namesPrevious }
}

/**
 * Whether a broker has registered all of its topics, so that its data version stands for all of them. Of a broker that never names
 * its own topic this is known when it repeats itself: increments are not repeated.
 */
export function isComplete(
  { brokerName, dataVersion }: Registration,
  { news, namesOwnTopic, topics }: RegistrationScope,
  before: BrokerLiveInfo | undefined,
): boolean {
  if (namesOwnTopic || topics === 0 || news === 'nothing') return true
  if (before?.isComplete !== true || before.brokerName !== brokerName) return false
  const known = before.dataVersion
  if (known.stateVersion !== dataVersion.stateVersion) return false
  // Each change of a topic adds one. If more are missing than this increment has topics, another increment was lost.
  return (dataVersion.counter ?? 0n) - (known.counter ?? 0n) <= BigInt(topics)
}

/** A broker name that registers in parts. A round is what comes from one registration of the broker's own topic to the next. */
interface Rounds {
  /** Whether a part has come in this round, or may be missing. */
  hasParts: boolean
  /** Topics named in this round and in the one before it; undefined until rounds are watched from their beginning. */
  named?: Set<string> | undefined
  namedBefore?: Set<string> | undefined
}

/** Which topics of its broker name a registration removes from the tables: all but those that it names itself, or that `has` names. */
export type Removal = 'none' | 'not named' | Pick<ReadonlySet<string>, 'has'>

/** The broker names that register in parts. */
export class RegistrationParts {
  readonly #rounds = new Map<string, Rounds>()

  /** Whether a broker name registers in parts. */
  has(brokerName: string): boolean {
    return this.#rounds.has(brokerName)
  }

  /**
   * Takes a registration into its round.
   * @param watched - Whether topics that are named no more are to be removed.
   * @returns The set to which the names of its topics are added as they are put into the tables; undefined if it is not kept.
   */
  take(
    { brokerName }: Registration,
    scope: RegistrationScope,
    watched: boolean,
  ): Pick<Set<string>, 'add'> | undefined {
    const known = this.#rounds.get(brokerName)
    if (known === undefined && !scope.isPart) return undefined
    const rounds = known ?? { hasParts: false }
    if (scope.namesOwnTopic && !scope.isPart && !rounds.hasParts) {
      this.#rounds.delete(brokerName)
      return undefined
    }
    this.#rounds.set(brokerName, rounds)
    if (scope.namesOwnTopic) {
      rounds.namedBefore = watched ? rounds.named : undefined
      rounds.named = watched ? new Set() : undefined
      rounds.hasParts = scope.isPart
    } else if (scope.isPart) rounds.hasParts = true
    return rounds.named
  }

  /**
   * Which topics a registration removes. One that is whole removes what it does not name, as in Java. Of parts none does so: topics
   * go that were named in neither of two complete rounds, since one that moves from part to part may miss one.
   */
  removalBy(tables: RouteTables, registration: Registration, scope: RegistrationScope): Removal {
    const { brokerName } = registration
    // Topics of the snapshot that are named no more go when the grace period ends.
    if (registration.topicQueueMappingInfoMap.size > 0 || tables.restored?.brokerNames.has(brokerName))
      return 'none'
    const rounds = this.#rounds.get(brokerName)
    if (!scope.namesOwnTopic) {
      // An increment names topics; a registration of none says that the broker has none.
      const isIncrement = scope.topics > 0 && tables.topicQueueTable.get(brokerName)?.has(brokerName) === true
      return isIncrement || scope.isPart || rounds !== undefined ? 'none' : 'not named'
    }
    if (!scope.isPart && rounds?.hasParts !== true) return 'not named'
    const { named, namedBefore } = rounds ?? {}
    if (named === undefined || namedBefore === undefined) return 'none'
    return { has: (topic) => named.has(topic) || namedBefore.has(topic) }
  }

  /** A topic of a broker name has left the tables: a round names only topics that are in them. */
  drop(topic: string, brokerName: string): void {
    const rounds = this.#rounds.get(brokerName)
    rounds?.named?.delete(topic)
    rounds?.namedBefore?.delete(topic)
  }

  /** A member has left: parts of the round that was under way may be missing. */
  interrupt(brokerName: string): void {
    if (this.#rounds.has(brokerName)) this.#rounds.set(brokerName, { hasParts: true })
  }

  /** The group was removed. */
  forget(brokerName: string): void {
    this.#rounds.delete(brokerName)
  }
}
