import { type BrokerLiveInfo, brokerKey, NO_CHANNEL, type RouteTables } from './route-tables.ts'

/** A broker that was given another name is known by both until its address is lost. The set goes on from entry to entry. */
export function formerNamesOf(
  tables: RouteTables,
  before: BrokerLiveInfo | undefined,
  brokerName: string,
): Set<string> | undefined {
  if (before === undefined || before.brokerName === brokerName) return before?.formerNames
  const names = new Set<string>()
  for (const name of [...(before.formerNames ?? []), before.brokerName]) {
    // Where another address has taken its place nothing is left of it.
    const addrs = tables.brokerAddrTable.get(name)?.brokerAddrs.values() ?? []
    if (name !== brokerName && [...addrs].includes(before.brokerAddr)) names.add(name)
  }
  return names
}

/**
 * A broker of another name has the address of one that only a snapshot knows: perhaps it is the same, with another name, and
 * perhaps the address was given to somebody else. If the name does not come back, it goes when the time of the snapshot is over.
 */
export function noteDisplaced(
  tables: RouteTables,
  before: BrokerLiveInfo | undefined,
  brokerName: string,
): void {
  const { restored } = tables
  if (restored === undefined || before === undefined) return
  const { clusterName, brokerAddr } = before
  const key = brokerKey(clusterName, brokerAddr)
  restored.displaced.delete(`${key} ${brokerName}`)
  if (before.channelId !== NO_CHANNEL) return
  for (const name of [...(before.formerNames ?? []), before.brokerName]) {
    if (name === brokerName) continue
    restored.displaced.set(`${key} ${name}`, { clusterName, brokerAddr, brokerName: name })
  }
}
