import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import { NO_QUEUES } from '../../protocol/body/topic-route-data.ts'
import type { ListedRoute, RouteGroup } from '../../protocol/body/topic-route-reader.ts'
import { visible } from '../output/visible.ts'
import { type JavaJson, javaJson, members } from './java-json.ts'
import { concurrentHashMapOrder, hashMapOrder, hashOfLong, javaHash } from './java-order.ts'

/** `topicRoute`: the route as JSON. @see RemotingSerializable#toJson(Object, boolean) in apache/rocketmq */
export function routeJson(route: ListedRoute): string {
  const { topicQueueMappingByBroker: mappings, filterServerTable } = route
  const value = members({
    brokerDatas: route.brokerDatas.map(groupJson),
    filterServerTable: inOrder(filterServerTable, javaHash),
    orderTopicConf: route.orderTopicConf,
    queueDatas: route.queueDatas.map(({ brokerName, perm, readQueueNums, topicSysFlag, writeQueueNums }) =>
      members({ brokerName, perm, readQueueNums, topicSysFlag, writeQueueNums }),
    ),
    topicQueueMappingByBroker:
      mappings.size === 0
        ? null
        : new Map([...inOrder(mappings, javaHash)].map(([name, mapping]) => [name, mappingJson(mapping)])),
  })
  return `${javaJson(value, true)}\n`
}

function groupJson({ brokerAddrs, brokerName, cluster, enableActingMaster, zoneName }: RouteGroup): JavaJson {
  return members({
    brokerAddrs: inOrder(brokerAddrs, hashOfLong),
    ...{ brokerName, cluster, enableActingMaster: enableActingMaster ?? false, zoneName },
  })
}

function mappingJson(mapping: TopicQueueMappingInfo): JavaJson {
  const { bname, currIdMap, dirty, epoch, scope, topic, totalQueues } = mapping
  const ids = currIdMap === null ? null : new Map(concurrentHashMapOrder([...currIdMap], ([id]) => id))
  return members({ bname, currIdMap: ids, dirty, epoch, scope, topic, totalQueues })
}

function inOrder<Key, Value>(map: ReadonlyMap<Key, Value>, hashOf: (key: Key) => number): Map<Key, Value> {
  return new Map(hashMapOrder([...map], ([key]) => hashOf(key)))
}

const WIDTHS = [45, 32, 50, 10, 11, 5]
const HEADINGS = ['#ClusterName', '#BrokerName', '#BrokerAddrs', '#ReadQueue', '#WriteQueue', '#Perm']

/** `topicRoute -l`: the route as a table. */
export function routeTable({ brokerDatas, queueDatas }: ListedRoute): string {
  const queues = new Map(queueDatas.map((data) => [data.brokerName, data]))
  const rows = brokerDatas
    .map((group) => ({ ...NO_QUEUES, ...queues.get(group.brokerName), group }))
    .sort(({ group: a }, { group: b }) => (`${a.brokerName}` < `${b.brokerName}` ? -1 : 1))
  const reads = rows.reduce((sum, { readQueueNums }) => sum + readQueueNums, 0)
  const writes = rows.reduce((sum, { writeQueueNums }) => sum + writeQueueNums, 0)
  return [
    row(HEADINGS),
    ...rows.map(({ group: { cluster, brokerName, brokerAddrs }, readQueueNums, writeQueueNums, perm }) => {
      const addresses = [...inOrder(brokerAddrs, hashOfLong)].map(([id, address]) => `${id}=${address}`)
      return row([cluster, brokerName, `{${addresses.join(', ')}}`, readQueueNums, writeQueueNums, perm])
    }),
    `${'-'.repeat(158)}\n`,
    row(['Total:', queues.size, '', reads, writes, '']),
  ].join('')
}

function row(cells: readonly (string | number | null)[]): string {
  return `${cells.map((cell, index) => visible(`${cell}`).padEnd(WIDTHS[index] ?? 0)).join(' ')}\n`
}
