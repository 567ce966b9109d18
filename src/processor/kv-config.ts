import { LimitError } from '../common/limit-error.ts'
import { NotDurableError } from '../common/not-durable-error.ts'
import { shareOfSender } from '../common/shares.ts'
import { type KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from '../kvconfig/kv-config-manager.ts'
import { encodeKVTable } from '../protocol/body/lists-and-tables.ts'
import { RemotingCommandError } from '../protocol/errors.ts'
import type { Processor, RequestContext } from '../protocol/processor.ts'
import type { RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { AdminChange, ProcessorEvents } from './processor-events.ts'
import { SUCCESS, stringField } from './request-fields.ts'

/** What changes of the key-value table need. */
export interface KVChangeOptions extends Pick<ProcessorEvents, 'log' | 'onAdminChange'> {
  readonly kvConfig: KVConfigManager
  readonly settings: { readonly kvConfigPath: string }
}

/** @see DefaultRequestProcessor#putKVConfig in apache/rocketmq */
export function putKVConfig(options: KVChangeOptions): Processor {
  return ({ extFields }, context) => {
    const namespace = stringField(extFields, 'namespace')
    const key = stringField(extFields, 'key')
    if (namespace === null || key === null) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'namespace or key is null' }
    }
    const value = stringField(extFields, 'value')
    const stored = options.kvConfig.putKVConfig(namespace, key, value, shareOfSender(context))
    return whenStored(stored, { kind: 'KV entry put', namespace, key, value }, options, context)
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
export function deleteKVConfig(options: KVChangeOptions): Processor {
  return ({ extFields }, context) => {
    const [namespace, key] = [stringField(extFields, 'namespace'), stringField(extFields, 'key')]
    const stored = options.kvConfig.deleteKVConfig(namespace, key, shareOfSender(context))
    return whenStored(stored, { kind: 'KV entry deleted', namespace, key }, options, context)
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

/** Java responds with success even if the disk fails; here the sender gets an error. */
async function whenStored(
  stored: Promise<void>,
  change: Extract<AdminChange, { readonly namespace: string | null }>,
  { log, onAdminChange, settings: { kvConfigPath: path } }: KVChangeOptions,
  context: RequestContext,
): Promise<RemotingResponse> {
  try {
    await stored
  } catch (cause) {
    // Limits have responses of their own.
    if (cause instanceof LimitError) throw cause
    const { namespace, key } = change
    const { message: error } = cause as Error
    const isApplied = cause instanceof NotDurableError
    if (isApplied) onAdminChange(change, context)
    const failure = isApplied ? 'KV change applied but not durable' : 'KV change not stored'
    log('error', failure, { namespace, key, path, error }, context)
    const remark = isApplied ? error : `the KV file cannot be written: ${error}`
    throw new RemotingCommandError(ResponseCode.SYSTEM_ERROR, remark, { cause })
  }
  onAdminChange(change, context)
  return SUCCESS
}
