import type { Steps } from '../../common/time-slicer.ts'
import { Perm } from '../../protocol/body/topic-config.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import { type BrokerData, MASTER_ID, type QueueData } from '../../protocol/body/topic-route-data.ts'
import { isSystemTopic } from '../../routeinfo/table-queries.ts'
import { mqadmin, mqnamesrv } from '../commands.ts'
import type { PermissionChange } from '../history/route-history.ts'
import { dateOf } from '../sources.ts'
import type { Observations } from './finding.ts'
import type { JudgedRoutes, RuleSources } from './rule-sources.ts'

/** A broker name, and how many topics it has. */
interface Broker {
  readonly group: BrokerData
  /** The request that wiped its write permission, if that is still in effect for any of its topics. */
  readonly wipe: PermissionChange | undefined
  topics: number
  unwritable: number
  /** Topics that are not writable because a request to this server overrides what the broker registered. */
  overridden: number
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
    brokers.set(group.brokerName, { group, wipe, topics: 0, unwritable: 0, overridden: 0 })
    groupsOfCluster.set(group.cluster, (groupsOfCluster.get(group.cluster) ?? 0) + 1)
    yield
  }
  const { topicQueueMappingInfoTable } = view.tables
  const hasMappings = view.restored !== undefined || topicQueueMappingInfoTable.size > 0
  const unwritable: [topic: string, queues: Queues][] = []
  const facts: Facts = { isUnwritable: false, isUnreadable: false, isUnequal: false, isSkewed: false }
  for (const [topic, queues] of view.topics()) {
    collect(topic, queues, brokers, view, facts)
    const mayMatter = facts.isUnwritable || facts.isUnreadable || facts.isUnequal || facts.isSkewed
    if (
      (mayMatter || hasMappings || queues.size === 1) &&
      !isInternalTopic(topic) &&
      !brokers.has(topic) &&
      !groupsOfCluster.has(topic)
    ) {
      if (facts.isUnwritable) unwritable.push([topic, queues])
      if (facts.isUnreadable) reportUnreadable(topic, queues, brokers, found)
      if (facts.isUnequal) reportUnequal(topic, queues, brokers, found)
      if (facts.isSkewed) reportSkew(topic, queues, brokers, found)
      if (queues.size === 1) checkSingle(topic, queues, brokers, groupsOfCluster, found)
      const mappings = hasMappings ? view.mappings(topic) : undefined
      if (mappings !== undefined) checkMappings(topic, mappings, brokers, found)
    }
    yield
  }
  for (const broker of brokers.values()) {
    if (isUnwritable(broker)) reportUnwritable(broker, sources, found)
    yield
  }
  for (const [topic, queues] of unwritable) {
    checkWritable(topic, queues, brokers, view, sources, found)
    yield
  }
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

/** What is unusual about the queues of a topic: no write or read permission, or different numbers of queues. */
interface Facts {
  isUnwritable: boolean
  isUnreadable: boolean
  isUnequal: boolean
  isSkewed: boolean
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
  facts.isUnreadable = (perms & Perm.READ) === 0
  facts.isUnequal = isUnequal
  facts.isSkewed = max > 0 && max >= 2 * min
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
  const { group, wipe, topics, overridden } = broker
  const { brokerName, cluster, brokerAddrs } = group
  found.add('permission_not_writable', 'warning', brokerName, () => {
    const verb = overridden === 1 ? 'is' : 'are'
    const what = isWholly(broker)
      ? `None of the ${topics} topics of ${brokerName} is writable`
      : `${overridden} of the ${topics} topics of ${brokerName} ${verb} not writable`
    const cause = wipe
      ? `${wipe.by} wiped it (wipeWritePerm) on ${dateOf(wipe.atMs, sources)}`
      : 'the broker registers them so (brokerPermission), or it was wiped before this server started'
    return {
      text: `${what}: ${cause}. Producers use other brokers, or get "No route info of this topic".`,
      evidence: { cluster, topics, ...(wipe && { wipedBy: wipe.by }) },
      command: wipe
        ? mqnamesrv('broker restore-write', brokerName)
        : mqadmin('updateBrokerConfig', { b: brokerAddrs.get(MASTER_ID) ?? '', k: 'brokerPermission', v: 6 }),
    }
  })
}

function checkWritable(
  topic: string,
  queues: Queues,
  brokers: Brokers,
  view: JudgedRoutes,
  sources: TopicRuleSources,
  found: Observations,
): void {
  let writable = 0
  const causes: QueueData[] = []
  for (const queueData of queues.values()) {
    const broker = brokers.get(queueData.brokerName)
    if (broker === undefined) continue
    if ((queueData.perm & Perm.WRITE) !== 0) writable++
    else if (!broker.group.brokerAddrs.has(MASTER_ID) || isWholly(broker)) continue
    else if (!isWiped(broker) || !lostWritePerm(topic, queueData, view)) causes.push(queueData)
  }
  // Otherwise missing masters, or brokers that are not writable or are wiped, are findings of their own.
  if (causes.length === 0) return
  found.add('permission_not_writable', writable === 0 ? 'warning' : 'info', topic, () => {
    const names = causes.map(({ brokerName }) => brokerName)
    const effect =
      writable === 0
        ? 'producers get "No route info of this topic"'
        : `producers use the other ${writable} of its brokers`
    const registration = sources.history.topicRegistration(topic)
    const isChanged =
      registration === undefined && causes.some((queueData) => lostWritePerm(topic, queueData, view))
    const cause = isChanged
      ? 'A request to this server changed its permission there.'
      : registration === undefined
        ? 'Its permission there is what the broker registers.'
        : `${registration.by} registered it with request 217 on ${dateOf(registration.atMs, sources)}.`
    return {
      text: `${topic} has no write permission on ${listText(names)}: ${effect}. ${cause}${eachText(names)}`,
      evidence: { brokers: causes.map(({ brokerName, perm }) => `${brokerName}: perm ${perm}`) },
      command:
        isChanged && names.length === 1
          ? mqnamesrv('broker restore-write', names[0] ?? '')
          : atMaster('updateTopicPerm', names, brokers, { t: topic, p: 6 }),
    }
  })
}

function reportUnreadable(topic: string, queues: Queues, brokers: Brokers, found: Observations): void {
  found.add('permission_not_readable', 'warning', topic, () => {
    const unreadable = [...queues.values()].filter(({ perm }) => (perm & Perm.READ) === 0)
    const names = unreadable.map(({ brokerName }) => brokerName)
    return {
      text: `${topic} has no read permission on ${listText(names)}: its messages there are not consumed.${eachText(names)}`,
      evidence: { brokers: unreadable.map(({ brokerName, perm }) => `${brokerName}: perm ${perm}`) },
      command: atMaster('updateTopicPerm', names, brokers, { t: topic, p: 6 }),
    }
  })
}

function reportUnequal(topic: string, queues: Queues, brokers: Brokers, found: Observations): void {
  const unequal = [...queues.values()].filter((each) => each.readQueueNums !== each.writeQueueNums)
  const isUnread = unequal.some((each) => each.writeQueueNums > each.readQueueNums)
  found.add('read_write_queue_mismatch', isUnread ? 'warning' : 'info', topic, () => {
    const names = unequal.map(({ brokerName }) => brokerName)
    const max = Math.max(...unequal.map((each) => Math.max(each.readQueueNums, each.writeQueueNums)))
    const text = isUnread
      ? `${topic} has more write than read queues on ${listText(names)}: messages in the last queues are not consumed.`
      : `${topic} has more read than write queues on ${listText(names)}, as it should only while it is being shrunk.`
    return {
      text: `${text}${eachText(names)}`,
      evidence: {
        brokers: unequal.map(
          (each) => `${each.brokerName}: ${each.readQueueNums} read, ${each.writeQueueNums} write`,
        ),
      },
      command: atMaster('updateTopic', names, brokers, { t: topic, r: max, w: max }),
    }
  })
}

function reportSkew(topic: string, queues: Queues, brokers: Brokers, found: Observations): void {
  found.add('write_queue_skew', 'info', topic, () => {
    const all = [...queues.values()]
    const counts = all.map(({ writeQueueNums }) => writeQueueNums)
    const max = Math.max(...counts)
    const few = all.filter((each) => each.writeQueueNums < max).map(({ brokerName }) => brokerName)
    return {
      text: `${topic} has from ${Math.min(...counts)} to ${max} write queues on its brokers, which receive messages in that proportion.${eachText(few)}`,
      evidence: { brokers: all.map((each) => `${each.brokerName}: ${each.writeQueueNums} write`) },
      command: atMaster('updateTopic', few, brokers, { t: topic, r: max, w: max }),
    }
  })
}

function checkSingle(
  topic: string,
  queues: Queues,
  brokers: Brokers,
  groupsOfCluster: ReadonlyMap<string, number>,
  found: Observations,
): void {
  for (const { brokerName, readQueueNums, writeQueueNums } of queues.values()) {
    const group = brokers.get(brokerName)?.group
    const groups = groupsOfCluster.get(group?.cluster ?? '') ?? 0
    if (group === undefined || groups < 2) return
    found.add('single_broker_route', 'info', topic, () => ({
      text: `${topic} is on ${brokerName} alone, of ${groups} broker groups in ${group.cluster}: without that broker it accepts no messages.`,
      evidence: { cluster: group.cluster, broker: brokerName, groups },
      command: mqadmin('updateTopic', { t: topic, c: group.cluster, r: readQueueNums, w: writeQueueNums }),
    }))
  }
}

/** @see MQClientInstance#topicRouteData2EndpointsForStaticTopic in apache/rocketmq: the mapping of the latest epoch wins */
function checkMappings(
  topic: string,
  mappings: ReadonlyMap<string, TopicQueueMappingInfo>,
  brokers: Brokers,
  found: Observations,
): void {
  let latest = -1n
  let totalQueues = 0
  const owners = new Map<number, TopicQueueMappingInfo>()
  const infos = [...mappings.values()].sort((a, b) => (a.epoch < b.epoch ? 1 : a.epoch > b.epoch ? -1 : 0))
  for (const info of infos) {
    if (info.epoch >= latest) totalQueues = Math.max(totalQueues, info.totalQueues)
    if (latest < info.epoch) latest = info.epoch
    for (const id of info.currIdMap?.keys() ?? []) if (!owners.has(id)) owners.set(id, info)
  }
  const unowned: string[] = []
  const missing = new Set<string>()
  let holes = 0
  for (let id = 0; id < totalQueues && id < MAX_LOGICAL_QUEUES; id++) {
    const owner = owners.get(id)
    if (owner?.bname != null && brokers.has(owner.bname)) continue
    holes++
    if (unowned.length < 16) unowned.push(`${id}`)
    if (owner?.bname != null) missing.add(owner.bname)
  }
  if (holes === 0) return
  found.add('static_topic_hole', 'warning', topic, () => {
    const verb = missing.size === 1 ? 'is' : 'are'
    const cause =
      missing.size === 0 ? 'no broker has them' : `${listText([...missing])} ${verb} not registered`
    return {
      text: `${holes} of the ${totalQueues} logical queues of ${topic} cannot be used: ${cause}. Start the broker, or move them with mqadmin remappingStaticTopic.`,
      evidence: { totalQueues, holes, firstQueueIds: unowned, missingBrokers: [...missing] },
    }
  })
}

/** A broker may announce any number; no topic has this many. */
const MAX_LOGICAL_QUEUES = 65_536

/** A topic command for a broker's master; null for several brokers, which {@link eachText} is for, or without a master. */
function atMaster(
  command: string,
  brokerNames: readonly string[],
  brokers: Brokers,
  options: Readonly<Record<string, string | number>>,
): string | null {
  const [brokerName = '', ...others] = brokerNames
  const master = brokers.get(brokerName)?.group.brokerAddrs.get(MASTER_ID)
  return master === undefined || others.length > 0 ? null : mqadmin(command, { b: master, ...options })
}

/** What to do where a command would have to be run for several brokers. */
function eachText(brokerNames: readonly string[]): string {
  return brokerNames.length > 1 ? ' Change it on each of these brokers (-b, not -c).' : ''
}

function listText(names: readonly string[]): string {
  const last = names.length > 1 && names.length <= 3 ? ` and ${names.at(-1)}` : ''
  const shown = names.slice(0, last === '' ? 3 : -1).join(', ')
  return names.length <= 3 ? `${shown}${last}` : `${shown} and ${names.length - 3} more`
}
