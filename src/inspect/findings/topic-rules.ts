import { counted } from '../../common/counted.ts'
import type { Steps } from '../../common/time-slicer.ts'
import { Perm } from '../../protocol/body/topic-config.ts'
import { type BrokerData, MASTER_ID, type QueueData } from '../../protocol/body/topic-route-data.ts'
import { isSystemTopic } from '../../routeinfo/table-queries.ts'
import { mqadmin, mqnamesrv } from '../commands.ts'
import { name } from '../explain/wording.ts'
import type { PermissionChange } from '../history/route-history.ts'
import { dateOf } from '../sources.ts'
import { AffectedTopics } from './affected-topics.ts'
import type { Details, Observations } from './finding.ts'
import type { JudgedRoutes, RuleSources } from './rule-sources.ts'
import { type HolesOfBroker, noteHoles, reportHoles } from './static-topic-rule.ts'

/** A broker name, how many topics it has, and which of them have a problem on it. */
class Broker {
  readonly group: BrokerData
  /** The request that wiped its write permission, if that is still in effect for any of its topics. */
  readonly wipe: PermissionChange | undefined
  topics = 0
  unwritable = 0
  /** Topics that are not writable because a request to this server overrides what the broker registered. */
  overridden = 0
  /** Not writable for a reason of their own. */
  readonly locked = new AffectedTopics()
  /** Of these, topics that no other broker is writable for, and those whose permission a request to this server changed. */
  lockedEverywhere = 0
  lockedByRequest = 0
  readonly unreadable = new AffectedTopics()
  /** With more write than read queues. */
  readonly unread = new AffectedTopics()
  /** With more read than write queues. */
  readonly shrunk = new AffectedTopics()
  /** With at most half as many write queues as on another broker. */
  readonly few = new AffectedTopics()
  /** On no other broker, although the cluster has several. */
  readonly alone = new AffectedTopics()

  constructor(group: BrokerData, wipe: PermissionChange | undefined) {
    this.group = group
    this.wipe = wipe
  }
}

/** What the rules about topics read beside the routes. */
type TopicRuleSources = Pick<RuleSources, 'history' | 'nowMs' | 'dateMs'>

type Brokers = ReadonlyMap<string, Broker>
type Queues = ReadonlyMap<string, QueueData>

/** Rules about topics. A step per topic; for a topic that is as it should be nothing is allocated. */
export function* checkTopics(
  view: JudgedRoutes,
  sources: TopicRuleSources,
  found: Observations,
): Steps<void> {
  const brokers = new Map<string, Broker>()
  const groupsOfCluster = new Map<string, number>()
  for (const group of view.groupsWithMembers()) {
    const change = sources.history.permissionChange(group.brokerName)
    const wipe = change?.kind === 'wiped' && isOverridden(view, group.brokerName) ? change : undefined
    brokers.set(group.brokerName, new Broker(group, wipe))
    groupsOfCluster.set(group.cluster, (groupsOfCluster.get(group.cluster) ?? 0) + 1)
    yield
  }
  const { topicQueueMappingInfoTable } = view.tables
  const hasMappings = view.restored !== undefined || topicQueueMappingInfoTable.size > 0
  const unwritable: [topic: string, queues: Queues][] = []
  const facts: Facts = { isUnwritable: false, isUnusual: false, maxWriteQueues: 0 }
  const holes: HolesOfBroker = new Map()
  for (const [topic, queues] of view.topics()) {
    collect(topic, queues, brokers, view, facts)
    if (
      (facts.isUnusual || hasMappings || queues.size === 1) &&
      !isInternalTopic(topic) &&
      !brokers.has(topic) &&
      !groupsOfCluster.has(topic)
    ) {
      if (facts.isUnwritable) unwritable.push([topic, queues])
      note(topic, queues, brokers, groupsOfCluster, facts)
      const mappings = hasMappings ? view.mappings(topic) : undefined
      if (mappings !== undefined) noteHoles(topic, mappings, brokers, holes)
    }
    yield
  }
  for (const [topic, queues] of unwritable) {
    noteLocked(topic, queues, brokers, view, sources)
    yield
  }
  for (const broker of brokers.values()) {
    reportUnwritable(broker, sources, found)
    reportUnreadable(broker, found)
    reportUnequal(broker, found)
    reportSkew(broker, found)
    reportAlone(broker, groupsOfCluster.get(broker.group.cluster) ?? 0, found)
    yield
  }
  reportHoles(holes, brokers, found)
}

/** Whether brokers, clients or proxies made the topic for themselves: retry and dead-letter topics, replies, what is synchronised. */
export function isInternalTopic(topic: string): boolean {
  return (
    topic.startsWith('%') ||
    topic.endsWith('_REPLY_TOPIC') ||
    topic === 'DefaultHeartBeatSyncerTopic' ||
    isSystemTopic(topic)
  )
}

/** What is unusual about the queues of a topic. */
interface Facts {
  /** On some broker. */
  isUnwritable: boolean
  /** No write or read permission on some broker, or different numbers of queues. */
  isUnusual: boolean
  /** Of brokers that permit writing. */
  maxWriteQueues: number
}

/** Looks once at the queues of a topic, and counts it at each of its brokers. */
function collect(topic: string, queues: Queues, brokers: Brokers, view: JudgedRoutes, facts: Facts): void {
  let perms = ~0
  let isUnequal = false
  let min = Number.POSITIVE_INFINITY
  let max = 0
  for (const queueData of queues.values()) {
    const { brokerName, perm, readQueueNums, writeQueueNums } = queueData
    const broker = brokers.get(brokerName)
    if (broker === undefined) continue
    broker.topics++
    perms &= perm
    if (readQueueNums !== writeQueueNums) isUnequal = true
    if ((perm & Perm.WRITE) === 0) {
      broker.unwritable++
      if (lostWritePerm(topic, queueData, view)) broker.overridden++
    } else {
      if (writeQueueNums < min) min = writeQueueNums
      if (writeQueueNums > max) max = writeQueueNums
    }
  }
  facts.isUnwritable = (perms & Perm.WRITE) === 0
  facts.isUnusual = facts.isUnwritable || (perms & Perm.READ) === 0 || isUnequal || isSkewed(min, max)
  facts.maxWriteQueues = max
}

function isSkewed(writeQueues: number, maxWriteQueues: number): boolean {
  return maxWriteQueues > 0 && maxWriteQueues >= 2 * writeQueues
}

/** Adds a topic to those of its brokers on which it has a problem. */
function note(
  topic: string,
  queues: Queues,
  brokers: Brokers,
  groupsOfCluster: ReadonlyMap<string, number>,
  { maxWriteQueues }: Facts,
): void {
  for (const queueData of queues.values()) {
    const { brokerName, perm, readQueueNums, writeQueueNums } = queueData
    const broker = brokers.get(brokerName)
    if (broker === undefined) continue
    const queueNums = Math.max(readQueueNums, writeQueueNums)
    if ((perm & Perm.READ) === 0) broker.unreadable.add(topic, permText(queueData))
    if (writeQueueNums > readQueueNums) broker.unread.add(topic, queuesText(queueData), queueNums)
    if (writeQueueNums < readQueueNums) broker.shrunk.add(topic, queuesText(queueData), queueNums)
    if ((perm & Perm.WRITE) !== 0 && isSkewed(writeQueueNums, maxWriteQueues))
      broker.few.add(topic, `${writeQueueNums} write`, maxWriteQueues)
    if (queues.size === 1 && (groupsOfCluster.get(broker.group.cluster) ?? 0) > 1)
      broker.alone.add(topic, queuesText(queueData), queueNums)
  }
}

/**
 * Whether missing write permission is a finding about the broker: none of its topics has it, or it is wiped for some of them.
 * A broker without a master accepts no messages anyway.
 */
function isUnwritable(broker: Broker): boolean {
  return broker.group.brokerAddrs.has(MASTER_ID) && (isWholly(broker) || isWiped(broker))
}

function isWholly({ topics, unwritable }: Broker): boolean {
  return topics > 0 && unwritable === topics
}

/** A topic that the broker registers again after the wipe is writable; the wipe stays in effect for the others. */
function isWiped({ wipe, overridden }: Broker): boolean {
  return wipe !== undefined && overridden > 0
}

/** Whether queues without write permission had it when their broker registered them. */
function lostWritePerm(
  topic: string,
  { brokerName }: QueueData,
  { tables, restored }: JudgedRoutes,
): boolean {
  const registered = tables.overridden.registeredOf(topic, brokerName)
  if (registered !== undefined) return (registered.perm & Perm.WRITE) !== 0
  return restored?.groups.get(brokerName)?.writePerm === 'wipe'
}

/** Whether the permission of some queues of a broker name is not what the broker registered. */
export function isOverridden(
  { tables, restored }: Pick<JudgedRoutes, 'restored' | 'tables'>,
  brokerName: string,
): boolean {
  return tables.overridden.has(brokerName) || restored?.groups.get(brokerName)?.writePerm === 'wipe'
}

function reportUnwritable(broker: Broker, sources: TopicRuleSources, found: Observations): void {
  const { group, locked, lockedEverywhere } = broker
  const isWhole = isUnwritable(broker)
  if (!isWhole && locked.total === 0) return
  const severity = isWhole || lockedEverywhere > 0 ? 'warning' : 'info'
  found.add('permission_not_writable', severity, group.brokerName, () => {
    if (!isWhole) return lockedDetails(broker, sources)
    const details = wholeDetails(broker, sources)
    if (locked.total === 0) return details
    const { text, evidence, command } = lockedDetails(broker, sources)
    const { topics: lockedTopics = 0, firstTopics = [] } = evidence
    return {
      ...details,
      text: `${details.text} ${text}${command ? ` Run ${command} for it.` : ''}`,
      evidence: { ...details.evidence, lockedTopics, firstTopics },
    }
  })
}

function wholeDetails(broker: Broker, sources: TopicRuleSources): Details {
  const { group, wipe, topics, overridden } = broker
  const { brokerName, cluster, brokerAddrs } = group
  const verb = overridden === 1 ? 'is' : 'are'
  const what = isWholly(broker)
    ? `None of the ${counted(topics, 'topic')} of ${name(brokerName)} is writable`
    : `${overridden} of the ${counted(topics, 'topic')} of ${name(brokerName)} ${verb} not writable`
  const cause = wipe
    ? `${wipe.by} wiped it (wipeWritePerm) at ${dateOf(wipe.atMs, sources)}`
    : 'the broker registers them so (brokerPermission), or it was wiped before this server started'
  return {
    text: `${what}: ${cause}. Producers use other brokers, or get "No route info of this topic".`,
    evidence: { cluster, topics, ...(wipe && { wipedBy: wipe.by }) },
    causedMs: wipe?.atMs,
    command: wipe
      ? mqnamesrv('broker restore-write', brokerName)
      : mqadmin('updateBrokerConfig', { b: brokerAddrs.get(MASTER_ID) ?? '', k: 'brokerPermission', v: 6 }),
  }
}

/** Missing masters, and brokers that are not writable or are wiped, are findings of their own. */
function noteLocked(
  topic: string,
  queues: Queues,
  brokers: Brokers,
  view: JudgedRoutes,
  { history }: TopicRuleSources,
): void {
  let writable = 0
  const causes: [Broker, QueueData][] = []
  for (const queueData of queues.values()) {
    const broker = brokers.get(queueData.brokerName)
    if (broker === undefined) continue
    if ((queueData.perm & Perm.WRITE) !== 0) writable++
    else if (!broker.group.brokerAddrs.has(MASTER_ID) || isWholly(broker)) continue
    else if (!isWiped(broker) || !lostWritePerm(topic, queueData, view)) causes.push([broker, queueData])
  }
  const isRegistered = history.topicRegistration(topic) !== undefined
  for (const [broker, queueData] of causes) {
    broker.locked.add(topic, permText(queueData))
    if (writable === 0) broker.lockedEverywhere++
    if (!isRegistered && lostWritePerm(topic, queueData, view)) broker.lockedByRequest++
  }
}

function lockedDetails(broker: Broker, sources: TopicRuleSources): Details {
  const { group, locked, lockedEverywhere, lockedByRequest } = broker
  const noRoute = 'get "No route info of this topic"'
  const effect =
    lockedEverywhere === locked.total
      ? noRoute
      : `use other brokers${lockedEverywhere > 0 ? ` or, for ${lockedEverywhere} of them, ${noRoute}` : ''}`
  const details = (cause: string, command: string | null): Details => ({
    text: `${name(group.brokerName)} has no write permission for ${locked.text}: producers ${effect}. ${cause}`,
    evidence: { cluster: group.cluster, ...locked.evidence },
    command,
  })
  if (lockedByRequest === locked.total)
    return details(
      'A request to this server changed its permission there.',
      mqnamesrv('broker restore-write', group.brokerName),
    )
  const { advice, command } = locked.remedy('updateTopicPerm', atMaster(group), { p: 6 })
  const registration = sources.history.topicRegistration(locked.single ?? '')
  const cause =
    registration === undefined
      ? 'Its permission there is what the broker registers.'
      : `${registration.by} registered it with request 217 at ${dateOf(registration.atMs, sources)}.`
  return details(
    locked.single === undefined ? `mqnamesrv topic explain tells why for each.${advice}` : cause,
    command,
  )
}

function reportUnreadable({ group, unreadable }: Broker, found: Observations): void {
  if (unreadable.total === 0) return
  found.add('permission_not_readable', 'warning', group.brokerName, () => {
    const { advice, command } = unreadable.remedy('updateTopicPerm', atMaster(group), { p: 6 })
    return {
      text: `${name(group.brokerName)} has no read permission for ${unreadable.text}: messages there are not consumed.${advice}`,
      evidence: { cluster: group.cluster, ...unreadable.evidence },
      command,
    }
  })
}

/** With more read than write queues a topic is perhaps being shrunk. */
function reportUnequal({ group, unread, shrunk }: Broker, found: Observations): void {
  const isUnread = unread.total > 0
  const worst = isUnread ? unread : shrunk
  if (worst.total === 0) return
  found.add('read_write_queue_mismatch', isUnread ? 'warning' : 'info', group.brokerName, () => {
    const { advice, command } = worst.remedy('updateTopic', atMaster(group), worst.queueOptions)
    const both =
      isUnread && shrunk.total > 0 ? ` The broker has more read than write queues for ${shrunk.text}.` : ''
    const [more, fewer, effect] = isUnread
      ? ['write', 'read', 'messages in the last queues are not consumed']
      : ['read', 'write', 'this is expected only while a topic is being shrunk']
    return {
      text: `${name(group.brokerName)} has more ${more} than ${fewer} queues for ${worst.text}: ${effect}.${advice}${both}`,
      evidence: {
        cluster: group.cluster,
        ...worst.evidence,
        ...(both && { topicsWithMoreReadQueues: shrunk.total }),
      },
      command,
    }
  })
}

function reportSkew({ group, few }: Broker, found: Observations): void {
  if (few.total === 0) return
  found.add('write_queue_skew', 'info', group.brokerName, () => {
    const { advice, command } = few.remedy('updateTopic', atMaster(group), few.queueOptions)
    return {
      text: `${name(group.brokerName)} has at most half as many write queues as another broker for ${few.text}, and receives messages in that proportion.${advice}`,
      evidence: { cluster: group.cluster, ...few.evidence },
      command,
    }
  })
}

function reportAlone({ group, alone }: Broker, groups: number, found: Observations): void {
  if (alone.total === 0) return
  const { brokerName, cluster } = group
  found.add('single_broker_route', 'info', brokerName, () => {
    const { advice, command } = alone.remedy('updateTopic', { c: cluster }, alone.queueOptions)
    return {
      text: `Of the ${groups} broker groups in ${name(cluster)}, ${name(brokerName)} alone has ${alone.text}: while it is away, no broker accepts these messages.${advice}`,
      evidence: { cluster, ...alone.evidence },
      command,
    }
  })
}

/** The option of a topic command for the broker group; undefined without a master. */
function atMaster({ brokerAddrs }: BrokerData): { readonly b: string } | undefined {
  const b = brokerAddrs.get(MASTER_ID)
  return b === undefined ? undefined : { b }
}

function permText({ perm }: QueueData): string {
  return `perm ${perm}`
}

function queuesText({ readQueueNums, writeQueueNums }: QueueData): string {
  return `${readQueueNums} read, ${writeQueueNums} write`
}
