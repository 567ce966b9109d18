import type { Steps } from '../common/time-slicer.ts'
import { sameDataVersion } from '../protocol/body/data-version.ts'
import type { Registration } from './registration.ts'
import type { BrokerLiveInfo, RouteTables } from './route-tables.ts'

/** Names that are compared in one step. */
const NAMES_PER_STEP = 256

/** What a registration adds to the previous one from its address. */
export interface RegistrationScope {
  /**
   * `all`: it is the first, or has another data version. `nothing`: same version, same topics. `differences`: same version, other
   * topics, as in the parts of a split registration; or the tables have the topics of another address with the same id.
   */
  readonly news: 'all' | 'nothing' | 'differences'
  /** Whether it is one of several parts that together are all topics (`enableSplitRegistration` of 5.1.4 and later). */
  readonly isPart: boolean
  /** Whether it names the topic that every Java broker has under its own name. An increment does not name it. */
  readonly namesOwnTopic: boolean
}

/**
 * Compares a registration with the previous one from its address.
 * @param holderAddr - Address that had the broker's id before; empty or undefined if none had it. Its topics are in the tables.
 * @see RouteInfoManager#isBrokerTopicConfigChanged in apache/rocketmq
 */
export function* scopeOf(
  tables: RouteTables,
  registration: Registration,
  holderAddr: string | undefined,
): Steps<RegistrationScope> {
  const { clusterName, brokerAddr, brokerName, dataVersion, previous, topicConfigTable } = registration
  const { keys } = topicConfigTable
  const isNamedAsBefore = keys === previous?.topics.keys && brokerName === previous.live.brokerName
  const namesOwnTopic = isNamedAsBefore ? previous.namesOwnTopic : yield* includes(keys, brokerName)
  const before = tables.live(clusterName, brokerAddr)
  if (before === undefined || !sameDataVersion(before.dataVersion, dataVersion))
    return { news: 'all', isPart: false, namesOwnTopic }
  const isRepeated = before.topics === keys.length && before.firstTopic === keys[0]
  // Parts have no topic in common; the full registration of a version names the topics of an increment of that version.
  const namesPrevious = before.firstTopic !== undefined && (yield* includes(keys, before.firstTopic))
  const isFirst = holderAddr === undefined || holderAddr === ''
  const news = isFirst ? 'all' : isRepeated && holderAddr === brokerAddr ? 'nothing' : 'differences'
  return { news, isPart: !isRepeated && !namesPrevious, namesOwnTopic }
}

function* includes(names: readonly string[], name: string): Steps<boolean> {
  for (let index = 0; index < names.length; index++) {
    if (names[index] === name) return true
    if (index % NAMES_PER_STEP === NAMES_PER_STEP - 1) yield
  }
  return false
}

/**
 * Whether a broker has registered all of its topics, so that its data version stands for all of them. A broker that never names its
 * own topic has if it repeats a registration: increments are not repeated.
 */
export function isComplete(
  { brokerName, dataVersion, topicConfigTable }: Registration,
  { news, namesOwnTopic }: RegistrationScope,
  before: BrokerLiveInfo | undefined,
): boolean {
  const topics = topicConfigTable.keys.length
  if (namesOwnTopic || topics === 0 || news === 'nothing') return true
  if (before?.isComplete !== true || before.brokerName !== brokerName) return false
  const known = before.dataVersion
  if (known.stateVersion !== dataVersion.stateVersion) return false
  // Each change of a topic adds one. If the counter grew by more than this increment has topics, an earlier increment was lost.
  return (dataVersion.counter ?? 0n) - (known.counter ?? 0n) <= BigInt(topics)
}

/** The rounds of a broker name that registers in parts: each begins with a registration that names the broker's own topic. */
interface Rounds {
  /** Whether this round has parts, or may lack some. */
  hasParts: boolean
  /** Topics named in this round and in the previous one; undefined for a round not recorded from its beginning. */
  named?: Set<string> | undefined
  namedBefore?: Set<string> | undefined
}

/** Which topics of its broker name a registration removes: those that neither it nor `has` names. */
export type Removal = 'none' | 'not named' | Pick<ReadonlySet<string>, 'has'>

/** The broker names that register in parts. */
export class RegistrationParts {
  readonly #rounds = new Map<string, Rounds>()

  /** Whether a broker name registers in parts. */
  has(brokerName: string): boolean {
    return this.#rounds.has(brokerName)
  }

  /**
   * Adds a registration to its round.
   * @param watched - Whether topics that are no longer named will be removed.
   * @returns The set to which the caller adds the names of its topics; undefined if they are not recorded.
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
   * Which topics a registration removes. A whole one removes what it does not name, as in Java. A part removes what was named in
   * neither of two complete rounds, since a topic that moves from part to part may miss one.
   */
  removalBy(tables: RouteTables, registration: Registration, scope: RegistrationScope): Removal {
    const { brokerName, topicConfigTable, topicQueueMappingInfoMap } = registration
    if (topicQueueMappingInfoMap.size > 0) return 'none'
    const rounds = this.#rounds.get(brokerName)
    if (!scope.namesOwnTopic) {
      // An increment names topics; a registration without topics means that the broker has none.
      const hasTopics = topicConfigTable.keys.length > 0
      const isIncrement = hasTopics && tables.topicQueueTable.get(brokerName)?.has(brokerName) === true
      return isIncrement || scope.isPart || rounds !== undefined ? 'none' : 'not named'
    }
    if (!scope.isPart && rounds?.hasParts !== true) return 'not named'
    const { named, namedBefore } = rounds ?? {}
    if (named === undefined || namedBefore === undefined) return 'none'
    return { has: (topic) => named.has(topic) || namedBefore.has(topic) }
  }

  /** To be called when a topic of a broker name is removed: a round names only topics that are in the tables. */
  drop(topic: string, brokerName: string): void {
    const rounds = this.#rounds.get(brokerName)
    rounds?.named?.delete(topic)
    rounds?.namedBefore?.delete(topic)
  }

  /** To be called when a member has left: its round may lack parts. */
  interrupt(brokerName: string): void {
    if (this.#rounds.has(brokerName)) this.#rounds.set(brokerName, { hasParts: true })
  }

  /** To be called when the group was removed. */
  forget(brokerName: string): void {
    this.#rounds.delete(brokerName)
  }
}
