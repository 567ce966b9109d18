import { counted } from '../../common/counted.ts'
import { isoTime } from '../../common/iso-time.ts'
import { release } from '../../common/release.ts'
import { Perm } from '../../protocol/body/topic-config.ts'
import { versionName } from '../../protocol/version-name.ts'
import type { TopicMiss } from '../../stats/topic-misses.ts'
import { mqadmin, mqnamesrv } from '../commands.ts'
import type {
  Departure,
  MasterLoss,
  PermissionChange,
  RegistrationRejection,
  RemovedTopics,
  TopicRegistration,
} from '../history/route-history.ts'
import type { SimilarName } from '../similar-names.ts'
import { dateOf } from '../sources.ts'
import { type AnnouncedAddress, announcedText, SINCE_BEFORE_RESTART } from './broker-story.ts'
import { type Story, story } from './story.ts'
import { createCommand, isValidName, lossText, NAME_RULE, originText, type TopicLoss } from './topic-loss.ts'
import { at, type Clocks, causeText, list, memberText, name, names } from './wording.ts'

/** What a topic's story may be. */
export const TOPIC_VERDICTS = {
  routable: 'Clients get a route with brokers to send to and to read from.',
  not_writable:
    'There is a route, but no broker accepts messages: producers report "No route info of this topic".',
  not_readable: 'There is a route, but consumers may not read from any broker.',
  no_master:
    'There is a route, but no broker group has a master: producers report "No route info of this topic".',
  hidden_by_zone: 'There is a route, but not for clients of the zone that was asked about.',
  in_product_environment: 'The route is that of the product environment (`clusterTest`).',
  not_ready: 'All lookups are rejected: the server has just started (`needWaitForService`).',
  deleted: 'There is no route: the topic was deleted by a request.',
  dropped_by_registration: 'There is no route: the last broker that had the topic registered without it.',
  left_with_brokers: 'There is no route: the last broker that had the topic is not registered any more.',
  no_brokers: 'There is no route: no broker is registered with this server.',
  only_on_peers: 'There is no route here, but another NameServer has one.',
  rejected_by_limit: 'There is no route: a limit of this server rejects the registration of a broker.',
  slaves_only: 'There is no route: only slaves have registered, and topics are taken from masters.',
  invalid_name: 'There is no route and can be none: brokers reject the name.',
  created_by_brokers: 'There is no route: brokers create the topic when they need it, and none has it.',
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
  /** Provisional, and its broker has registered again without it. */
  readonly isDropped: boolean
  readonly masterAddr: string | undefined
  readonly slavesActAsMaster: boolean
  /** The peer that the group's first member registered from, and when it did last; undefined if it is restored or unknown. */
  readonly registeredFrom: string | undefined
  readonly registeredMs: number | undefined
  /** The permission that the broker registered, if a request changed it since. */
  readonly registeredPerm: number | undefined
  readonly permissionChange: PermissionChange | undefined
  readonly masterLoss: MasterLoss | undefined
  /** Announced addresses that clients elsewhere cannot connect to. */
  readonly addresses: readonly AnnouncedAddress[]
}

/** Topics that were removed because their broker left. */
export type TopicsOfDeparted = RemovedTopics & Pick<Departure, 'cause'>

/** What the tables, the history and others know of a topic. */
export interface TopicFacts {
  readonly topic: string
  /** Response code and remark of a lookup. */
  readonly lookup: { readonly code: number; readonly remark: string | null }
  readonly zone: string | null
  readonly cells: readonly TopicCell[]
  /** How many broker names are registered. */
  readonly brokerGroups: number
  /** Broker names that have slaves and never had a master here: their topics are unknown. */
  readonly slavesOnly: readonly string[]
  /** Where a topic without a route would be created; undefined without brokers. */
  readonly cluster: string | undefined
  /** Broker names that create topics on their first use. */
  readonly autoCreating: readonly string[]
  readonly loss: TopicLoss | undefined
  readonly registration: TopicRegistration | undefined
  /** Removals of which only some topics are known by name. */
  readonly unnamedRemovals: readonly RemovedTopics[]
  /** The last of them whose broker left and has not registered again. */
  readonly awayWithUnnamed: TopicsOfDeparted | undefined
  /** The last departure of any broker. */
  readonly lastDeparture: Departure | undefined
  /** Registrations rejected within the last minutes, whose brokers have not registered since. */
  readonly rejections: readonly RegistrationRejection[]
  readonly similar: readonly SimilarName[]
  readonly miss: TopicMiss | undefined
  /** Addresses of peers that have a route while this server has none, or have none while this server has one. */
  readonly peersWith: readonly string[]
  readonly peersWithout: readonly string[]
  readonly startedMs: number
  /** `waitSecondsForService`. */
  readonly waitSeconds: number
  readonly clocks: Clocks
}

/** Brokers that are shown. */
const MAX_SHOWN = 64

/** What a client sees of each broker, as JSON. */
export function shownCells({ cells, clocks }: TopicFacts) {
  return cells.slice(0, MAX_SHOWN).map((cell) => ({
    brokerName: cell.brokerName,
    cluster: cell.cluster,
    perm: cell.perm,
    readQueues: cell.readQueues,
    writeQueues: cell.writeQueues,
    hasMaster: cell.masterAddr !== undefined,
    provisional: cell.isProvisional,
    visible: cell.isVisible,
    registeredFrom: cell.registeredFrom ?? null,
    lastRegistration: cell.registeredMs === undefined ? null : dateOf(cell.registeredMs, clocks),
    registeredPerm: cell.registeredPerm ?? null,
  }))
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
    const text = `Clients of zone ${name(zone ?? '')} see no broker of ${name(topic)}.`
    return story(
      'hidden_by_zone',
      [text, ...zoneTexts(cells), 'Clients that name no zone get the whole route.'],
      [],
    )
  }
  return withRoute(facts, visible)
}

function zoneTexts(cells: readonly TopicCell[]): string[] {
  const zones = [...new Set(cells.map(({ zone }) => zone))].slice(0, MAX_CAUSES)
  return zones.map((zone) => {
    const there = cells.filter((cell) => cell.zone === zone)
    const [verb, masters, are] = there.length === 1 ? ['has', 'master', 'is'] : ['have', 'masters', 'are']
    return zone === null
      ? `${namesOf(there)} ${verb} no zone.`
      : `The ${masters} of ${namesOf(there)} ${are} in zone ${name(zone)}.`
  })
}

function notReady({ topic, lookup, startedMs, waitSeconds, clocks }: TopicFacts): Story<TopicVerdict> {
  return story(
    'not_ready',
    [
      `All lookups, including those of ${name(topic)}, are rejected with "${lookup.remark ?? ''}": the server started ${at(startedMs, clocks)} and rejects lookups for ${waitSeconds} seconds, so that brokers can register first (needWaitForService is on).`,
      'Running clients keep the routes that they have; one that starts now finds none here.',
    ],
    [],
  )
}

function withRoute(facts: TopicFacts, visible: readonly TopicCell[]): Story<TopicVerdict> {
  const { topic } = facts
  const writable = visible.filter((cell) => isWritable(cell) && cell.masterAddr !== undefined)
  const readable = visible.filter((cell) => (cell.perm & Perm.READ) !== 0 && cell.readQueues > 0)
  const others = visible.filter((cell) => !writable.includes(cell))
  const causes = others.slice(0, MAX_CAUSES).map((cell) => notWritableText(cell, facts))
  const commands = others.slice(0, MAX_CAUSES).map((cell) => writableAgain(cell, facts))
  const notes = [
    missingText(facts),
    ...provisionalTexts(visible),
    ...addressTexts(visible),
    registrationText(facts),
  ]
  const reading =
    readable.length > 0
      ? `Consumers read from ${namesOf(readable)}.`
      : `Consumers cannot read either: no broker has read queues with permission to read.`
  if (writable.length === 0) {
    const isMasterless = visible.every((cell) => isWritable(cell) || cell.masterAddr === undefined)
    const verdict = isMasterless ? 'no_master' : 'not_writable'
    const text =
      verdict === 'no_master'
        ? `Producers report "No route info of this topic" for ${name(topic)}, although it has a route: no broker group that could accept messages has a master.`
        : `Producers report "No route info of this topic" for ${name(topic)}, although it has a route: no broker permits writing.`
    return story(verdict, [text, ...causes, reading, ...notes], commands)
  }
  if (readable.length === 0) {
    const text = `Consumers cannot read ${name(topic)}: it has a route, but no broker has read queues with permission to read.`
    return story('not_readable', [text, ...notes], [mqnamesrv('topic route', topic)])
  }
  const writeQueues = writable.reduce((sum, cell) => sum + cell.writeQueues, 0)
  const readQueues = readable.reduce((sum, cell) => sum + cell.readQueues, 0)
  const text = `${name(topic)} has a route: ${counted(writeQueues, 'write queue')} on ${namesOf(writable)}, ${counted(readQueues, 'read queue')} on ${namesOf(readable)}.`
  const asked = facts.miss?.routeSinceMs === undefined ? undefined : askedText(facts)
  return story('routable', [text, ...causes, asked, ...notes], [...commands, mqnamesrv('topic route', topic)])
}

/** Brokers of which the story says why they accept no messages. */
const MAX_CAUSES = 4

function isWritable({ perm, writeQueues }: TopicCell): boolean {
  return (perm & Perm.WRITE) !== 0 && writeQueues > 0
}

function notWritableText(cell: TopicCell, { clocks }: TopicFacts): string {
  const { brokerName, perm, registeredPerm, permissionChange, masterLoss, slavesActAsMaster } = cell
  const broker = name(brokerName)
  if (cell.masterAddr === undefined) {
    const role = slavesActAsMaster ? 'a slave acts as one for consumers' : 'its slaves serve consumers only'
    const since =
      masterLoss === undefined
        ? ''
        : ` Its master ${name(masterLoss.brokerAddr)} ${causeText(masterLoss.cause)}, ${at(masterLoss.atMs, clocks)}.`
    return `${broker} has no master and accepts no messages; ${role}.${since}`
  }
  if (registeredPerm !== undefined && permissionChange?.kind === 'wiped')
    return `The write permission of ${broker} was wiped ${at(permissionChange.atMs, clocks)} by ${permissionChange.by} (request 205, as mqadmin wipeWritePerm sends) and has not been restored here; NameServers do not tell each other, so others may still permit writing.`
  if (registeredPerm !== undefined)
    return `On ${broker} it has permission ${perm} by a request to this server; the broker registered ${registeredPerm}.`
  if ((cell.perm & Perm.WRITE) !== 0) return `On ${broker} it has no write queues.`
  if (cell.isProvisional) return `On ${broker}, ${SINCE_BEFORE_RESTART}.`
  if (cell.registeredFrom === undefined)
    return `On ${broker} it has permission ${perm}: by brokerPermission in its broker.conf, by mqadmin updateTopicPerm, or, if no topic of ${broker} is writable here, by mqadmin wipeWritePerm at this NameServer, which restore-write undoes.`
  return `${broker} itself registers it with permission ${perm}: by brokerPermission in its broker.conf, or by mqadmin updateTopicPerm.`
}

function writableAgain(cell: TopicCell, { topic }: TopicFacts): string | null {
  const { brokerName, perm, registeredPerm, registeredFrom, masterAddr, isProvisional, readQueues } = cell
  if (masterAddr === undefined) return null
  if (registeredPerm !== undefined) return mqnamesrv('broker restore-write', brokerName)
  if (isProvisional) return null
  // It has write permission, and no write queues.
  if ((perm & Perm.WRITE) !== 0)
    return mqadmin('updateTopic', {
      b: masterAddr,
      t: topic,
      r: readQueues,
      w: Math.max(1, readQueues),
      p: perm,
    })
  // Perhaps it was wiped here; restore-write says that it changes all topics of the broker, and asks.
  if (registeredFrom === undefined) return mqnamesrv('broker restore-write', brokerName)
  return mqadmin('updateTopicPerm', { b: masterAddr, t: topic, p: Perm.READ | Perm.WRITE })
}

function missingText({ topic, peersWithout }: TopicFacts): string | undefined {
  if (peersWithout.length === 0) return undefined
  return `${list(peersWithout)} ${peersWithout.length === 1 ? 'has' : 'have'} no route for ${name(topic)}: clients that ask there report "No route info of this topic". Brokers must have all NameServers in namesrvAddr.`
}

function provisionalTexts(cells: readonly TopicCell[]): (string | undefined)[] {
  const provisional = cells.filter(({ isProvisional, isDropped }) => isProvisional && !isDropped)
  const dropped = cells.filter(({ isDropped }) => isDropped)
  return [
    provisional.length === 0
      ? undefined
      : `What is shown of ${namesOf(provisional)} is provisional: it is from the snapshot before the restart, and ${provisional.length === 1 ? 'the broker has' : 'the brokers have'} not registered again.`,
    dropped.length === 0
      ? undefined
      : `${namesOf(dropped)} registered again without it: it disappears when the grace period ends (routeSnapshotGraceMillis).`,
  ]
}

/** A route is right, and clients still cannot connect. */
function addressTexts(cells: readonly TopicCell[]): string[] {
  return cells
    .flatMap(({ brokerName, addresses }) => addresses.map((each) => announcedText(brokerName, each)))
    .slice(0, MAX_CAUSES)
}

function registrationText({ registration, topic, clocks }: TopicFacts): string | undefined {
  if (registration === undefined) return undefined
  return `${name(topic)} was registered without a broker registration (request 217) ${at(registration.atMs, clocks)} by ${registration.by}, on ${counted(registration.brokers, 'broker')}.`
}

function withoutRoute(facts: TopicFacts): Story<TopicVerdict> {
  const { topic, loss, brokerGroups, peersWith, rejections, clocks, autoCreating, cluster, similar } = facts
  const create = createCommand(topic, loss, cluster, similar)
  const meant = similarText(facts)
  const own = [unnamedText(facts), askedText(facts), registrationText(facts)]
  const notes = [meant, ...own]
  const elsewhere = peersWith.length === 0 ? undefined : `It has a route at ${list(peersWith)}.`
  if (loss !== undefined) {
    const text = lossText(topic, loss, clocks)
    switch (loss.kind) {
      case 'deleted':
        return story(
          'deleted',
          [
            text,
            'A broker that still has it registers it again within a minute (with its next change if forceRegister is off).',
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
            elsewhere,
            'Its route comes back when the broker registers again: start it, or see why it cannot connect.',
            ...notes,
          ],
          [mqnamesrv('broker explain', loss.brokerName)],
        )
    }
  }
  const byLimit = rejections.filter(({ limit }) => limit !== undefined)
  // A name that resembles an existing one is more likely misspelt than missing, unless a peer has it.
  if (byLimit.length > 0 && (elsewhere !== undefined || (brokerGroups > 0 && meant === undefined))) {
    const text = `This server rejects the registration of ${names(byLimit.map(({ brokerName }) => brokerName))}, whose topics, perhaps ${name(topic)} too, are missing.`
    return story('rejected_by_limit', [text, ...rejectionTexts(facts), elsewhere, ...notes], [])
  }
  if (peersWith.length > 0) {
    const why = rejections.length > 0 ? '.' : ': its brokers do not register with this server.'
    const text = `${name(topic)} has a route at ${list(peersWith)}, but not here${why}`
    const advice =
      'Brokers must have all NameServers in namesrvAddr; clients that ask another one find the topic.'
    return story('only_on_peers', [text, ...rejectionTexts(facts), advice, ...notes], [])
  }
  if (brokerGroups === 0) {
    const text = `No broker is registered with this server, so neither ${name(topic)} nor any other topic has a route.`
    const last = facts.lastDeparture
    const left =
      last &&
      `The last one that left: ${memberText(last)} ${causeText(last.cause)}, ${at(last.atMs, clocks)}.`
    const advice = 'Start the brokers, with this server in their namesrvAddr (NAMESRV_ADDR).'
    return story(
      'no_brokers',
      [text, left, advice, ...rejectionTexts(facts), ...notes],
      [last && mqnamesrv('broker explain', last.brokerName)],
    )
  }
  const away = facts.awayWithUnnamed
  if (away !== undefined && meant === undefined) {
    const broker = name(away.brokerName)
    const text = `${name(topic)} may have left with ${broker}, ${at(away.atMs, clocks)}: ${broker} ${causeText(away.cause)}, and only some of the names of its ${counted(away.topics, 'topic')} are kept.`
    const advice = 'If so, its route comes back when that broker registers again.'
    return story(
      'left_with_brokers',
      [text, advice, askedText(facts), registrationText(facts)],
      [mqnamesrv('broker explain', away.brokerName)],
    )
  }
  const { slavesOnly } = facts
  const masterless =
    slavesOnly.length === 0 || meant !== undefined
      ? undefined
      : `Only slaves of ${names(slavesOnly)} have registered, and topics are taken from masters only: ${name(topic)} may be one of those that are missing.`
  const others = [...rejectionTexts(facts), ...own]
  const origin = originText(topic)
  if (origin === undefined && !isValidName(topic)) {
    const text = `No broker has ${name(topic)}, and none can create it: ${NAME_RULE}.`
    return story('invalid_name', [meant, text, ...others], [])
  }
  // Other groups could have the topic, too, and do not.
  if (masterless !== undefined && slavesOnly.length === brokerGroups) {
    const advice =
      'Start the master (brokerId=0), or elect one (mqadmin electMaster) if a controller assigns the roles.'
    return story('slaves_only', [masterless, advice, origin, ...others], [])
  }
  if (origin !== undefined)
    return story('created_by_brokers', [meant, `No broker has ${name(topic)}.`, origin, ...others], [])
  if (autoCreating.length > 0) {
    const text = `No broker has ${name(topic)} yet: ${names(autoCreating)} would create it when a producer sends the first message (autoCreateTopicEnable is on); consumers find no route before that.`
    return story('created_by_first_message', [meant, text, masterless, ...others], [create])
  }
  const text = `No broker has ${name(topic)}, and none creates topics on their first use (TBW102 has no route): the topic must be created${similar.length > 0 ? ', if its name is right' : ''}.`
  return story('never_created', [meant, text, masterless, ...others], [create])
}

function unnamedText({ unnamedRemovals, clocks }: TopicFacts): string | undefined {
  const last = unnamedRemovals.at(-1)
  if (last === undefined) return undefined
  return `It may be among the topics removed with ${name(last.brokerName)} ${at(last.atMs, clocks).replace('at ', 'at or before ')}; only some of their names are kept.`
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
  const clients = miss.clients.map(
    ({ address, language, version }) => `${address} (${language}, ${release(versionName(version))})`,
  )
  const last = isoTime(miss.lastSeenMs).replace(/\.\d+Z$/, 'Z')
  return `${counted(miss.count, 'lookup')} found no route, the last at ${last}; clients that ask: ${list(clients)}.`
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
