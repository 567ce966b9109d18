import { NO_BROKERS } from '../../admin/brokers.ts'
import type { ListedGroup } from '../../protocol/body/lists-and-tables.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import type { Run } from '../run-command.ts'

interface Cluster {
  readonly cluster: string
  readonly brokerGroups: number
  readonly brokers: number
  readonly groupsWithoutMaster: number
}

/** `cluster list`, from the cluster info (106), which every NameServer has. */
export const run: Run = async ({ askEach }) => {
  const { items, failures } = await askEach(async (server) => clustersOf(await server.brokerGroups()))
  return {
    items,
    failures,
    none: NO_BROKERS,
    view: {
      columns: [
        { head: 'CLUSTER', cell: ({ cluster }) => cluster },
        { head: 'BROKER GROUPS', cell: ({ brokerGroups }) => brokerGroups, align: 'right' },
        { head: 'BROKERS', cell: ({ brokers }) => brokers, align: 'right' },
        { head: 'WITHOUT MASTER', cell: ({ groupsWithoutMaster }) => groupsWithoutMaster, align: 'right' },
      ],
    },
    name: ({ cluster }) => cluster,
  }
}

function clustersOf(groups: ReadonlyMap<string, ListedGroup>): Cluster[] {
  const byName = new Map<string, ListedGroup[]>()
  for (const group of groups.values()) {
    const name = group.cluster ?? ''
    byName.set(name, [...(byName.get(name) ?? []), group])
  }
  return [...byName]
    .map(([cluster, members]) => ({
      cluster,
      brokerGroups: members.length,
      brokers: members.reduce((sum, { brokerAddrs }) => sum + brokerAddrs.size, 0),
      groupsWithoutMaster: members.filter(({ brokerAddrs }) => !brokerAddrs.has(MASTER_ID)).length,
    }))
    .sort((a, b) => (a.cluster < b.cluster ? -1 : 1))
}
