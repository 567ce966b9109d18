import { hostOf } from '../../common/host-of.ts'
import { release } from '../../common/release.ts'
import type { Steps } from '../../common/time-slicer.ts'
import { type BrokerData, MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import { versionName } from '../../protocol/version-name.ts'
import type { BrokerLiveInfo } from '../../routeinfo/route-tables.ts'
import { brokerConfLine, mqadmin, mqnamesrv } from '../commands.ts'
import { name, names } from '../explain/wording.ts'
import { isLate } from '../heartbeat.ts'
import type { Departure } from '../history/route-history.ts'
import { dateOf } from '../sources.ts'
import { addressProblem } from './announced-address.ts'
import type { Observations } from './finding.ts'
import type { JudgedRoutes, RuleSources } from './rule-sources.ts'

/** Rules about broker groups and their members. A step per group and per member. */
export function* checkBrokers(view: JudgedRoutes, sources: RuleSources, found: Observations): Steps<void> {
  const namesByAddress = new Map<string, string[]>()
  for (const group of view.groupsWithMembers()) {
    checkMaster(group, sources, found)
    for (const address of group.brokerAddrs.values()) {
      const names = namesByAddress.get(address)
      if (names === undefined) namesByAddress.set(address, [group.brokerName])
      else names.push(group.brokerName)
    }
    yield
  }
  for (const [address, names] of namesByAddress) {
    if (names.length > 1) reportDuplicate(address, names, found)
    yield
  }
  const outside: BrokerLiveInfo[] = []
  const clustersOfName = new Map<string, Map<string, string>>()
  const versionsOfCluster = new Map<string, Map<string, string>>()
  for (const live of view.tables.brokerLiveTable.values()) {
    const { clusterName, brokerName, brokerAddr, version } = live
    checkAddress(live, found)
    if (!isMember(live, view.group(brokerName))) outside.push(live)
    const suspicion = sources.suspicionOf(clusterName, brokerAddr)
    if (suspicion === undefined) checkHeartbeat(live, sources, found)
    else reportUnreachable(live, suspicion, found)
    put(clustersOfName, brokerName, clusterName, brokerAddr)
    if (version !== undefined) put(versionsOfCluster, clusterName, release(versionName(version)), brokerName)
    yield
  }
  for (const live of outside) {
    // Of two clusters with one name, the name is what is wrong.
    if (clustersOfName.get(live.brokerName)?.size === 1) reportConflict(live, view, found)
    yield
  }
  for (const [brokerName, clusters] of clustersOfName) {
    // One address is a broker that has moved.
    if (new Set(clusters.values()).size > 1) reportTwoClusters(brokerName, clusters, found)
    yield
  }
  for (const [cluster, versions] of versionsOfCluster) {
    if (versions.size > 1) reportVersions(cluster, versions, found)
    yield
  }
  yield* checkDepartures(sources, found)
}

function put(maps: Map<string, Map<string, string>>, name: string, key: string, value: string): void {
  const map = maps.get(name)
  if (map === undefined) maps.set(name, new Map([[key, value]]))
  else map.set(key, value)
}

function checkMaster(group: BrokerData, sources: RuleSources, found: Observations): void {
  const { brokerName, cluster, brokerAddrs } = group
  // A rejected registration leaves a group without members.
  if (brokerAddrs.has(MASTER_ID) || brokerAddrs.size === 0) return
  found.add('missing_master_address', 'critical', brokerName, () => {
    const left = sources.history.masterLoss(brokerName)
    const role = canActAsMaster(group, sources)
      ? 'a slave acts as master for consumers, but'
      : 'slaves serve consumers, but'
    const past =
      left === undefined
        ? ''
        : ` Its master ${left.brokerAddr} ${left.cause === 'role changed' ? 'became a slave' : 'left'} at ${dateOf(left.atMs, sources)} (${left.cause}).`
    return {
      text: `${name(brokerName)} of ${name(cluster)} has no master: ${role} it accepts no messages.${past} Start its master (brokerId=0).`,
      evidence: {
        cluster,
        members: [...brokerAddrs].map(([id, address]) => `${id}=${address}`),
        ...(left !== undefined && { formerMaster: left.brokerAddr, cause: left.cause }),
      },
    }
  })
}

/** Whether a slave acts as master for consumers while the master is away: both the brokers and this server must permit it. */
export function canActAsMaster(
  { enableActingMaster }: Pick<BrokerData, 'enableActingMaster'>,
  { comparableConfig }: Pick<RuleSources, 'comparableConfig'>,
): boolean {
  return enableActingMaster && comparableConfig().get('supportActingMaster') === 'true'
}

/** Whether a live broker is a member of its group; otherwise another address has its id. */
export function isMember({ brokerAddr }: BrokerLiveInfo, group: BrokerData | undefined): boolean {
  for (const address of group?.brokerAddrs.values() ?? []) if (address === brokerAddr) return true
  return false
}

function reportConflict(
  { brokerName, brokerAddr, clusterName, peer }: BrokerLiveInfo,
  view: JudgedRoutes,
  found: Observations,
): void {
  const members = view.group(brokerName)?.brokerAddrs ?? new Map<bigint, string>()
  found.add('broker_id_conflict', 'critical', brokerName, () => ({
    text: `${name(brokerAddr)} registers as ${name(brokerName)} with an id that another address has: the route alternates between their addresses. Give it a brokerName or brokerId of its own and restart it.`,
    evidence: {
      cluster: clusterName,
      outside: brokerAddr,
      members: [...members].map(([id, address]) => `${id}=${address}`),
      ...(peer !== undefined && { registeredFrom: peer }),
    },
  }))
}

const FLAPPING_MS = 600_000
const FLAPPING_DEPARTURES = 3

/** Brokers that come and go. */
function* checkDepartures(sources: RuleSources, found: Observations): Steps<void> {
  const sinceMs = sources.nowMs() - FLAPPING_MS
  for (const departures of sources.history.allDepartures()) {
    yield
    if (departures.length < FLAPPING_DEPARTURES) continue
    const recent = departures.filter(({ atMs }) => atMs >= sinceMs)
    for (const address of new Set(recent.map(({ brokerAddr }) => brokerAddr))) {
      const ofAddress = recent.filter(({ brokerAddr }) => brokerAddr === address)
      if (ofAddress.length >= FLAPPING_DEPARTURES) reportFlapping(ofAddress, sources, found)
    }
  }
}

function reportFlapping(departures: readonly Departure[], sources: RuleSources, found: Observations): void {
  const { brokerName = '', brokerAddr = '', clusterName = '', atMs = 0 } = departures.at(-1) ?? {}
  const causes = [...new Set(departures.map(({ cause }) => cause))]
  found.add('broker_flapping', 'warning', `${brokerName} ${brokerAddr}`, () => {
    const advice =
      causes.join() === 'renamed'
        ? 'Another broker announces its address under another name: give each an address of its own (brokerIP1, listenPort).'
        : 'See its log, its garbage collection and its network.'
    return {
      text: `${name(brokerName)} at ${name(brokerAddr)} has left ${departures.length} times within ten minutes (${causes.join(', ')}). ${advice}`,
      evidence: {
        cluster: clusterName,
        departures: departures.length,
        lastDeparture: dateOf(atMs, sources),
        causes,
      },
    }
  })
}

function reportVersions(cluster: string, versions: ReadonlyMap<string, string>, found: Observations): void {
  found.add('mixed_broker_versions', 'info', cluster, () => {
    const releases = [...versions.keys()].sort()
    return {
      text: `The brokers of ${name(cluster)} run ${releases.join(', ')}. Finish the upgrade.`,
      evidence: { examples: releases.map((release) => `${release}: ${versions.get(release)}`) },
    }
  })
}

function reportDuplicate(address: string, brokerNames: readonly string[], found: Observations): void {
  found.add('duplicate_broker_address', 'warning', address, () => ({
    text: `${brokerNames.map(name).join(', ')} all announce ${name(address)}. Set brokerIP1 and listenPort of each so that its address is its own.`,
    evidence: { address, brokerNames },
  }))
}

function reportTwoClusters(
  brokerName: string,
  clusters: ReadonlyMap<string, string>,
  found: Observations,
): void {
  found.add('broker_name_in_two_clusters', 'critical', brokerName, () => {
    const members = [...clusters].map(([cluster, address]) => `${cluster}=${address}`)
    const [, second = ''] = clusters.keys()
    return {
      text: `Brokers of ${names([...clusters.keys()])} are both named ${name(brokerName)}, and clients take them for one group. Give the brokers of one cluster another brokerName and restart them.`,
      evidence: { members },
      command: brokerConfLine('brokerName', `${brokerName}-${second}`),
    }
  })
}

function checkAddress(
  { brokerName, brokerAddr, peer, clusterName }: BrokerLiveInfo,
  found: Observations,
): void {
  if (peer === undefined) return
  const problem = addressProblem(brokerAddr, peer)
  if (problem === undefined) return
  found.add('announced_address_differs', problem.severity, `${brokerName} ${brokerAddr}`, () => ({
    text: `${name(brokerName)} announces ${name(brokerAddr)}, which ${problem.text}; it registers from ${hostOf(peer)}. Set brokerIP1 in its broker.conf to an address that clients reach and restart it.`,
    evidence: { cluster: clusterName, announced: brokerAddr, registeredFrom: peer },
    command: problem.command,
  }))
}

function checkHeartbeat(
  live: BrokerLiveInfo,
  { nowMs, history }: Pick<RuleSources, 'nowMs' | 'history'>,
  found: Observations,
): void {
  const { brokerName, brokerAddr, clusterName, lastUpdateTimestampMs, heartbeatTimeoutMs } = live
  const ageMs = nowMs() - lastUpdateTimestampMs
  if (!isLate(ageMs, heartbeatTimeoutMs)) return
  found.add('heartbeat_late', 'warning', `${brokerName} ${brokerAddr}`, () => {
    const [age, timeout] = [ageMs, heartbeatTimeoutMs].map((ms) => Math.round(ms / 1_000))
    const rejection = history.rejection(brokerName)
    const isRejected = rejection?.brokerAddr === brokerAddr && rejection.atMs > lastUpdateTimestampMs
    const advice = isRejected
      ? `Its registration from ${rejection.by} is rejected: ${rejection.reason}.`
      : 'See whether it is paused, overloaded or cut off.'
    return {
      text: `${name(brokerName)} at ${name(brokerAddr)} has sent no heartbeat for ${age} s and will be removed after ${timeout} s. ${advice}`,
      evidence: { cluster: clusterName, heartbeatAgeSeconds: age ?? 0, timeoutSeconds: timeout ?? 0 },
      command: isRejected
        ? mqnamesrv('broker explain', brokerName)
        : mqadmin('brokerStatus', { b: brokerAddr }),
    }
  })
}

function reportUnreachable(
  { brokerName, brokerAddr, clusterName, peer = '' }: BrokerLiveInfo,
  error: string,
  found: Observations,
): void {
  found.add('announced_address_unreachable', 'critical', `${brokerName} ${brokerAddr}`, () => {
    const peerHost = hostOf(peer)
    const isElsewhere = peer !== '' && peerHost !== hostOf(brokerAddr)
    const advice = isElsewhere
      ? `It registered from ${peerHost}: see whether brokerIP1 is right.`
      : 'See whether the broker and its machine run.'
    return {
      text: `${name(brokerName)} at ${name(brokerAddr)} sends no heartbeats, and its address accepts no connection from this server. ${advice}`,
      evidence: { cluster: clusterName, error, registeredFrom: peer },
      command: isElsewhere
        ? brokerConfLine('brokerIP1', peerHost)
        : mqadmin('brokerStatus', { b: brokerAddr }),
    }
  })
}
