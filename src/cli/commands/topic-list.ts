import type { NameServer } from '../../admin/name-server.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** `topic list`: names in ascending order (206, or 224 for a cluster). */
export const run: Run = async ({ values, askEach }) => {
  const cluster = values['cluster'] as string | undefined
  const prefix = (values['prefix'] as string | undefined) ?? ''
  const { items, failures } = await askEach(async (server) => {
    const all = cluster === undefined ? await server.topicNames() : await server.topicNamesOf(cluster)
    if (all.size === 0 && cluster !== undefined && !(await hasCluster(server, cluster)))
      throw new CommandError('not_found', `no cluster ${JSON.stringify(cluster)} on ${server.address}`)
    const topics = [...all].filter((topic) => topic.startsWith(prefix)).sort()
    return topics.map((topic) => ({ topic }))
  })
  return {
    items,
    failures,
    none: cluster === undefined && prefix === '' ? 'no topics' : 'no such topics',
    view: { columns: [{ head: 'TOPIC', cell: ({ topic }) => topic }] },
    name: ({ topic }) => topic,
  }
}

async function hasCluster(server: NameServer, cluster: string): Promise<boolean> {
  for (const group of (await server.brokerGroups()).values()) if (group.cluster === cluster) return true
  return false
}
