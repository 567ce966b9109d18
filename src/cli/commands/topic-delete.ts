import { brokersToDelete, deleteTopic, quoted } from '../../admin/topic-deletion.ts'
import { changeEach } from '../change-each.ts'
import type { Run } from '../run-command.ts'

/** `topic delete TOPIC… [--cluster NAME]` (216). */
export const run: Run = async ({ values, ...context }) => {
  const cluster = values['cluster'] as string | undefined
  const changed = await changeEach(context, values['topic'] as readonly string[], {
    look: async (server, topic) => {
      return [{ topic, brokers: await brokersToDelete(server, topic, cluster) }]
    },
    describe: ({ topic, brokers }) => [
      `topic ${JSON.stringify(topic)} will be deleted from the routes of ${quoted(brokers)}`,
    ],
    warning:
      'brokers that still have a topic register it again within a minute (with their next change if forceRegister is off): delete it on them first (mqadmin deleteTopic)',
    apply: async (server, { topic, brokers }) => {
      await deleteTopic(server, topic, cluster)
      return [{ topic, cluster: cluster ?? null, brokers, result: 'deleted' }]
    },
  })
  return {
    ...changed,
    view: {
      columns: [
        { head: 'RESULT', cell: ({ result }) => result },
        { head: 'TOPIC', cell: ({ topic }) => topic },
        { head: 'BROKERS', cell: ({ brokers }) => brokers.join(',') },
      ],
    },
    namesrv: 'always',
    name: ({ topic }) => topic,
  }
}
