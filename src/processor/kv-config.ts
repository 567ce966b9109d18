import { TooManyChangesError } from '../kvconfig/group-commit.ts'
import { type KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from '../kvconfig/kv-config-manager.ts'
import { encodeKVTable } from '../protocol/body/lists-and-tables.ts'
import { BoundError, RemotingCommandError } from '../protocol/errors.ts'
import { stringField } from '../protocol/ext-fields.ts'
import type { Processor } from '../protocol/processor.ts'
import type { RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { SUCCESS } from './request-fields.ts'

/** @see DefaultRequestProcessor#putKVConfig in apache/rocketmq */
export function putKVConfig(kvConfig: KVConfigManager): Processor {
  return ({ extFields }) => {
    const namespace = stringField(extFields, 'namespace')
    const key = stringField(extFields, 'key')
    if (namespace === null || key === null) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'namespace or key is null' }
    }
    return whenStored(kvConfig.putKVConfig(namespace, key, stringField(extFields, 'value')))
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
export function deleteKVConfig(kvConfig: KVConfigManager): Processor {
  return ({ extFields }) =>
    whenStored(kvConfig.deleteKVConfig(stringField(extFields, 'namespace'), stringField(extFields, 'key')))
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

/** The table of ordered topics as a registration's answer carries it; null if there is none. */
export function orderTopicConfigBody(kvConfig: KVConfigManager): Buffer | null {
  const table = kvConfig.getKVListByNamespace(NAMESPACE_ORDER_TOPIC_CONFIG)
  return table === null ? null : encodeKVTable(table)
}

/** Java answers success whatever the disk says; here the caller learns that nothing was stored. */
async function whenStored(change: Promise<void>): Promise<RemotingResponse> {
  try {
    await change
    return SUCCESS
  } catch (cause) {
    // Too much is answered as such.
    if (cause instanceof TooManyChangesError || cause instanceof BoundError) throw cause
    const detail = (cause as Error).message
    throw new RemotingCommandError(ResponseCode.SYSTEM_ERROR, `the KV file cannot be written: ${detail}`, {
      cause,
    })
  }
}
