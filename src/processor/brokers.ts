import { type DataVersion, decodeDataVersion, encodeDataVersion } from '../protocol/body/data-version.ts'
import { encodeBrokerMemberGroup } from '../protocol/body/lists-and-tables.ts'
import { constantExtFields } from '../protocol/command-codec.ts'
import { JsonError, LimitError, RemotingCommandError } from '../protocol/errors.ts'
import { longField, stringField } from '../protocol/ext-fields.ts'
import type { Processor } from '../protocol/processor.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Unregistration } from '../routeinfo/unregister-brokers.ts'
import { andThen, missing, requiredField, SUCCESS } from './request-fields.ts'
import type { RequestObserver } from './request-observer.ts'

/** @see DefaultRequestProcessor#unregisterBroker in apache/rocketmq */
export function unregisterBroker(routeInfo: RouteInfoManager): Processor {
  return (request, { channel }) => {
    const brokerId = longField(request.extFields, 'brokerId')
    if (brokerId === null) throw missing('brokerId')
    const unregistration: Unregistration = {
      clusterName: requiredField(request, 'clusterName'),
      brokerName: requiredField(request, 'brokerName'),
      brokerAddr: requiredField(request, 'brokerAddr'),
      brokerId,
      reason: 'request',
      generation: routeInfo.nextGeneration(),
      peer: channel.remoteAddress,
    }
    const { ready, release } = routeInfo.acquire(unregistration.brokerName)
    return andThen(ready, () => {
      try {
        if (routeInfo.submitUnRegisterBrokerRequest(unregistration)) return SUCCESS
        // Java's answer has no remark.
        const detail = 'too many brokers wait to be unregistered already'
        throw new LimitError('unRegisterBrokerQueueCapacity', detail, ResponseCode.SYSTEM_ERROR, '')
      } finally {
        release()
      }
    })
  }
}

/** @see DefaultRequestProcessor#brokerHeartbeat in apache/rocketmq */
export function brokerHeartbeat(routeInfo: RouteInfoManager): Processor {
  return (request, { nowMs }) => {
    routeInfo.touch(requiredField(request, 'clusterName'), requiredField(request, 'brokerAddr'), nowMs)
    return SUCCESS
  }
}

/** @see DefaultRequestProcessor#queryBrokerTopicConfig in apache/rocketmq */
export function queryDataVersion(routeInfo: RouteInfoManager): Processor {
  return (request, { channel, nowMs }) => {
    const clusterName = requiredField(request, 'clusterName')
    const brokerAddr = requiredField(request, 'brokerAddr')
    const brokerName = stringField(request.extFields, 'brokerName')
    const brokerId = longField(request.extFields, 'brokerId')
    const version = versionIn(request.body, routeInfo.registeredDataVersion(clusterName, brokerAddr), nowMs)
    const broker = { clusterName, brokerAddr, brokerName, brokerId }
    const answer = routeInfo.queryDataVersion(broker, version, nowMs, channel)
    return andThen(answer, ({ changed, registered }) => ({
      code: ResponseCode.SUCCESS,
      extFields: changed ? CHANGED : UNCHANGED,
      body: registered === null ? null : encodeDataVersion(registered),
    }))
  }
}

const CHANGED = constantExtFields([['changed', 'true']])
const UNCHANGED = constantExtFields([['changed', 'false']])

/** Brokers ask every second and nearly always with the version they have registered with, in the same bytes. */
function versionIn(body: Buffer | null, registered: DataVersion | null, nowMs: number): DataVersion | null {
  if (body === null) return null
  // A version without a counter is written like one whose counter is missing, which is 0.
  const isComparable = registered !== null && registered.counter !== null
  if (isComparable && encodeDataVersion(registered).equals(body)) return registered
  return readableDataVersion(body, nowMs)
}

function readableDataVersion(body: Buffer, nowMs: number): ReturnType<typeof decodeDataVersion> {
  try {
    return decodeDataVersion(body, nowMs)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    const remark = `the DataVersion is not readable: ${cause.message}`
    throw new RemotingCommandError(ResponseCode.SYSTEM_ERROR, remark, { cause })
  }
}

/** @see DefaultRequestProcessor#getBrokerClusterInfo in apache/rocketmq */
export function getBrokerClusterInfo(routeInfo: RouteInfoManager): Processor {
  return (_request, { channel }) =>
    andThen(routeInfo.encodedClusterInfo(channel), (body) => ({
      code: ResponseCode.SUCCESS,
      body,
    }))
}

/**
 * The remark of success is what Java's answer is left with; it is part of the protocol as it is spoken.
 * @see DefaultRequestProcessor#getBrokerMemberGroup in apache/rocketmq
 */
export function getBrokerMemberGroup(routeInfo: RouteInfoManager): Processor {
  return (request, { channel }) => {
    const clusterName = stringField(request.extFields, 'clusterName')
    const brokerName = stringField(request.extFields, 'brokerName')
    // Nobody has no name, and Java says so rather than to fail.
    const group =
      brokerName === null ? new Map<bigint, string>() : routeInfo.getBrokerMemberGroup(brokerName, channel)
    return andThen(group, (brokerAddrs) => ({
      code: ResponseCode.SUCCESS,
      remark: 'not set any response code',
      body: encodeBrokerMemberGroup(clusterName, brokerName, brokerAddrs),
    }))
  }
}

/** @see DefaultRequestProcessor#wipeWritePermOfBroker, #addWritePermOfBroker in apache/rocketmq */
export function setWritePermOfBroker(
  routeInfo: RouteInfoManager,
  operation: 'wipe' | 'add',
  observer: RequestObserver,
): Processor {
  const countField = operation === 'wipe' ? 'wipeTopicCount' : 'addTopicCount'
  const kind = operation === 'wipe' ? 'write permission wiped' : 'write permission added'
  return ({ extFields }, context) => {
    const brokerName = stringField(extFields, 'brokerName')
    const count = brokerName === null ? 0 : routeInfo.setWritePerm(brokerName, operation, context.channel)
    return andThen(count, (topics) => {
      if (brokerName !== null) observer.onChange({ kind, brokerName, topics }, context)
      return { code: ResponseCode.SUCCESS, extFields: new Map([[countField, `${topics}`]]) }
    })
  }
}
