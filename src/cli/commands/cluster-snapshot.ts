import { counted } from '../../common/counted.ts'
import { describeErrno } from '../../common/describe-errno.ts'
import { brokerDataOf } from '../../protocol/body/lists-and-tables.ts'
import { routeTables } from '../client/routes.ts'
import { CommandError } from '../command-error.ts'
import { type ListedRoutes, writeListedRoutes } from '../observe/listed-routes.ts'
import { checkTargetFile } from '../output/target-file.ts'
import type { Run } from '../run-command.ts'

/** `cluster snapshot FILE`: the routes of a running NameServer as a file from which one of ours restores them at its first start. */
export const run: Run = async (context) => {
  const { askEach, servers, values } = context
  const file = `${values['file']}`
  if (servers.length > 1)
    throw new CommandError('usage', 'a snapshot has the routes of one NameServer: name one with -n')
  checkTargetFile(file, values['yes'] === true)
  const { items } = await askEach(async (server) => {
    const { groups: listed, clusters } = await server.clusterInfo()
    const { topics, mappings } = await routeTables(server, context)
    const groups = [...listed].map(([name, group]) => brokerDataOf(name, group))
    // A server that restores no routes would only wait for them.
    if (topics.size === 0)
      throw new CommandError('failed', `${server.address} has no routes: no snapshot is written`)
    await write(file, { groups, clusters, topics, mappings })
    const brokers = groups.reduce((sum, { brokerAddrs }) => sum + brokerAddrs.size, 0)
    return [{ file, brokers, topics: topics.size }]
  })
  return {
    items,
    view: {
      lines: ({ namesrv, brokers, topics }) => [
        `wrote ${file}: ${counted(brokers, 'broker')} and ${counted(topics, 'topic')} of ${namesrv}`,
      ],
    },
    name: () => file,
  }
}

/** @throws {CommandError} (rejects) `failed` */
async function write(file: string, routes: ListedRoutes): Promise<void> {
  try {
    await writeListedRoutes(file, routes)
  } catch (error) {
    throw new CommandError('failed', `cannot write ${file}: ${describeErrno(error)}`)
  }
}
