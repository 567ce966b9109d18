import type { MaybePromise, TimeSlicer } from '../common/time-slicer.ts'
import { encodeTopicList } from '../protocol/body/lists-and-tables.ts'
import { decodeQueueDatas, type QueueData } from '../protocol/body/topic-route-data.ts'
import type { Processor } from '../protocol/processor.ts'
import type { RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { ProcessorEvents } from './processor-events.ts'
import { andThen, decodeBody, SUCCESS, stringField } from './request-fields.ts'

/** Whether topic lists are served, read at every use. */
export interface TopicListSettings {
  readonly enableAllTopicList: boolean
  readonly enableTopicList: boolean
}

const DISABLED: RemotingResponse = { code: ResponseCode.SYSTEM_ERROR, remark: 'disable' }

/** What the topic lists need: the tables, and a slicer, so that encoding 100,000 names does not block the event loop. */
export interface TopicLists {
  readonly routeInfo: RouteInfoManager
  readonly slicer: TimeSlicer
  readonly settings: TopicListSettings
}

function topicList(
  slicer: TimeSlicer,
  topics: MaybePromise<readonly string[]>,
  brokerAddr: string | null = null,
): MaybePromise<RemotingResponse> {
  const body = andThen(topics, (list) => slicer.run(encodeTopicList(list, brokerAddr)))
  return andThen(body, (encoded) => ({ code: ResponseCode.SUCCESS, body: encoded }))
}

/** @see DefaultRequestProcessor#getAllTopicListFromNameserver in apache/rocketmq */
export function getAllTopicList({ routeInfo, slicer, settings }: TopicLists): Processor {
  return (_request, { channel }) =>
    settings.enableAllTopicList ? topicList(slicer, routeInfo.getTopicList(channel)) : DISABLED
}

/** @see DefaultRequestProcessor#getTopicsByCluster in apache/rocketmq */
export function getTopicsByCluster({ routeInfo, slicer, settings }: TopicLists): Processor {
  return ({ extFields }, { channel }) => {
    if (!settings.enableTopicList) return DISABLED
    const cluster = stringField(extFields, 'cluster')
    return topicList(slicer, cluster === null ? [] : routeInfo.getTopicsByCluster(cluster, channel))
  }
}

/** @see DefaultRequestProcessor#getSystemTopicListFromNs in apache/rocketmq */
export function getSystemTopicList({ routeInfo, slicer }: TopicLists): Processor {
  return (_request, { channel }) =>
    andThen(routeInfo.getSystemTopicList(channel), ({ topics, brokerAddr }) =>
      topicList(slicer, topics, brokerAddr),
    )
}

/** Bits of a topic's system flag. @see TopicSysFlag in apache/rocketmq */
const UNIT = 1
const UNIT_SUB = 2

/** Conditions of the three unit lists on a topic's system flag. */
export const unitFlags = {
  unit: (flag: number): boolean => (flag & UNIT) !== 0,
  unitSub: (flag: number): boolean => (flag & UNIT_SUB) !== 0,
  unitSubUnUnit: (flag: number): boolean => (flag & UNIT) === 0 && (flag & UNIT_SUB) !== 0,
}

/** Topics whose first queue entry has a certain flag. @see RouteInfoManager#getUnitTopics and its neighbours in apache/rocketmq */
export function getTopicsByFlag(
  { routeInfo, slicer, settings }: TopicLists,
  matches: (topicSysFlag: number) => boolean,
): Processor {
  return (_request, { channel }) => {
    if (!settings.enableTopicList) return DISABLED
    const topics = routeInfo.getTopicList(channel, (queues) => {
      const [first] = queues.values()
      return first !== undefined && matches(first.topicSysFlag)
    })
    return topicList(slicer, topics)
  }
}

/** @see DefaultRequestProcessor#deleteTopicInNamesrv in apache/rocketmq */
export function deleteTopicInNamesrv(
  routeInfo: RouteInfoManager,
  { onAdminChange }: Pick<ProcessorEvents, 'onAdminChange'>,
): Processor {
  return ({ extFields }, context) => {
    const topic = stringField(extFields, 'topic')
    if (topic === null) return SUCCESS
    const clusterName = stringField(extFields, 'clusterName')
    return andThen(routeInfo.deleteTopic(topic, clusterName, context.channel), (brokers) => {
      onAdminChange({ kind: 'topic deleted', topic, clusterName: clusterName ?? undefined, brokers }, context)
      return SUCCESS
    })
  }
}

/** @see DefaultRequestProcessor#registerTopicToNamesrv in apache/rocketmq */
export function registerTopicInNamesrv(
  routeInfo: RouteInfoManager,
  { onAdminChange }: Pick<ProcessorEvents, 'onAdminChange'>,
): Processor {
  return (request, context) => {
    const { extFields, body } = request
    const topic = stringField(extFields, 'topic')
    // No broker has an empty name, so an entry without a name ends the list, as one of an unknown broker does.
    const decoded = body === null ? [] : decodeBody('TopicRouteData', () => decodeQueueDatas(body))
    if (topic === null || decoded.length === 0) return SUCCESS
    const queueDatas = decoded.map((data): QueueData => ({ ...data, brokerName: data.brokerName ?? '' }))
    const { guard } = routeInfo
    const rejection = context.checkOthers?.({
      brokers: queueDatas.flatMap(({ brokerName }) => guard.membersOf(brokerName)),
      announced: [],
    })
    if (rejection !== undefined) return rejection
    guard.checkTopic(topic, queueDatas, guard.claimantOf(request, context), context.nowMs)
    return andThen(routeInfo.registerTopic(topic, queueDatas, context.channel), (brokers) => {
      onAdminChange({ kind: 'topic registered', topic, brokers }, context)
      return SUCCESS
    })
  }
}
