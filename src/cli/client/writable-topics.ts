import { AdminError } from '../../admin/admin-error.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { Perm } from '../../protocol/body/topic-config.ts'
import type { Explanation } from '../output/explanation.ts'
import type { CommandContext } from '../run-command.ts'
import { eachRoute } from './routes.ts'

/**
 * Those brokers that may have a writable topic at a NameServer; all of them if it does not respond.
 * @param brokers - If empty, the NameServer is not asked.
 */
export async function withWritableTopics(
  server: NameServer,
  brokers: ReadonlySet<string>,
  context: Pick<CommandContext, 'progress'>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  try {
    for (const broker of brokers) {
      const query = new URLSearchParams({ broker })
      const explained = await server.viewIfAny<Explanation>(`/api/v1/explain?${query}`)
      if (explained === undefined) return await fromRoutes(server, context)
      if (explained.verdict !== 'not_writable') found.add(broker)
    }
    return found
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    return brokers
  }
}

async function fromRoutes(
  server: NameServer,
  context: Pick<CommandContext, 'progress'>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  await eachRoute(server, context, (_, { queueDatas }) => {
    for (const { brokerName, perm } of queueDatas) if ((perm & Perm.WRITE) !== 0) found.add(brokerName ?? '')
  })
  return found
}
