import { Perm } from '../../protocol/body/topic-config.ts'
import type { ListedRoute } from '../../protocol/body/topic-route-reader.ts'
import { CommandError } from '../command-error.ts'
import { javaJson, members } from './java-json.ts'
import { concurrentHashMapOrder, hashMapOrder, javaHash } from './java-order.ts'

interface MessageQueue {
  readonly brokerName: string
  readonly queueId: number
}

/**
 * `allocateMQ`: which consumer, by its address, gets which queues of a topic.
 * @throws {CommandError} `usage`: no or an empty address. `failed`: the topic has no queues to read.
 * @see AllocateMessageQueueAveragely in apache/rocketmq
 */
export function allocation(topic: string, route: ListedRoute, ipList: string): string {
  // Java's split drops the empty strings at the end.
  const consumers = ipList.replace(/,+$/, '').split(',')
  if (consumers.some((consumer) => consumer === ''))
    throw new CommandError('usage', 'an address of -i is empty')
  const queues = queuesOf(topic, route)
  if (queues.length === 0) throw new CommandError('failed', `${topic} has no queues to read`)
  const shares = consumers.map((consumer) => {
    const place = consumers.indexOf(consumer)
    const more = queues.length % consumers.length
    const share = Math.max(1, Math.floor(queues.length / consumers.length))
    const size = queues.length > consumers.length && place < more ? share + 1 : share
    const start = place < more ? place * size : place * size + more
    return [consumer, queues.slice(start, start + size).map((queue) => queueJson(topic, queue))] as const
  })
  const result = new Map(hashMapOrder([...new Map(shares)], ([consumer]) => javaHash(consumer)))
  return `${javaJson(members({ result }), false)}\n`
}

function queueJson(topic: string, { brokerName, queueId }: MessageQueue) {
  return members({ brokerName, queueId, topic })
}

/** In the order of Java's hash set. @see MQClientInstance#topicRouteData2TopicSubscribeInfo in apache/rocketmq */
function queuesOf(
  topic: string,
  { queueDatas, topicQueueMappingByBroker: mappings }: ListedRoute,
): MessageQueue[] {
  const hashOf = ({ brokerName, queueId }: MessageQueue): number =>
    (Math.imul(31, Math.imul(31, 31 + javaHash(brokerName)) + queueId) + javaHash(topic)) | 0
  if (mappings.size > 0) {
    const totals = new Map<string, number>()
    for (const { scope, totalQueues } of mappings.values())
      if (scope !== null) totals.set(scope, Math.max(totals.get(scope) ?? 0, totalQueues))
    const logical = hashMapOrder([...totals], ([scope]) => javaHash(scope)).flatMap(([scope, total]) =>
      numbered(`__syslo__${scope === '__global__' ? scope.slice(2) : scope}`, total),
    )
    return hashMapOrder(concurrentHashMapOrder(logical, hashOf), hashOf)
  }
  const readable = queueDatas.filter(({ perm }) => (perm & Perm.READ) !== 0)
  const queues = readable.flatMap(({ brokerName, readQueueNums }) => numbered(`${brokerName}`, readQueueNums))
  return hashMapOrder(queues, hashOf)
}

function numbered(brokerName: string, count: number): MessageQueue[] {
  return Array.from({ length: Math.max(0, count) }, (_, queueId) => ({ brokerName, queueId }))
}
