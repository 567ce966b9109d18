import { AdminError } from '../../admin/admin-error.ts'
import type { BrokerGroup } from '../../admin/broker-group.ts'
import { readBrokerGroups } from '../../admin/brokers.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { askForEach } from '../client/each-name.ts'
import { brokerLines, memberColumns } from '../output/broker-columns.ts'
import { detailLines } from '../output/details.ts'
import type { Run } from '../run-command.ts'

interface Cluster {
  readonly cluster: string
  /** Null if the NameServer does not list the topics of clusters (`enableTopicList`). */
  readonly topics: number | null
  readonly brokers: readonly BrokerGroup[]
}

/** `cluster show`: the brokers of clusters. */
export const run: Run = async (context) => {
  const { values } = context
  const notes = new Set<string>()
  const names = values['cluster'] as readonly string[]
  const { items, failures } = await askForEach(
    names,
    context,
    async (server, cluster): Promise<Cluster[]> => {
      const brokers = await readBrokerGroups(server, { cluster, notes })
      return [{ cluster, topics: await topicsOf(server, cluster), brokers }]
    },
  )
  const lines = ({ cluster, topics, brokers }: Cluster): string[] => {
    const members = brokers.flatMap(({ brokerName, members }) =>
      members.map((member) => ({ brokerName, ...member })),
    )
    const masterless = brokers.filter(({ members }) => members.every(({ brokerId }) => brokerId !== 0)).length
    return [
      ...detailLines([
        ['Cluster', cluster],
        ['Broker groups', `${brokers.length}${masterless === 0 ? '' : ` (${masterless} without master)`}`],
        ['Brokers', members.length],
        ['Topics', topics],
      ]),
      '',
      ...brokerLines(
        members,
        [{ head: 'BROKER', cell: ({ brokerName }) => brokerName }, ...memberColumns(members)],
        context,
      ),
    ]
  }
  return { items, failures, notes: [...notes], view: { lines }, name: ({ cluster }) => cluster }
}

async function topicsOf(server: NameServer, cluster: string): Promise<number | null> {
  try {
    return (await server.topicNamesOf(cluster)).size
  } catch (error) {
    if (error instanceof AdminError && (error.code === 'failed' || error.code === 'denied')) return null
    throw error
  }
}
