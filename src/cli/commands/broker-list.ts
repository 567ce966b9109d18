import type { BrokerGroup } from '../../admin/broker-group.ts'
import { NO_BROKERS, readBrokerGroups } from '../../admin/brokers.ts'
import type { BrokerMember } from '../../inspect/broker-member.ts'
import { memberColumns } from '../output/broker-columns.ts'
import type { Column } from '../output/table.ts'
import type { Run } from '../run-command.ts'

/** A broker, with what is the same for its whole group. */
type Broker = Omit<BrokerGroup, 'members'> & BrokerMember

/** `broker list`: a row for each broker. */
export const run: Run = async ({ values, askEach }) => {
  const cluster = values['cluster'] as string | undefined
  const notes = new Set<string>()
  const { items, failures } = await askEach(async (server): Promise<Broker[]> => {
    const groups = await readBrokerGroups(server, { cluster, notes })
    return groups.flatMap(({ members, ...group }) => members.map((member) => ({ ...group, ...member })))
  })
  const columns: Column<Broker>[] = [
    { head: 'BROKER', cell: ({ brokerName }) => brokerName },
    ...memberColumns(items),
    { head: 'CLUSTER', cell: ({ clusters }) => clusters.join(','), isWide: true },
    { head: 'ZONE', cell: ({ zone }) => zone, isWide: true },
    { head: 'ACTING MASTER', cell: ({ enableActingMaster }) => enableActingMaster, isWide: true },
  ]
  return {
    items,
    failures,
    none: NO_BROKERS,
    notes: [...notes],
    view: { columns },
    name: ({ brokerName }) => brokerName,
  }
}
