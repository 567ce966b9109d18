import { hostOf } from '../common/host-of.ts'
import type { Steps } from '../common/time-slicer.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../kvconfig/kv-config-manager.ts'
import { type BrokerData, MASTER_ID } from '../protocol/body/topic-route-data.ts'
import { versionName } from '../protocol/version-name.ts'
import type { BrokerLiveInfo } from '../routeinfo/route-tables.ts'
import type { RouteView } from '../routeinfo/route-view.ts'
import { type BrokerMember, UNKNOWN_MEMBER } from './broker-member.ts'
import { mqnamesrv } from './commands.ts'
import { isLate } from './heartbeat.ts'
import { IMPACT_SCHEMA, impactOf } from './impact.ts'
import { LIMIT_PARAMETER, limitOf, NEXT_SCHEMA, PAGE_PARAMETERS, pageOf } from './paging.ts'
import type { RouteIndex } from './route-index.ts'
import { dateOf, type InspectSources } from './sources.ts'
import {
  COMMANDS,
  choiceOf,
  FirstNames,
  firstNamesOf,
  LONG_SCHEMA,
  longValue,
  objectOf,
  quoted,
  type Schema,
  type View,
} from './view.ts'
import { ViewError } from './view-error.ts'

/** Of the list of groups. */
const ORDERS = ['name', 'attention'] as const
/** Broker names of a cluster that are listed. */
const MAX_NAMES = 1_000

/** Schema of a {@link BrokerMember} of this server. */
export const MEMBER: Schema = objectOf({
  brokerId: LONG_SCHEMA,
  address: { type: 'string', description: 'As the broker announced it' },
  state: {
    enum: ['alive', 'late', 'suspected', 'provisional', 'unknown'],
    description:
      'late: no heartbeat for half of the timeout. suspected: late and unreachable (brokerProbe). provisional: restored from the snapshot and not registered again. unknown: it has no entry of its own in the tables',
  },
  heartbeatAgeMs: { type: ['integer', 'null'], description: 'Since the last heartbeat or registration' },
  heartbeatTimeoutMs: { type: ['integer', 'null'], description: 'It is removed after that long without one' },
  lastRegistration: { type: ['string', 'null'], format: 'date-time' },
  language: { type: ['string', 'null'], description: 'Of its last registration, as is the version' },
  version: { type: ['integer', 'null'], description: 'MQVersion ordinal' },
  versionName: { type: ['string', 'null'], description: 'Such as `V5_5_0`' },
  registeredTopics: { type: ['integer', 'null'], description: 'Topics in its last registration' },
  haServerAddress: { type: ['string', 'null'] },
  peer: { type: ['string', 'null'], description: 'From where its last registration came' },
  announcesOwnAddress: {
    type: ['boolean', 'null'],
    description:
      'Whether `address` and `peer` have the same IP address; null if either is unknown or a host name',
  },
})

const GROUP = {
  brokerName: { type: 'string' },
  clusters: {
    type: 'array',
    items: { type: 'string' },
    description: 'More than one is a mistake in the configuration of the brokers',
  },
  zone: { type: ['string', 'null'] },
  enableActingMaster: { type: 'boolean' },
  provisional: { type: 'boolean', description: 'Whether any member is' },
  topics: { type: 'integer', description: 'Topics with queues on it' },
  needsAttention: {
    type: 'boolean',
    description:
      'Whether it has no master, or a member that is late, suspected or announces an address of another host',
  },
  members: { type: 'array', items: MEMBER, description: 'By id, the master (0) first' },
} as const

/** `/api/v1/brokers`: the broker groups. */
export function brokersView(sources: InspectSources): View {
  const { routeIndex, routeInfo } = sources
  return {
    path: '/api/v1/brokers',
    summary: 'Broker groups with their members, in ascending order of their names.',
    parameters: [
      {
        name: 'sort',
        summary: '`attention`: those that need attention come first. Default: `name`.',
        schema: { enum: ORDERS },
      },
      { name: 'cluster', summary: 'Only groups of this cluster.', schema: { type: 'string' } },
      ...PAGE_PARAMETERS,
    ],
    response: objectOf({
      total: { type: 'integer', description: 'All groups' },
      matching: { type: 'integer', description: 'Groups of `cluster` that begin with `prefix`' },
      brokers: { type: 'array', items: objectOf(GROUP) },
      next: NEXT_SCHEMA,
    }),
    read: async ({ query, owner }) => {
      const index = await routeIndex.get()
      const cluster = query.get('cluster')
      const inCluster =
        cluster === null
          ? index.brokerNames
          : index.brokerNames.filter((name) => index.clustersOfBroker.get(name)?.includes(cluster))
      const isByAttention = choiceOf(query, 'sort', ORDERS) === 'attention'
      return routeInfo.read(function* (view) {
        const urgent = isByAttention ? yield* urgentOf(inCluster, view, sources) : undefined
        const page = pageOf(inCluster, query, urgent && ((name) => urgent.has(name)))
        const brokers = yield* groupsOf(page.names, view, index, sources)
        return { total: index.brokerNames.length, matching: page.matching, brokers, next: page.next }
      }, owner)
    },
  }
}

/** `/api/v1/brokers/{name}`: one group, and what would be lost with it. */
export function brokerView(sources: InspectSources): View {
  const { routeIndex, routeInfo, kvConfig } = sources
  return {
    path: '/api/v1/brokers/{name}',
    summary:
      'A broker group, the commands that change it, and its impact: what clients would lose if it stopped.',
    parameters: [
      {
        name: 'address',
        summary: 'The impact of this member alone, instead of the whole group.',
        schema: { type: 'string' },
      },
      { ...LIMIT_PARAMETER, summary: 'Max names in each list of the impact. Default 1,000.' },
    ],
    response: objectOf({ ...GROUP, impact: IMPACT_SCHEMA, commands: COMMANDS }),
    read: async ({ path: { name = '' }, query, owner }) => {
      const index = await routeIndex.get()
      const address = query.get('address')
      const limit = limitOf(query)
      return routeInfo.read(function* (view) {
        const [group] = yield* groupsOf([name], view, index, sources)
        if (group === undefined) throw unknownGroup(name)
        const orderConfigs = kvConfig.getKVListByNamespace(NAMESPACE_ORDER_TOPIC_CONFIG) ?? new Map()
        const impact = yield* impactOf(view, orderConfigs, { brokerName: name, address, limit })
        return { ...group, impact, commands: commandsFor(name) }
      }, owner)
    },
  }
}

/** What an operator may want to do with a broker group. */
function commandsFor(name: string) {
  const commands = [
    ['Keep producers away from it, as before a stop', mqnamesrv('broker wipe-write', name)],
    ['Let producers send to it again', mqnamesrv('broker restore-write', name)],
  ] as const
  return commands.flatMap(([purpose, command]) => (command === null ? [] : { purpose, command }))
}

export function unknownGroup(name: string): ViewError {
  const why = `/api/v1/explain?broker=${encodeURIComponent(name)}`
  return new ViewError('ERR_NOT_FOUND', `no broker group ${quoted(name)}; ${why} says why`)
}

function* groupsOf(names: readonly string[], view: RouteView, index: RouteIndex, sources: InspectSources) {
  const groups = []
  for (const brokerName of names) {
    const group = view.groupWithMembers(brokerName)
    // Removed since the index was built.
    if (group === undefined) continue
    const members = yield* membersOf(view, group, sources)
    groups.push({
      brokerName,
      clusters: index.clustersOfBroker.get(brokerName) ?? [group.cluster],
      zone: group.zoneName,
      enableActingMaster: group.enableActingMaster,
      provisional: members.some(({ state }) => state === 'provisional'),
      topics: index.topicsOfBroker.get(brokerName) ?? 0,
      needsAttention: needsAttention(members),
      members,
    })
    yield
  }
  return groups
}

/** Those of the groups that need attention. It reads all groups for each page, so it makes no member that is not shown. */
function* urgentOf(names: readonly string[], view: RouteView, sources: InspectSources): Steps<Set<string>> {
  const urgent = new Set<string>()
  for (const name of names) {
    const group = view.groupWithMembers(name)
    if (group === undefined) continue
    const restored = view.restored?.groups.get(name)?.members
    const conditions = [...group.brokerAddrs].map(([id, address]) => {
      const live = restored?.get(id) === address ? undefined : liveMember(view, name, address)
      return { brokerId: longValue(id), ...(live && conditionOf(address, live, sources)) }
    })
    if (needsAttention(conditions)) urgent.add(name)
    yield
  }
  return urgent
}

function needsAttention(
  members: readonly (Pick<BrokerMember, 'brokerId'> & Partial<BrokerMember>)[],
): boolean {
  return (
    !members.some(({ brokerId }) => brokerId === Number(MASTER_ID)) ||
    members.some(
      ({ state, announcesOwnAddress }) =>
        state === 'late' || state === 'suspected' || announcesOwnAddress === false,
    )
  )
}

/** The brokers of a group by id, the master first. */
export function* membersOf(
  view: RouteView,
  { brokerName, brokerAddrs }: BrokerData,
  sources: InspectSources,
): Steps<BrokerMember[]> {
  const restored = view.restored?.groups.get(brokerName)?.members
  const members: BrokerMember[] = []
  for (const [id, address] of [...brokerAddrs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isRestored = restored?.get(id) === address
    members.push(shownMember(id, address, isRestored, liveMember(view, brokerName, address), sources))
    yield
  }
  return members
}

function liveMember({ tables }: RouteView, brokerName: string, address: string): BrokerLiveInfo | undefined {
  return tables.liveAt(address).find((live) => live.brokerName === brokerName)
}

function shownMember(
  id: bigint,
  address: string,
  isRestored: boolean,
  live: BrokerLiveInfo | undefined,
  sources: InspectSources,
): BrokerMember {
  const known = { brokerId: longValue(id), address }
  if (isRestored || live === undefined) {
    return { ...known, ...UNKNOWN_MEMBER, state: isRestored ? 'provisional' : 'unknown' }
  }
  return {
    ...known,
    ...conditionOf(address, live, sources),
    heartbeatTimeoutMs: live.heartbeatTimeoutMs,
    lastRegistration: dateOf(live.registeredMs, sources),
    language: live.language ?? null,
    version: live.version ?? null,
    versionName: live.version === undefined ? null : versionName(live.version),
    registeredTopics: live.topics,
    haServerAddress: live.haServerAddr,
    peer: live.peer ?? null,
  }
}

/** What may need attention in a live member. */
function conditionOf(
  address: string,
  { clusterName, heartbeatTimeoutMs, lastUpdateTimestampMs, peer }: BrokerLiveInfo,
  { nowMs, suspicionOf }: InspectSources,
): Pick<BrokerMember, 'state' | 'heartbeatAgeMs' | 'announcesOwnAddress'> {
  const ageMs = Math.max(0, nowMs() - lastUpdateTimestampMs)
  const isSuspected = suspicionOf(clusterName, address) !== undefined
  return {
    state: isSuspected ? 'suspected' : isLate(ageMs, heartbeatTimeoutMs) ? 'late' : 'alive',
    heartbeatAgeMs: Math.round(ageMs),
    announcesOwnAddress: peer === undefined ? null : sameHost(address, peer),
  }
}

/** Whether two addresses have the same IP address; null if either has a host name. */
function sameHost(a: string, b: string): boolean | null {
  const [left, right] = [hostOf(a).toLowerCase(), hostOf(b).toLowerCase()]
  return IP.test(left) && IP.test(right) ? left === right : null
}

/** An IP address, as far as it differs from a host name. */
const IP = /^\d+(\.\d+){3}$|:/

const CLUSTER: Schema = objectOf({
  cluster: { type: 'string' },
  brokerGroups: firstNamesOf('Names of its groups'),
  members: { type: 'integer', description: 'Brokers of all groups' },
  provisionalMembers: {
    type: 'integer',
    description: 'Of these, restored from the snapshot and not registered again',
  },
  groupsWithoutMaster: firstNamesOf('Groups without a broker of id 0'),
  topics: { type: 'integer', description: 'Topics with queues in the cluster' },
})

/** `/api/v1/clusters`: the clusters. */
export function clustersView({ routeIndex, routeInfo }: InspectSources): View {
  return {
    path: '/api/v1/clusters',
    summary: 'Clusters with their broker groups, in ascending order of their names.',
    parameters: PAGE_PARAMETERS,
    response: objectOf({
      total: { type: 'integer', description: 'All clusters' },
      matching: { type: 'integer', description: 'Clusters that begin with `prefix`' },
      clusters: { type: 'array', items: CLUSTER },
      next: NEXT_SCHEMA,
    }),
    read: async ({ query, owner }) => {
      const index = await routeIndex.get()
      const { names, matching, next } = pageOf(index.clusters, query)
      const clusters = await routeInfo.read((view) => clustersOf(names, view, index), owner)
      return { total: index.clusters.length, matching, clusters, next }
    },
  }
}

function* clustersOf(names: readonly string[], view: RouteView, index: RouteIndex): Steps<unknown[]> {
  const shown: unknown[] = []
  const clusters = view.clusters()
  for (const cluster of names) {
    const brokerGroups = new FirstNames(MAX_NAMES)
    const groupsWithoutMaster = new FirstNames(MAX_NAMES)
    let [members, provisionalMembers] = [0, 0]
    for (const name of clusters.get(cluster) ?? []) {
      const { brokerAddrs } = view.groupWithMembers(name) ?? {}
      if (brokerAddrs === undefined) continue
      brokerGroups.add(name)
      if (!brokerAddrs.has(MASTER_ID)) groupsWithoutMaster.add(name)
      members += brokerAddrs.size
      provisionalMembers += view.restored?.groups.get(name)?.members.size ?? 0
      yield
    }
    const topics = index.topicsOfCluster.get(cluster) ?? 0
    shown.push({ cluster, brokerGroups, members, provisionalMembers, groupsWithoutMaster, topics })
    yield
  }
  return shown
}
