import { MQVersion } from '../protocol/remoting-command.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { AdminError } from './admin-error.ts'
import type { NameServer } from './name-server.ts'

/** A broker group on which a topic has queues. */
interface TopicBroker {
  readonly brokerName: string
  readonly cluster: string | null
}

/**
 * The broker groups from whose routes a deletion takes a topic.
 * @param cluster - Only those of this cluster. Default: all.
 * @throws {AdminError} (rejects) `not_found`: there is no such topic. `not_supported`: the server would delete it in all clusters.
 */
export async function brokersToDelete(
  server: NameServer,
  topic: string,
  cluster: string | undefined,
): Promise<readonly string[]> {
  const brokers = namesIn(await brokersOf(server, topic), cluster)
  if (brokers.length === 0) {
    const where = cluster === undefined ? '' : ` in cluster ${JSON.stringify(cluster)}`
    throw new AdminError('not_found', `no topic ${JSON.stringify(topic)}${where} on ${server.address}`)
  }
  if (cluster !== undefined && (server.version ?? 0) < MQVersion.V5_0_0) {
    const option = server.optionName('cluster')
    throw new AdminError('not_supported', `${server.address} is older than 5.0: it has no ${option}`)
  }
  return brokers
}

/**
 * Deletes a topic (216), and reads it back.
 * @throws {AdminError} (rejects) `failed`: a broker has registered it again in the meantime.
 */
export async function deleteTopic(
  server: NameServer,
  topic: string,
  cluster: string | undefined,
): Promise<void> {
  const fields = cluster === undefined ? { topic } : { topic, clusterName: cluster }
  await server.ask(RequestCode.DELETE_TOPIC_IN_NAMESRV, fields)
  const left = namesIn(await brokersOf(server, topic), cluster)
  if (left.length > 0)
    throw new AdminError('failed', `topic ${JSON.stringify(topic)} is there again, from ${quoted(left)}`)
}

/** Empty for an unknown topic. The view of ours does not count a lookup that finds nothing. */
async function brokersOf(server: NameServer, topic: string): Promise<readonly TopicBroker[]> {
  try {
    const path = `/api/v1/topics/${encodeURIComponent(topic)}`
    const viewed = await server.viewIfAny<{ readonly brokers: readonly TopicBroker[] }>(path)
    if (viewed !== undefined) return server.listIn(viewed, 'brokers')
  } catch (error) {
    if (error instanceof AdminError && error.code === 'not_found') return []
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

/** Names in quotes, for a message. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ')
}
