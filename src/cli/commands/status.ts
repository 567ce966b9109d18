import { readStatus, type ServerStatus, type Status } from '../client/status.ts'
import { age, bytes } from '../output/amounts.ts'
import { detailLines } from '../output/details.ts'
import type { Run } from '../run-command.ts'

type Item = Status & { readonly namesrv: string }

/** `status`: a NameServer in numbers; several in a table. */
export const run: Run = async ({ askEach, servers }) => {
  const notes = new Set<string>()
  const { items, failures } = await askEach(async (server) => [await readStatus(server, notes)])
  return {
    items,
    failures,
    notes: [...notes],
    view: servers.length === 1 ? { lines: statusLines } : { columns: COLUMNS },
    name: ({ namesrv }: Item) => namesrv,
  }
}

const COLUMNS = [
  { head: 'VERSION', cell: ({ versionName }: Item) => versionName },
  { head: 'MQNAMESRV', cell: ({ version }: Item) => version },
  { head: 'READY', cell: (status: Item) => readyText(status) },
  { head: 'UPTIME', cell: (status: Item) => uptimeOf(status), align: 'right' },
  { head: 'BROKERS', cell: ({ tables }: Item) => tables.brokers, align: 'right' },
  { head: 'TOPICS', cell: ({ tables }: Item) => tables.topics, align: 'right' },
  { head: 'FINDINGS', cell: (status: Item) => findingsText(status), isWrapped: true },
  {
    head: 'PROVISIONAL BROKERS',
    cell: ({ tables }: Item) => tables.provisionalBrokers,
    align: 'right',
    isWide: true,
  },
  {
    head: 'PROVISIONAL TOPICS',
    cell: ({ tables }: Item) => tables.provisionalTopics,
    align: 'right',
    isWide: true,
  },
  { head: 'GROUPS', cell: ({ tables }: Item) => tables.brokerGroups, align: 'right', isWide: true },
  { head: 'CLUSTERS', cell: ({ tables }: Item) => tables.clusters, align: 'right', isWide: true },
  { head: 'LOOKUPS', cell: ({ totals }: Item) => totals?.lookups, align: 'right', isWide: true },
  {
    head: 'MEMORY',
    cell: ({ process }: Item) => (process === undefined ? null : bytes(process.residentBytes)),
    align: 'right',
    isWide: true,
  },
] as const

function statusLines(status: Item): string[] {
  const { namesrv, version, versionName, tables } = status
  const listed = [
    ['Clusters', tables.clusters],
    ['Broker groups', tables.brokerGroups],
    ['Brokers', shownCount(tables.brokers, tables.provisionalBrokers)],
    ['Topics', shownCount(tables.topics, tables.provisionalTopics)],
  ] as const
  if (!isOurs(status))
    return detailLines([['NameServer', namesrv], ['Version', `RocketMQ ${versionName}`], ...listed])
  const { totals, process } = status
  return detailLines([
    ['NameServer', status.nodeId === namesrv ? namesrv : `${namesrv} (${status.nodeId})`],
    ['Version', `mqnamesrv ${version}, RocketMQ ${versionName}, Node.js ${status.nodeVersion}`],
    ['Ready', readyText(status)],
    ['Findings', findingsText(status)],
    ['Uptime', uptimeOf(status)],
    ...listed,
    ['Key-value entries', status.tables.kvEntries],
    ['Connections', connectionsText(status)],
    ['Lookups', `${totals.lookups}, ${totals.lookupsWithoutRoute} of them without a route`],
    ['Registrations', totals.registrations],
    ['Requests', totals.requests],
    ['Memory', bytes(process.residentBytes)],
    ['CPU time', `${process.cpuSeconds.toFixed(1)} s`],
    ['Event loop delay', `${process.eventLoopDelayMs.toFixed(1)} ms`],
  ])
}

/** With those that are restored from the snapshot and not registered again. */
function shownCount(count: number, provisional = 0): string {
  return provisional === 0 ? `${count}` : `${count} (${provisional} provisional)`
}

function isOurs(status: Item): status is Item & ServerStatus {
  return status.nodeId !== undefined
}

function uptimeOf({ uptimeSeconds }: Item): string | null {
  return uptimeSeconds === undefined ? null : age(uptimeSeconds * 1_000)
}

function readyText({ ready, checks = [] }: Item): string | null {
  if (ready === undefined) return null
  return ready ? 'yes' : `no: ${checks.flatMap(({ problem }) => problem ?? []).join('; ')}`
}

function findingsText({ findings }: Item): string | null {
  if (findings === undefined) return null
  const shown = Object.entries(findings).filter(([, count]) => count > 0)
  return shown.length === 0 ? 'none' : shown.map(([severity, count]) => `${count} ${severity}`).join(', ')
}

function connectionsText({ limits = [] }: Item): string | null {
  const { used = null, max = null } = limits.find(({ key }) => key === 'maxConnections') ?? {}
  return used === null ? null : `${used}${max === null ? '' : ` of ${max}`}`
}
