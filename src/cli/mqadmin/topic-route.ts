import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
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
  const queues = new Map(queueDatas.map((data) => [data.brokerName ?? '', data]))
  const groups = brokerDatas
    .map((group) => ({ name: group.brokerName ?? '', group, queues: queues.get(group.brokerName ?? '') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const reads = groups.reduce((sum, { queues }) => sum + (queues?.readQueueNums ?? 0), 0)
  const writes = groups.reduce((sum, { queues }) => sum + (queues?.writeQueueNums ?? 0), 0)
  return [
    row(HEADINGS),
    ...groups.map(({ name, group, queues }) => {
      const addresses = [...inOrder(group.brokerAddrs, hashOfLong)].map(([id, address]) => `${id}=${address}`)
      const counts = [queues?.readQueueNums, queues?.writeQueueNums, queues?.perm].map(
        (count) => `${count ?? 0}`,
      )
      return row([group.cluster ?? 'null', name, `{${addresses.join(', ')}}`, ...counts])
    }),
    `${'-'.repeat(158)}\n`,
    row(['Total:', `${queues.size}`, '', `${reads}`, `${writes}`, '']),
  ].join('')
}

function row(cells: readonly string[]): string {
  return `${cells.map((cell, index) => visible(cell).padEnd(WIDTHS[index] ?? 0)).join(' ')}\n`
}
