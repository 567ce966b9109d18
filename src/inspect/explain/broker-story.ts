import { counted } from '../../common/counted.ts'
import { hostOf } from '../../common/host-of.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import type { BrokerLiveInfo } from '../../routeinfo/route-tables.ts'
import { mqadmin, mqnamesrv } from '../commands.ts'
import type { AddressProblem } from '../findings/announced-address.ts'
import { isLate } from '../heartbeat.ts'
import type {
  Departure,
  MasterLoss,
  PermissionChange,
  RegistrationRejection,
} from '../history/route-history.ts'
import type { SimilarName } from '../similar-names.ts'
import { type Story, story } from './story.ts'
import { at, type Clocks, causeText, list, memberText, name, names } from './wording.ts'

/** What a broker's story may be. */
export const BROKER_VERDICTS = {
  registered: 'It is registered, and nothing is wrong that this server can see.',
  provisional: 'It is shown from the snapshot and has not registered since the restart of this server.',
  heartbeat_late: 'It is registered, but has sent nothing for more than half of its timeout.',
  address_unreachable:
    'It is registered, but its address accepts no connection from this server (`brokerProbe`).',
  address_differs: 'It is registered, but announces an address that clients elsewhere cannot connect to.',
  id_conflict: 'It is registered, but another address registers with the same brokerName and id.',
  no_master: 'Slaves are registered, but no master.',
  not_writable: 'It is registered, but none of its topics is writable.',
  rejected: 'Its registration is rejected.',
  unregistered: 'It unregistered by its own request.',
  connection_lost: 'Its connection to this server closed.',
  expired: 'It sent no heartbeat within its timeout.',
  unreachable: 'It sent no heartbeats, and its address accepted no connection.',
  not_returned: 'It did not register again after the restart of this server.',
  not_listed: 'An observed NameServer does not list it any more.',
  renamed: 'Its address registered under another broker name.',
  only_on_peers: 'It is registered at another NameServer, not here.',
  never_registered: 'It has not registered since the start of this server.',
} as const
export type BrokerVerdict = keyof typeof BROKER_VERDICTS

/** An announced address that clients elsewhere cannot connect to. */
export interface AnnouncedAddress {
  readonly brokerAddr: string
  readonly peer: string
  readonly problem: AddressProblem
}

/** A member of a broker group. */
export interface MemberFacts {
  readonly brokerId: bigint
  readonly brokerAddr: string
  /** The peer of its last registration; undefined for one that is restored. */
  readonly peer: string | undefined
  /** When it became a member; undefined if that was before the start of this server. */
  readonly sinceMs: number | undefined
  /** Topics in its last registration; undefined for one that is restored. */
  readonly registeredTopics: number | undefined
  readonly heartbeatAgeMs: number | undefined
  readonly heartbeatTimeoutMs: number | undefined
  readonly isProvisional: boolean
  /** Why its address cannot be reached from here. */
  readonly suspicion: string | undefined
  readonly announced: AnnouncedAddress | undefined
}

/** What the tables, the history and others know of a broker name. */
export interface BrokerFacts {
  readonly brokerName: string
  readonly clusters: readonly string[]
  /** None if it is not registered. */
  readonly members: readonly MemberFacts[]
  /** Registered with its name, but no members: other addresses have their ids. */
  readonly outside: readonly Pick<BrokerLiveInfo, 'brokerAddr' | 'peer'>[]
  readonly slavesActAsMaster: boolean
  readonly masterLoss: MasterLoss | undefined
  readonly topics: number
  readonly writableTopics: number
  readonly permissionChange: PermissionChange | undefined
  /** Whether requests changed the permission since its last registration. */
  readonly isOverridden: boolean
  readonly departures: readonly Departure[]
  /** The broker name that is registered at the address of the last departure, and whether it has the same topics. */
  readonly successor: { readonly brokerName: string; readonly isSame: boolean } | undefined
  /** The last registration that was rejected, and whether its broker has not registered since. */
  readonly rejection: RegistrationRejection | undefined
  readonly isRejected: boolean
  readonly similar: readonly SimilarName[]
  /** Addresses of peers at which a member is registered that is missing here, and of those that miss one that is here. */
  readonly peersWith: readonly string[]
  readonly peersWithout: readonly string[]
  readonly startedMs: number
  /** Whether it is another NameServer that is observed, and the start is that of observing it. */
  readonly isObserved: boolean
  readonly clocks: Clocks
}

/** Departures within this time that make a broker flap. */
const FLAPPING_MS = 600_000
const FLAPPING_DEPARTURES = 3
/** Members of which the story tells. */
const MAX_MEMBERS = 4

/** What has become of a broker. */
export function tellBroker(facts: BrokerFacts): Story<BrokerVerdict> {
  return facts.members.length > 0 ? registered(facts) : notRegistered(facts)
}

function registered(facts: BrokerFacts): Story<BrokerVerdict> {
  const { brokerName, clusters, members, clocks } = facts
  const broker = name(brokerName)
  const shown = members.slice(0, MAX_MEMBERS).map((member) => presence(member, clocks))
  const summary = `${broker} of ${names(clusters)} is registered with ${topicsText(facts)}: ${shown.join('; ')}${members.length > MAX_MEMBERS ? '; …' : ''}.`
  const problems = problemsOf(facts)
  const notes = [
    clusters.length > 1
      ? `Its name is used in the clusters ${names(clusters)}: clients take the brokers of both for one group, so one cluster must rename its own.`
      : undefined,
    missingText(facts),
    elsewhereText(facts),
    rejectionText(facts),
    ...infoTexts(facts),
    flappingText(facts),
    facts.departures.length > 0 ? departureText(facts.departures.at(-1) as Departure, clocks) : undefined,
  ]
  const [worst] = problems
  return story(
    worst?.verdict ?? 'registered',
    [
      ...(worst === undefined ? [summary] : []),
      ...problems.map(({ text }) => text),
      ...(worst === undefined ? [] : [summary]),
      ...notes,
    ],
    problems.map(({ command }) => command),
  )
}

/** Slaves register topics, too, but not into the routes. */
function topicsText({ topics, members }: BrokerFacts): string {
  const registered = Math.max(...members.map(({ registeredTopics = 0 }) => registeredTopics))
  const isOnlySlaves = members.every(({ brokerId }) => brokerId !== MASTER_ID)
  return isOnlySlaves && topics === 0 && registered > 0
    ? `none of its ${counted(registered, 'topic')} in the routes (topics are taken from masters only)`
    : counted(topics, 'topic')
}

function presence(
  { brokerId, brokerAddr, peer, sinceMs, heartbeatAgeMs }: MemberFacts,
  clocks: Clocks,
): string {
  const role = brokerId === MASTER_ID ? 'master' : `slave ${brokerId}`
  if (heartbeatAgeMs === undefined || peer === undefined) return `${role} ${name(brokerAddr)}`
  const since = sinceMs === undefined ? '' : ` since ${at(sinceMs, clocks).slice(3)}`
  return `${role} ${name(brokerAddr)}, registered from ${peer}${since}, last heartbeat ${seconds(heartbeatAgeMs)} ago`
}

interface Problem {
  readonly verdict: BrokerVerdict
  readonly text: string
  readonly command?: string | null
}

/** The worst first. */
function problemsOf(facts: BrokerFacts): Problem[] {
  const { brokerName, members, isRejected, rejection, clocks } = facts
  const broker = name(brokerName)
  const problems: Problem[] = []
  if (isRejected && rejection !== undefined) {
    const text = `This server rejects what ${broker} registers: what it registered before stays, and what is new is missing.`
    problems.push({ verdict: 'rejected', text })
  }
  for (const { brokerAddr, suspicion } of members)
    if (suspicion !== undefined) {
      const text = `${broker} at ${name(brokerAddr)} sends no heartbeats, and its address accepts no connection from this server: ${suspicion}.`
      problems.push({ verdict: 'address_unreachable', text })
    }
  if (facts.outside.length > 0) {
    const others = names(facts.outside.map(({ brokerAddr }) => brokerAddr))
    const verb = facts.outside.length === 1 ? 'registers' : 'register'
    const text = `${others} also ${verb} as ${broker}, with an id that another address has: the route alternates between their addresses. Give each broker a brokerName or brokerId of its own and restart it.`
    problems.push({ verdict: 'id_conflict', text })
  }
  if (!members.some(({ brokerId }) => brokerId === MASTER_ID)) problems.push(noMaster(facts))
  else if (facts.topics > 0 && facts.writableTopics === 0) problems.push(notWritable(facts))
  for (const { announced } of members)
    if (announced?.problem.severity === 'warning')
      problems.push({
        verdict: 'address_differs',
        text: announcedText(brokerName, announced),
        command: announced.problem.command,
      })
  for (const { brokerAddr, heartbeatAgeMs = 0, heartbeatTimeoutMs = Number.POSITIVE_INFINITY } of members)
    if (isLate(heartbeatAgeMs, heartbeatTimeoutMs)) {
      const isCause = isRejected && rejection?.brokerAddr === brokerAddr
      const text = isCause
        ? `Nothing that ${broker} at ${name(brokerAddr)} sent for ${seconds(heartbeatAgeMs)} was accepted: it will be removed after ${seconds(heartbeatTimeoutMs)}.`
        : `${broker} at ${name(brokerAddr)} has sent nothing for ${seconds(heartbeatAgeMs)} and will be removed after ${seconds(heartbeatTimeoutMs)}: see whether it is paused, overloaded or cut off.`
      const command = isCause ? null : mqadmin('brokerStatus', { b: brokerAddr })
      problems.push({ verdict: 'heartbeat_late', text, command })
    }
  const provisional = members.filter(({ isProvisional }) => isProvisional)
  if (provisional.length > 0) {
    const [are, they, have] = provisional.length === 1 ? ['is', 'it', 'has'] : ['are', 'they', 'have']
    const text = `${names(provisional.map(({ brokerAddr }) => brokerAddr))} of ${broker} ${are} shown from the snapshot: ${they} ${have} not registered since this server started ${at(facts.startedMs, clocks)}. A broker that does not within routeSnapshotGraceMillis is removed.`
    problems.push({ verdict: 'provisional', text })
  }
  return problems
}

/** What clients see of an announced address that they cannot connect to. */
export function announcedText(brokerName: string, { brokerAddr, peer, problem }: AnnouncedAddress): string {
  return `${name(brokerName)} announces ${name(brokerAddr)}, which ${problem.text}; it registers from ${hostOf(peer)}. Clients may report "connect to ${name(brokerAddr)} failed": set brokerIP1 in its broker.conf and restart it.`
}

function infoTexts({ brokerName, members }: BrokerFacts): string[] {
  return members.flatMap(({ announced }) =>
    announced?.problem.severity === 'info' ? announcedText(brokerName, announced) : [],
  )
}

function noMaster({ brokerName, slavesActAsMaster, masterLoss, clocks }: BrokerFacts): Problem {
  const why =
    masterLoss === undefined
      ? 'no master is known since the start of this server.'
      : `${name(masterLoss.brokerAddr)} ${causeText(masterLoss.cause)}, ${at(masterLoss.atMs, clocks)}.`
  const role = slavesActAsMaster ? 'A slave acts as master for consumers' : 'Its slaves serve consumers only'
  const text = `${name(brokerName)} has no master and accepts no messages: ${why} ${role}; start the master (brokerId=0), or elect one (mqadmin electMaster) if a controller assigns the roles.`
  return { verdict: 'no_master', text }
}

function notWritable(facts: BrokerFacts): Problem {
  const { brokerName, topics, members, isOverridden, permissionChange: change, clocks } = facts
  const none = `None of the ${counted(topics, 'topic')} of ${name(brokerName)} is writable`
  if (isOverridden && change?.kind === 'wiped')
    return {
      verdict: 'not_writable',
      text: `${none}: its write permission was wiped ${at(change.atMs, clocks)} by ${change.by} (request 205, as mqadmin wipeWritePerm sends).`,
      command: mqnamesrv('broker restore-write', brokerName),
    }
  const why = members.every(({ isProvisional }) => isProvisional)
    ? SINCE_BEFORE_RESTART
    : 'it registers them so (brokerPermission in its broker.conf)'
  return { verdict: 'not_writable', text: `${none}: ${why}.`, command: null }
}

/** Why a restored broker name is not writable: the snapshot does not say. */
export const SINCE_BEFORE_RESTART =
  'it was not writable in the snapshot: wiped, or registered so, before the restart'

function notRegistered(facts: BrokerFacts): Story<BrokerVerdict> {
  const {
    brokerName,
    departures,
    successor,
    isRejected,
    rejection,
    peersWith,
    startedMs,
    isObserved,
    clocks,
  } = facts
  const broker = name(brokerName)
  const last = departures.at(-1)
  const rejected = rejectionText(facts)
  if (rejected !== undefined && (isRejected || last === undefined || (rejection?.atMs ?? 0) > last.atMs)) {
    return story(
      'rejected',
      [`${broker} is not registered: this server rejects its registration.`, rejected],
      [],
    )
  }
  if (last !== undefined) {
    const others = departures.slice(0, -1).filter((each) => last.atMs - each.atMs < FLAPPING_MS)
    return story(
      successor?.isSame === true ? 'renamed' : VERDICT_OF_CAUSE[last.cause],
      [
        `${broker} is not registered. ${departureText(last, clocks)}`,
        last.topics > 0
          ? `${counted(last.topics, 'topic')} lost ${last.topics === 1 ? 'its' : 'their'} queues there.`
          : undefined,
        others.length > 0
          ? `Before that, ${counted(others.length, 'departure')} of its brokers within ten minutes.`
          : undefined,
        peersText(peersWith),
        successor?.isSame === true
          ? `Its address is registered as ${name(successor.brokerName)} now; clients find its topics under that name.`
          : ADVICE[last.cause],
        successor?.isSame === false
          ? `Its address is now used by ${name(successor.brokerName)}: it was renamed, or the address was reused.`
          : undefined,
      ],
      [mqnamesrv('broker list')],
    )
  }
  if (peersWith.length > 0)
    return story(
      'only_on_peers',
      [`${broker} is not registered here. ${peersText(peersWith)}`, ALL_NAMESERVERS],
      [],
    )
  const text = isObserved
    ? `This NameServer does not list ${broker}, and has not since it was first read ${at(startedMs, clocks)}.`
    : `${broker} has not registered since this server started ${at(startedMs, clocks)}.`
  return story(
    'never_registered',
    [text, similarText(facts), 'It must have this server in its namesrvAddr (NAMESRV_ADDR), and reach it.'],
    [mqnamesrv('broker list')],
  )
}

const VERDICT_OF_CAUSE = {
  request: 'unregistered',
  renamed: 'renamed',
  'connection lost': 'connection_lost',
  'disconnected by operator': 'connection_lost',
  expired: 'expired',
  unreachable: 'unreachable',
  'not returned': 'not_returned',
  'not listed': 'not_listed',
} as const satisfies Record<Departure['cause'], BrokerVerdict>

const ADVICE: Readonly<Record<Departure['cause'], string>> = {
  request: 'Start it again if it is needed.',
  renamed: 'Look for the new name; clients find topics under that.',
  'connection lost': 'See whether its process runs, and its log (broker.log, store.log).',
  'disconnected by operator':
    'A broker that runs registers again within a minute. mqnamesrv events --kind connection_closed shows from where the connection was closed.',
  expired: 'See whether its process is paused (GC, stopped by a signal) or cut off from this server.',
  unreachable: 'See whether its machine runs and is reachable from here.',
  'not returned': 'See whether it runs and has this server in its namesrvAddr.',
  'not listed': 'See whether it runs and reaches that NameServer.',
}

const ALL_NAMESERVERS = 'Brokers must have all NameServers in namesrvAddr.'

function departureText(departure: Departure, clocks: Clocks): string {
  const from = departure.peer === undefined ? '' : `, connected from ${departure.peer}`
  return `At ${at(departure.atMs, clocks).slice(3)}, ${memberText(departure)}${from}${from && ','} ${causeText(departure.cause)}.`
}

function peersText(peers: readonly string[]): string | undefined {
  return peers.length === 0 ? undefined : `It is registered at ${list(peers)}.`
}

function elsewhereText({ brokerName, peersWith }: BrokerFacts): string | undefined {
  if (peersWith.length === 0) return undefined
  return `A member of ${name(brokerName)} that is missing here is registered at ${list(peersWith)}. ${ALL_NAMESERVERS}`
}

function missingText({ brokerName, peersWithout }: BrokerFacts): string | undefined {
  if (peersWithout.length === 0) return undefined
  return `${name(brokerName)}, or a member of it, is not registered at ${list(peersWithout)}. ${ALL_NAMESERVERS}`
}

function rejectionText({ rejection, clocks }: BrokerFacts): string | undefined {
  if (rejection === undefined) return undefined
  const { brokerAddr, by, reason, atMs } = rejection
  return `The registration of ${name(brokerAddr)} from ${by} was rejected ${at(atMs, clocks)}: ${reason}.`
}

function flappingText({ departures, clocks }: BrokerFacts): string | undefined {
  const recent = departures.filter(({ atMs }) => clocks.nowMs() - atMs < FLAPPING_MS)
  for (const { brokerAddr } of recent) {
    const times = recent.filter((each) => each.brokerAddr === brokerAddr).length
    if (times >= FLAPPING_DEPARTURES) return `${name(brokerAddr)} has left ${times} times within ten minutes.`
  }
  return undefined
}

function similarText({ similar }: BrokerFacts): string | undefined {
  return similar.length === 0
    ? undefined
    : `Registered with a similar name: ${names(similar.map((each) => each.name))}.`
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}
