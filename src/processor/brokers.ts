import { LimitError } from '../common/limit-error.ts'
import { shareOf } from '../common/shares.ts'
import { type DataVersion, dataVersionText, decodeDataVersion } from '../protocol/body/data-version.ts'
import { encodeBrokerMemberGroup } from '../protocol/body/lists-and-tables.ts'
import type { Processor, RequestContext } from '../protocol/processor.ts'
import type { RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Unregistration } from '../routeinfo/unregister-brokers.ts'
import type { ProcessorEvents } from './processor-events.ts'
import {
  andThen,
  decodeBody,
  longField,
  requiredField,
  requiredLongField,
  SUCCESS,
  stringField,
} from './request-fields.ts'

/** @see DefaultRequestProcessor#unregisterBroker in apache/rocketmq */
export function unregisterBroker(routeInfo: RouteInfoManager): Processor {
  return (request, context) => {
    const claimant = routeInfo.guard.claimantOf(request, context)
    const { peer, by } = claimant
    const brokerId = requiredLongField(request, 'brokerId')
    const unregistration: Unregistration = {
      clusterName: requiredField(request, 'clusterName'),
      brokerName: requiredField(request, 'brokerName'),
      brokerAddr: requiredField(request, 'brokerAddr'),
      brokerId,
      reason: 'request',
      generation: routeInfo.queue.nextGeneration(),
      peer,
      by,
    }
    const { ready, release } = routeInfo.queue.acquire(unregistration.brokerName)
    return andThen(ready, () => {
      try {
        const { clusterName, brokerAddr, brokerName } = unregistration
        const rejection = context.checkOthers?.({
          brokers: routeInfo.guard.affectedBy(clusterName, brokerAddr, brokerName),
          announced: [],
        })
        if (rejection !== undefined) return rejection
        routeInfo.guard.checkUnregistration(unregistration, claimant, context.nowMs)
        if (routeInfo.submitUnRegisterBrokerRequest(unregistration, shareOf(claimant.owner))) return SUCCESS
        // Java's response has no remark.
        const detail = `unRegisterBrokerQueueCapacity (${routeInfo.unRegisterBrokerQueueCapacity}) reached`
        throw new LimitError('unRegisterBrokerQueueCapacity', detail, { remark: '' })
      } finally {
        release()
      }
    })
  }
}

/** The response if the policy does not allow a heartbeat: its name in the request may be that of another broker. */
function checkHeartbeat(
  { guard }: RouteInfoManager,
  { checkOthers }: RequestContext,
  clusterName: string,
  brokerAddr: string,
): RemotingResponse | undefined {
  return checkOthers?.({ brokers: guard.affectedBy(clusterName, brokerAddr, null), announced: [] })
}

/** @see DefaultRequestProcessor#brokerHeartbeat in apache/rocketmq */
export function brokerHeartbeat(routeInfo: RouteInfoManager): Processor {
  return (request, context) => {
    const clusterName = requiredField(request, 'clusterName')
    const brokerAddr = requiredField(request, 'brokerAddr')
    const rejection = checkHeartbeat(routeInfo, context, clusterName, brokerAddr)
    if (rejection !== undefined) return rejection
    routeInfo.guard.checkHeartbeat(clusterName, brokerAddr, routeInfo.guard.claimantOf(request, context))
    routeInfo.touch(clusterName, brokerAddr, context.nowMs)
    return SUCCESS
  }
}

/** @see DefaultRequestProcessor#queryBrokerTopicConfig in apache/rocketmq */
export function queryDataVersion(routeInfo: RouteInfoManager): Processor {
  const encodedVersions = new WeakMap<DataVersion, Buffer>()
  const encoded = (version: DataVersion): Buffer => {
    let bytes = encodedVersions.get(version)
    if (bytes === undefined) {
      bytes = Buffer.from(dataVersionText(version, 'legacy'))
      encodedVersions.set(version, bytes)
    }
    return bytes
  }
  // Brokers ask every second, nearly always with the version they registered, in the same bytes.
  const readVersion = (body: Buffer | null, known: DataVersion | null, nowMs: number): DataVersion | null => {
    if (body === null) return null
    // A version without a counter is written like one whose counter is missing, which is 0.
    if (known !== null && known.counter !== null && encoded(known).equals(body)) return known
    return decodeBody('DataVersion', () => decodeDataVersion(body, nowMs))
  }
  return (request, context) => {
    const { channel, nowMs } = context
    const clusterName = requiredField(request, 'clusterName')
    const brokerAddr = requiredField(request, 'brokerAddr')
    const rejection = checkHeartbeat(routeInfo, context, clusterName, brokerAddr)
    if (rejection !== undefined) return rejection
    routeInfo.guard.checkHeartbeat(clusterName, brokerAddr, routeInfo.guard.claimantOf(request, context))
    const brokerName = stringField(request.extFields, 'brokerName')
    const brokerId = longField(request.extFields, 'brokerId')
    const known = routeInfo.registeredDataVersion(clusterName, brokerAddr)
    const version = readVersion(request.body, known, nowMs)
    const broker = { clusterName, brokerAddr, brokerName, brokerId }
    return andThen(
      routeInfo.queryDataVersion(broker, version, nowMs, channel),
      ({ changed, registered }) => ({
        code: ResponseCode.SUCCESS,
        extFields: changed ? CHANGED : UNCHANGED,
        body: registered === null ? null : encoded(registered),
      }),
    )
  }
}

const CHANGED = new Map([['changed', 'true']])
const UNCHANGED = new Map([['changed', 'false']])

/** @see DefaultRequestProcessor#getBrokerClusterInfo in apache/rocketmq */
export function getBrokerClusterInfo(routeInfo: RouteInfoManager): Processor {
  return (_request, { channel }) =>
    andThen(routeInfo.encodedClusterInfo(channel), (body) => ({
      code: ResponseCode.SUCCESS,
      body,
    }))
}

/**
 * Java creates the response with this remark and then sets only its code.
 * @see DefaultRequestProcessor#getBrokerMemberGroup in apache/rocketmq
 */
export function getBrokerMemberGroup(routeInfo: RouteInfoManager): Processor {
  return (request, { channel }) => {
    const clusterName = stringField(request.extFields, 'clusterName')
    const brokerName = stringField(request.extFields, 'brokerName')
    // Java returns an empty group for a missing brokerName instead of failing.
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
  { onAdminChange }: Pick<ProcessorEvents, 'onAdminChange'>,
): Processor {
  const countField = operation === 'wipe' ? 'wipeTopicCount' : 'addTopicCount'
  const kind = operation === 'wipe' ? 'permission wiped' : 'permission restored'
  return ({ extFields }, context) => {
    const brokerName = stringField(extFields, 'brokerName')
    const { revision } = routeInfo
    const count = brokerName === null ? 0 : routeInfo.setWritePerm(brokerName, operation, context.channel)
    return andThen(count, (topics) => {
      if (brokerName !== null)
        onAdminChange({ kind, brokerName, topics, changed: routeInfo.revision !== revision }, context)
      return { code: ResponseCode.SUCCESS, extFields: new Map([[countField, `${topics}`]]) }
    })
  }
}
