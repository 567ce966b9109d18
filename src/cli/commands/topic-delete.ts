import { MQVersion } from '../../protocol/remoting-command.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { changeEach } from '../change-each.ts'
import type { NameServer } from '../client/name-server.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** A broker group on which a topic has queues. */
interface TopicBroker {
  readonly brokerName: string
  readonly cluster: string | null
}

/** `topic delete TOPIC… [--cluster NAME]` (216). */
export const run: Run = async ({ values, ...context }) => {
  const cluster = values['cluster'] as string | undefined
  const changed = await changeEach(context, values['topic'] as readonly string[], {
    look: async (server, topic) => {
      const brokers = namesIn(await brokersOf(server, topic), cluster)
      if (brokers.length === 0) {
        const where = cluster === undefined ? '' : ` in cluster ${JSON.stringify(cluster)}`
        throw new CommandError('not_found', `no topic ${JSON.stringify(topic)}${where} on ${server.address}`)
      }
      // Such a server would delete it in all clusters.
      if (cluster !== undefined && (server.version ?? 0) < MQVersion.V5_0_0)
        throw new CommandError('not_supported', `${server.address} is older than 5.0: it has no --cluster`)
      return [{ topic, brokers }]
    },
    describe: ({ topic, brokers }) => [
      `topic ${JSON.stringify(topic)} will be deleted from the routes of ${quoted(brokers)}`,
    ],
    warning:
      'brokers that still have a topic register it again within a minute (with their next change if forceRegister is off): delete it on them first (mqadmin deleteTopic)',
    apply: async (server, { topic, brokers }) => {
      const fields = cluster === undefined ? { topic } : { topic, clusterName: cluster }
      await server.ask(RequestCode.DELETE_TOPIC_IN_NAMESRV, fields)
      const left = namesIn(await brokersOf(server, topic), cluster)
      if (left.length > 0)
        throw new CommandError(
          'failed',
          `topic ${JSON.stringify(topic)} is there again, from ${quoted(left)}`,
        )
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

/** Empty for an unknown topic. The view of ours does not count a lookup that finds nothing. */
async function brokersOf(server: NameServer, topic: string): Promise<readonly TopicBroker[]> {
  try {
    const path = `/api/v1/topics/${encodeURIComponent(topic)}`
    const viewed = await server.viewIfAny<{ readonly brokers: readonly TopicBroker[] }>(path)
    if (viewed !== undefined) return viewed.brokers
  } catch (error) {
    if (error instanceof CommandError && error.code === 'not_found') return []
    throw error
  }
  const route = await server.route(topic)
  const clusters = new Map(route?.brokerDatas.map(({ brokerName, cluster }) => [brokerName, cluster]))
  return (route?.queueDatas ?? []).map(({ brokerName }) => ({
    brokerName: brokerName ?? '',
    cluster: clusters.get(brokerName) ?? null,
  }))
}

function namesIn(brokers: readonly TopicBroker[], cluster: string | undefined): string[] {
  return brokers
    .filter((broker) => cluster === undefined || broker.cluster === cluster)
    .map(({ brokerName }) => brokerName)
    .sort()
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ')
}
