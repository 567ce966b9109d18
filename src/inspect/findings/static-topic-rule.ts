import { counted } from '../../common/counted.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import { name } from '../explain/wording.ts'
import { AffectedTopics } from './affected-topics.ts'
import type { Observations } from './finding.ts'

/** Logical queues of static topics that are on no broker. */
interface Holes {
  queues: number
  readonly topics: AffectedTopics
}

/** By the name of the broker that should have them or, if none does, of one that has others of the topic. */
export type HolesOfBroker = Map<string, Holes>

type Known = Pick<ReadonlyMap<string, unknown>, 'has'>

/** A broker may announce any number; no topic has this many. */
const MAX_LOGICAL_QUEUES = 65_536
/** Ids of logical queues in the evidence about a topic. */
const MAX_SHOWN_IDS = 16

/** @see MQClientInstance#topicRouteData2EndpointsForStaticTopic in apache/rocketmq: the mapping of the latest epoch wins */
export function noteHoles(
  topic: string,
  mappings: ReadonlyMap<string, TopicQueueMappingInfo>,
  brokers: Known,
  holesOfBroker: HolesOfBroker,
): void {
  let latest = -1n
  let totalQueues = 0
  const owners = new Map<number, TopicQueueMappingInfo>()
  const infos = [...mappings.values()].sort((a, b) => (a.epoch < b.epoch ? 1 : a.epoch > b.epoch ? -1 : 0))
  for (const info of infos) {
    if (info.epoch >= latest) totalQueues = Math.max(totalQueues, info.totalQueues)
    if (latest < info.epoch) latest = info.epoch
    for (const id of info.currIdMap?.keys() ?? []) if (!owners.has(id)) owners.set(id, info)
  }
  const [other = ''] = [...mappings.keys()].sort()
  const idsOf = new Map<string, number[]>()
  for (let id = 0; id < totalQueues && id < MAX_LOGICAL_QUEUES; id++) {
    const owner = owners.get(id)?.bname ?? undefined
    if (owner !== undefined && brokers.has(owner)) continue
    const ids = idsOf.get(owner ?? other)
    if (ids === undefined) idsOf.set(owner ?? other, [id])
    else ids.push(id)
  }
  for (const [brokerName, ids] of idsOf) {
    const holes = holesOfBroker.get(brokerName) ?? { queues: 0, topics: new AffectedTopics() }
    holesOfBroker.set(brokerName, holes)
    holes.queues += ids.length
    const firstIds = `${ids.slice(0, MAX_SHOWN_IDS).join(', ')}${ids.length > MAX_SHOWN_IDS ? ', …' : ''}`
    holes.topics.add(topic, `${ids.length} of ${totalQueues} (${firstIds})`)
  }
}

export function reportHoles(holesOfBroker: HolesOfBroker, brokers: Known, found: Observations): void {
  for (const [brokerName, { queues, topics }] of holesOfBroker)
    found.add('static_topic_hole', 'warning', brokerName, () => {
      const advice = brokers.has(brokerName)
        ? 'no registered broker has them. Start the one that had them, or move'
        : `${name(brokerName)} is not registered. Start it, or move`
      return {
        text: `${counted(queues, 'logical queue')} of ${topics.text} cannot be used: ${advice} them with mqadmin remappingStaticTopic.`,
        evidence: { queues, ...topics.evidence },
      }
    })
}
