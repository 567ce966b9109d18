import { Perm } from '../../protocol/body/topic-config.ts'
import { versionName } from '../../protocol/version-name.ts'
import type { TopicMiss } from '../../stats/topic-misses.ts'
import { mqadmin } from '../commands.ts'
import type {
  Departure,
  PermissionChange,
  RegistrationRejection,
  RemovedTopics,
  TopicRegistration,
} from '../history/route-history.ts'
import type { SimilarName } from '../similar-names.ts'
import { type Story, story } from './story.ts'
import { lossText, type TopicLoss } from './topic-loss.ts'
import { at, type Clocks, causeText, count, list, memberText, name, names } from './wording.ts'

/** What a topic's story may be. */
export const TOPIC_VERDICTS = {
  routable: 'Clients get a route with brokers to send to and to read from.',
  not_writable:
    'There is a route, but no broker takes messages: producers report "No route info of this topic".',
  not_readable: 'There is a route, but consumers may not read from any broker.',
  no_master:
    'There is a route, but no broker group has a master: producers report "No route info of this topic".',
  hidden_by_zone: 'There is a route, but not for clients of the zone that was asked about.',
  in_product_environment: 'The route is that of the product environment (`clusterTest`).',
  not_ready: 'All lookups are rejected: the server has just started (`needWaitForService`).',
  deleted: 'There is no route: the topic was deleted by a request.',
  dropped_by_registration: 'There is no route: the last broker that had the topic registered without it.',
  left_with_brokers: 'There is no route: the last broker that had the topic is not registered any more.',
  no_brokers: 'There is no route: no broker is registered.',
  only_on_peers: 'There is no route here, but another NameServer has one.',
  rejected_by_limit: 'There is no route: a limit of this server rejects the registration of a broker.',
  created_by_first_message: 'There is no route yet: a broker creates the topic when a producer sends to it.',
  never_created: 'There is no route: no broker has the topic, and none creates topics by itself.',
} as const
export type TopicVerdict = keyof typeof TOPIC_VERDICTS

/** A topic's queues on one broker name. */
export interface TopicCell {
  readonly brokerName: string
  readonly cluster: string
  readonly zone: string | null
  readonly perm: number
  readonly readQueues: number
  readonly writeQueues: number
  /** Whether it is among what the client in question sees. */
  readonly isVisible: boolean
  readonly isProvisional: boolean
  readonly hasMaster: boolean
  readonly enableActingMaster: boolean
  /** The peer that the group's first member registered from, and when it did last; undefined if it is restored. */
  readonly registeredFrom: string | undefined
  readonly registeredMs: number | undefined
  /** The permission that the broker registered, if a request changed it since. */
  readonly registeredPerm: number | undefined
  readonly permissionChange: PermissionChange | undefined
  /** The last departure of a member with id 0. */
  readonly masterLeft: Departure | undefined
  /** Why clients elsewhere cannot connect to an announced address, as a sentence. */
  readonly addressProblem: string | undefined
}

/** What the tables, the history and others know of a topic. */
export interface TopicFacts {
  readonly topic: string
  /** Response code and remark of a lookup. */
  readonly lookup: { readonly code: number; readonly remark: string | null }
  readonly zone: string | null
  readonly cells: readonly TopicCell[]
  /** How many broker names are registered. */
  readonly brokerGroups: number
  /** Where a topic without a route would be created; undefined without brokers. */
  readonly cluster: string | undefined
  /** Broker names that create topics on their first use. */
  readonly autoCreating: readonly string[]
  readonly loss: TopicLoss | undefined
  readonly registration: TopicRegistration | undefined
  /** Removals of so many topics that not all are known by name. */
  readonly unnamedRemovals: readonly RemovedTopics[]
  /** The last departure of any broker. */
  readonly lastDeparture: Departure | undefined
  /** Registrations rejected within the last minutes. */
  readonly rejections: readonly RegistrationRejection[]
  readonly similar: readonly SimilarName[]
  readonly miss: TopicMiss | undefined
  /** Addresses of peers that have a route, if there is none here; and of those that have none, if there is one here. */
  readonly peersWith: readonly string[]
  readonly peersWithout: readonly string[]
  readonly startedMs: number
  readonly clocks: Clocks
}

const SUCCESS = 0
const TOPIC_NOT_EXIST = 17

/** Why clients find a topic, or why not. */
export function tellTopic(facts: TopicFacts): Story<TopicVerdict> {
  const { lookup, cells, topic, zone } = facts
  if (lookup.code !== SUCCESS && lookup.code !== TOPIC_NOT_EXIST) return notReady(facts)
  if (lookup.code === SUCCESS && cells.length === 0) {
    const text = `${name(topic)} has no route here; lookups get its route in the product environment (clusterTest is on).`
    return story('in_product_environment', [text], [])
  }
  if (lookup.code === TOPIC_NOT_EXIST) return withoutRoute(facts)
  const visible = cells.filter(({ isVisible }) => isVisible)
  if (visible.length === 0) {
    const zones = [...new Set(cells.map((cell) => cell.zone ?? 'none'))]
    const text = `Clients of zone ${name(zone ?? '')} see no broker of ${name(topic)}: the masters of ${namesOf(cells)} are in zone ${names(zones)}.`
    return story('hidden_by_zone', [text, 'Clients that name no zone get the whole route.'], [])
  }
  return withRoute(facts, visible)
}

function notReady({ topic, lookup, startedMs, clocks }: TopicFacts): Story<TopicVerdict> {
  return story(
    'not_ready',
    [
      `Lookups of ${name(topic)}, as of all topics, are rejected with "${lookup.remark ?? ''}": the server started ${at(startedMs, clocks)} and waits waitSecondsForService, so that brokers can register first (needWaitForService is on).`,
      'Clients try again and need no help.',
    ],
    [],
  )
}

function withRoute(facts: TopicFacts, visible: readonly TopicCell[]): Story<TopicVerdict> {
  const { topic } = facts
  const writable = visible.filter((cell) => isWritable(cell) && cell.hasMaster)
  const readable = visible.filter((cell) => (cell.perm & Perm.READ) !== 0 && cell.readQueues > 0)
  const others = visible.filter((cell) => !writable.includes(cell))
  const causes = others.slice(0, MAX_CAUSES).map((cell) => notWritableText(cell, facts))
  const commands = others.slice(0, MAX_CAUSES).map((cell) => writableAgain(cell, facts))
  const notes = [
    missingText(facts),
    provisionalText(visible),
    ...addressTexts(visible),
    registrationText(facts),
  ]
  const reading =
    readable.length > 0
      ? `Consumers read from ${namesOf(readable)}.`
      : `Consumers cannot read either: no broker has read queues with permission to read.`
  if (writable.length === 0) {
    const verdict = visible.some(isWritable) ? 'no_master' : 'not_writable'
    const text =
      verdict === 'no_master'
        ? `Producers report "No route info of this topic" for ${name(topic)}, although it has a route: none of its writable brokers has a master.`
        : `Producers report "No route info of this topic" for ${name(topic)}, although it has a route: no broker permits writing.`
    return story(verdict, [text, ...causes, reading, ...notes], commands)
  }
  if (readable.length === 0) {
    const text = `Consumers cannot read ${name(topic)}: it has a route, but no broker has read queues with permission to read.`
    return story('not_readable', [text, ...notes], [mqadmin('topicRoute', { t: topic })])
  }
  const writeQueues = writable.reduce((sum, cell) => sum + cell.writeQueues, 0)
  const readQueues = readable.reduce((sum, cell) => sum + cell.readQueues, 0)
  const text = `${name(topic)} has a route: ${count(writeQueues, 'write queue')} on ${namesOf(writable)}, ${count(readQueues, 'read queue')} on ${namesOf(readable)}.`
  const asked = facts.miss?.routeSinceMs === undefined ? undefined : askedText(facts)
  return story(
    'routable',
    [text, ...causes, asked, ...notes],
    [...commands, mqadmin('topicRoute', { t: topic })],
  )
}

/** Brokers of which the story says why they take no messages. */
const MAX_CAUSES = 4

function isWritable({ perm, writeQueues }: TopicCell): boolean {
  return (perm & Perm.WRITE) !== 0 && writeQueues > 0
}

function notWritableText(cell: TopicCell, { clocks }: TopicFacts): string {
  const { brokerName, perm, registeredPerm, permissionChange, masterLeft, enableActingMaster, hasMaster } =
    cell
  const broker = name(brokerName)
  if (!hasMaster) {
    const role = enableActingMaster ? 'a slave acts as one for consumers' : 'its slaves serve consumers only'
    const since =
      masterLeft === undefined
        ? ''
        : ` The master ${memberText(masterLeft)} ${causeText(masterLeft.cause)}, ${at(masterLeft.atMs, clocks)}.`
    return `${broker} has no master and takes no messages; ${role}.${since}`
  }
  if (registeredPerm !== undefined && permissionChange?.kind === 'wiped')
    return `The write permission of ${broker} was wiped ${at(permissionChange.atMs, clocks)} by ${permissionChange.by} (request 205, as mqadmin wipeWritePerm sends) and has not been restored here; NameServers do not tell each other, so others may still permit writing.`
  if (registeredPerm !== undefined)
    return `On ${broker} it has permission ${perm} by a request to this server; the broker registered ${registeredPerm}.`
  if ((cell.perm & Perm.WRITE) !== 0) return `On ${broker} it has no write queues.`
  return `${broker} itself registers it with permission ${perm}: by brokerPermission in its broker.conf, or by mqadmin updateTopicPerm.`
}

function writableAgain(cell: TopicCell, { topic }: TopicFacts): string | null {
  const { brokerName, cluster, registeredPerm, hasMaster } = cell
  if (!hasMaster) return null
  if (registeredPerm !== undefined) return mqadmin('addWritePerm', { b: brokerName })
  return mqadmin('updateTopicPerm', { t: topic, c: cluster, p: Perm.READ | Perm.WRITE })
}

function missingText({ topic, peersWithout }: TopicFacts): string | undefined {
  if (peersWithout.length === 0) return undefined
  return `${list(peersWithout)} ${peersWithout.length === 1 ? 'has' : 'have'} no route for ${name(topic)}: clients that ask there report "No route info of this topic". Brokers must have all NameServers in namesrvAddr.`
}

function provisionalText(cells: readonly TopicCell[]): string | undefined {
  const provisional = cells.filter(({ isProvisional }) => isProvisional)
  if (provisional.length === 0) return undefined
  return `What is shown of ${namesOf(provisional)} is provisional: it is from the snapshot before the restart, and the broker has not registered again.`
}

/** A route is right, and clients still cannot connect. */
function addressTexts(cells: readonly TopicCell[]): string[] {
  return cells.flatMap(({ addressProblem }) => addressProblem ?? []).slice(0, MAX_CAUSES)
}

function registrationText({ registration, topic, clocks }: TopicFacts): string | undefined {
  if (registration === undefined) return undefined
  return `${name(topic)} was registered by itself ${at(registration.atMs, clocks)} by ${registration.by} (request 217) on ${count(registration.brokers, 'broker')}.`
}

function withoutRoute(facts: TopicFacts): Story<TopicVerdict> {
  const { topic, loss, brokerGroups, peersWith, rejections, clocks, autoCreating, cluster = '' } = facts
  const create = mqadmin('updateTopic', { t: topic, c: cluster })
  const notes = [unnamedText(facts), similarText(facts), askedText(facts), registrationText(facts)]
  if (loss !== undefined) {
    const text = lossText(topic, loss, clocks)
    switch (loss.kind) {
      case 'deleted':
        return story(
          'deleted',
          [
            text,
            'A broker that still has it registers it again within a minute, unless its forceRegister is off.',
            ...notes,
          ],
          [create],
        )
      case 'dropped':
        return story(
          'dropped_by_registration',
          [
            text,
            'It was deleted on the broker, or the broker lost its topics.json; a topic that is still needed must be created again.',
            ...notes,
          ],
          [create],
        )
      case 'left':
        return story(
          'left_with_brokers',
          [
            text,
            peersWith.length === 0 ? undefined : `It has a route at ${list(peersWith)}.`,
            'Its route comes back when the broker registers again: start it, or see why it cannot connect.',
            ...notes,
          ],
          [mqadmin('clusterList', {})],
        )
    }
  }
  if (peersWith.length > 0) {
    const text = `${name(topic)} has a route at ${list(peersWith)}, but not here: its brokers do not register at this server.`
    const advice =
      'Brokers must have all NameServers in namesrvAddr; clients that ask another one find the topic.'
    return story('only_on_peers', [text, advice, ...notes], [])
  }
  if (brokerGroups === 0) {
    const text = `No broker is registered at this server, so ${name(topic)} has no route, nor has any other topic.`
    const last = facts.lastDeparture
    const left =
      last &&
      `The last one that left: ${memberText(last)} ${causeText(last.cause)}, ${at(last.atMs, clocks)}.`
    const advice = 'Start the brokers, with this server in their namesrvAddr (NAMESRV_ADDR).'
    return story(
      'no_brokers',
      [text, left, advice, ...rejectionTexts(facts), ...notes],
      [mqadmin('clusterList', {})],
    )
  }
  const byLimit = rejections.filter(({ limit }) => limit !== undefined)
  if (byLimit.length > 0) {
    const text = `This server rejects the registration of ${names(byLimit.map(({ brokerName }) => brokerName))}, whose topics, perhaps ${name(topic)} too, are missing.`
    return story('rejected_by_limit', [text, ...rejectionTexts(facts), ...notes], [])
  }
  if (autoCreating.length > 0) {
    const text = `No broker has ${name(topic)} yet: ${names(autoCreating)} would create it when a producer sends the first message (autoCreateTopicEnable is on); consumers find no route before that.`
    return story('created_by_first_message', [text, groupText(topic), ...notes], [create])
  }
  const text = `No broker has ${name(topic)}, and none creates topics on their first use (TBW102 has no route): the topic must be created.`
  return story('never_created', [text, groupText(topic), ...rejectionTexts(facts), ...notes], [create])
}

function groupText(topic: string): string | undefined {
  const [, kind, group = ''] = /^%(RETRY|DLQ)%(.+)$/s.exec(topic) ?? []
  if (kind === 'RETRY')
    return `It is the retry topic of consumer group ${name(group)}: a broker creates it when a consumer of the group connects to it.`
  return (
    kind &&
    `It has the dead letters of consumer group ${name(group)}: a broker creates it with the first one.`
  )
}

function unnamedText({ unnamedRemovals, clocks }: TopicFacts): string | undefined {
  const last = unnamedRemovals.at(-1)
  if (last === undefined) return undefined
  return `It may be one of the topics that were removed with ${name(last.brokerName)} ${at(last.atMs, clocks)} or before: not all of their names are kept.`
}

function similarText({ similar }: TopicFacts): string | undefined {
  if (similar.length === 0) return undefined
  const shown = similar.map((each) => `${name(each.name)} (${DIFFERENCES[each.likeness]})`)
  return `Similar ${similar.length === 1 ? 'topic' : 'topics'} with a route: ${shown.join(', ')}.`
}

const DIFFERENCES: Readonly<Record<SimilarName['likeness'], string>> = {
  spaces: 'differs in spaces',
  case: 'differs in upper and lower case',
  namespace: 'differs in the namespace',
  punctuation: 'differs in punctuation',
  'one character': 'differs in one character',
}

function askedText({ miss }: TopicFacts): string | undefined {
  if (miss === undefined) return undefined
  const askers = miss.askers.map(
    ({ address, language, version }) => `${address} (${language}, ${versionName(version)})`,
  )
  const last = new Date(miss.lastSeenMs).toISOString().replace(/\.\d+Z$/, 'Z')
  return `${count(miss.count, 'lookup')} found no route, the last at ${last}; asked by ${list(askers)}.`
}

function rejectionTexts({ rejections, clocks }: TopicFacts): string[] {
  return rejections
    .slice(-MAX_CAUSES)
    .map(
      ({ brokerName, by, reason, atMs }) =>
        `The registration of ${name(brokerName)} from ${by} was rejected ${at(atMs, clocks)}: ${reason}.`,
    )
}

function namesOf(cells: readonly TopicCell[]): string {
  return names(cells.map(({ brokerName }) => brokerName))
}
