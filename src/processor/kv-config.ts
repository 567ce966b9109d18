import { LimitError } from '../common/limit-error.ts'
import { type KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from '../kvconfig/kv-config-manager.ts'
import { encodeKVTable } from '../protocol/body/lists-and-tables.ts'
import { RemotingCommandError } from '../protocol/errors.ts'
import type { Processor, RequestContext } from '../protocol/processor.ts'
import type { RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { SUCCESS, stringField } from './request-fields.ts'
import type { AdminChange, RequestObserver } from './request-observer.ts'

/** @see DefaultRequestProcessor#putKVConfig in apache/rocketmq */
export function putKVConfig(kvConfig: KVConfigManager, observer: RequestObserver): Processor {
  return ({ extFields }, context) => {
    const namespace = stringField(extFields, 'namespace')
    const key = stringField(extFields, 'key')
    if (namespace === null || key === null) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'namespace or key is null' }
    }
    const value = stringField(extFields, 'value')
    const stored = kvConfig.putKVConfig(namespace, key, value)
    return whenStored(stored, { kind: 'KV entry put', namespace, key, value }, observer, context)
  }
}

/** @see DefaultRequestProcessor#getKVConfig in apache/rocketmq */
export function getKVConfig(kvConfig: KVConfigManager): Processor {
  return ({ extFields }) => {
    const namespace = stringField(extFields, 'namespace')
    const key = stringField(extFields, 'key')
    const value = kvConfig.getKVConfig(namespace, key)
    if (value !== null) return { code: ResponseCode.SUCCESS, extFields: new Map([['value', value]]) }
    const remark = `No config item, Namespace: ${namespace} Key: ${key}`
    return { code: ResponseCode.QUERY_NOT_FOUND, remark, extFields: new Map() }
  }
}

/** @see DefaultRequestProcessor#deleteKVConfig in apache/rocketmq */
export function deleteKVConfig(kvConfig: KVConfigManager, observer: RequestObserver): Processor {
  return ({ extFields }, context) => {
    const [namespace, key] = [stringField(extFields, 'namespace'), stringField(extFields, 'key')]
    const stored = kvConfig.deleteKVConfig(namespace, key)
    return whenStored(stored, { kind: 'KV entry deleted', namespace, key }, observer, context)
  }
}

/** @see DefaultRequestProcessor#getKVListByNamespace in apache/rocketmq */
export function getKVListByNamespace(kvConfig: KVConfigManager): Processor {
  return ({ extFields }) => {
    const namespace = stringField(extFields, 'namespace')
    const table = kvConfig.getKVListByNamespace(namespace)
    if (table !== null) return { code: ResponseCode.SUCCESS, body: encodeKVTable(table) }
    return { code: ResponseCode.QUERY_NOT_FOUND, remark: `No config item, Namespace: ${namespace}` }
  }
}

/** The order configuration of all topics, as the response to a registration carries it; null if there is none. */
export function orderTopicConfigBody(kvConfig: KVConfigManager): Buffer | null {
  const table = kvConfig.getKVListByNamespace(NAMESPACE_ORDER_TOPIC_CONFIG)
  return table === null ? null : encodeKVTable(table)
}

/** Java responds with success even if the disk fails; here the sender learns that nothing was stored. */
async function whenStored(
  stored: Promise<void>,
  change: Extract<AdminChange, { readonly key: unknown }>,
  observer: RequestObserver,
  context: RequestContext,
): Promise<RemotingResponse> {
  try {
    await stored
    observer.onChange(change, context)
    return SUCCESS
  } catch (cause) {
    // Limits have responses of their own.
    if (cause instanceof LimitError) throw cause
    observer.onKVFailure(change.namespace, change.key, cause as Error, context)
    const detail = (cause as Error).message
    throw new RemotingCommandError(ResponseCode.SYSTEM_ERROR, `the KV file cannot be written: ${detail}`, {
      cause,
    })
  }
}
