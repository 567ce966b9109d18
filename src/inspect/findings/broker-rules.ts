import type { Steps } from '../../common/time-slicer.ts'
import { type BrokerData, MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import type { BrokerLiveInfo } from '../../routeinfo/route-tables.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import { brokerConfLine, mqadmin } from '../commands.ts'
import { addressProblem, hostOf } from './announced-address.ts'
import type { Observations } from './finding.ts'
import type { FindingSources } from './findings.ts'

/** Rules about broker groups and their members. A step per group and per member. */
export function* checkBrokers(view: RouteView, sources: FindingSources, found: Observations): Steps<void> {
  const namesByAddress = new Map<string, string[]>()
  for (const group of view.groups().values()) {
    checkMaster(group, found)
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
  const clustersByName = new Map<string, Map<string, string>>()
  for (const live of view.tables.brokerLiveTable.values()) {
    checkAddress(live, found)
    checkHeartbeat(live, sources.nowMs(), found)
    const clusters = clustersByName.get(live.brokerName) ?? new Map<string, string>()
    clustersByName.set(live.brokerName, clusters.set(live.clusterName, live.brokerAddr))
    yield
  }
  for (const [brokerName, clusters] of clustersByName) {
    if (clusters.size > 1) reportTwoClusters(brokerName, clusters, found)
    yield
  }
}

function checkMaster(
  { brokerName, cluster, brokerAddrs, enableActingMaster }: BrokerData,
  found: Observations,
) {
  if (brokerAddrs.has(MASTER_ID)) return
  found.add('missing_master_address', 'critical', brokerName, () => {
    const members = [...brokerAddrs].map(([id, address]) => `${id}=${address}`)
    const role = enableActingMaster
      ? 'a slave acts as master for consumers, and'
      : 'slaves serve consumers, but'
    return {
      text: `${brokerName} of ${cluster} has no master: ${role} it takes no messages. Start its master (brokerId=0).`,
      evidence: { cluster, members },
    }
  })
}

function reportDuplicate(address: string, brokerNames: readonly string[], found: Observations): void {
  found.add('duplicate_broker_address', 'warning', address, () => ({
    text: `${brokerNames.join(', ')} all announce ${address}. Set brokerIP1 and listenPort of each so that its address is its own.`,
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
      text: `Brokers of ${[...clusters.keys()].join(' and ')} are both named ${brokerName}, and clients take them for one group. Give the brokers of one cluster another brokerName and restart them.`,
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
  found.add('announced_address_differs', 'warning', `${brokerName} ${brokerAddr}`, () => {
    const peerHost = hostOf(peer)
    return {
      text: `${brokerName} announces ${brokerAddr}, which ${problem}; it registers from ${peerHost}. Set brokerIP1 in its broker.conf to an address that clients reach and restart it.`,
      evidence: { cluster: clusterName, announced: brokerAddr, registeredFrom: peer },
      command: brokerConfLine('brokerIP1', peerHost),
    }
  })
}

/**
 * A broker may register every 60 s, half of the default timeout of 120 s: the margin is for its delay. Brokers with a short timeout
 * send heartbeats every second.
 */
function checkHeartbeat(live: BrokerLiveInfo, nowMs: number, found: Observations): void {
  const { brokerName, brokerAddr, clusterName, lastUpdateTimestampMs, heartbeatTimeoutMs } = live
  const ageMs = nowMs - lastUpdateTimestampMs
  if (ageMs <= heartbeatTimeoutMs / 2 + Math.min(5_000, heartbeatTimeoutMs / 10)) return
  found.add('heartbeat_late', 'warning', `${brokerName} ${brokerAddr}`, () => {
    const [age, timeout] = [ageMs, heartbeatTimeoutMs].map((ms) => Math.round(ms / 1_000))
    return {
      text: `${brokerName} at ${brokerAddr} has sent no heartbeat for ${age} s and will be removed after ${timeout} s. See whether it is paused, overloaded or cut off.`,
      evidence: { cluster: clusterName, heartbeatAgeSeconds: age ?? 0, timeoutSeconds: timeout ?? 0 },
      command: mqadmin('brokerStatus', { b: brokerAddr }),
    }
  })
}
