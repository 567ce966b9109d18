import { crc32, inflate } from 'node:zlib'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import {
  decodeInflatedRegisterBrokerBody,
  ZLIB_FIRST_BYTE,
} from '../protocol/body/compressed-register-broker-body.ts'
import {
  decodeRegisterBrokerBody,
  decodeTopicConfigWrapper,
  emptyRegisterBrokerBody,
  type RegisterBrokerBody,
} from '../protocol/body/register-broker-body.ts'
import { JsonError, RemotingCommandError } from '../protocol/errors.ts'
import { booleanField, intField, longField, stringField } from '../protocol/ext-fields.ts'
import { MQVersion } from '../protocol/mq-version.ts'
import type { Processor, RequestContext } from '../protocol/processor.ts'
import type { ExtFields, RemotingCommand, RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RegisterBrokerResult, Registration } from '../routeinfo/register-broker.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Slicer } from '../routeinfo/slicer.ts'
import { orderTopicConfigBody } from './kv-config.ts'
import { missing, requiredField } from './request-fields.ts'

/** What registering needs; `settings` are read at every use. */
export interface RegisterBrokerOptions {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly slicer: Slicer
  readonly settings: {
    readonly returnOrderTopicConfigToBroker: boolean
    readonly deleteTopicWithBrokerRegistration: boolean
  }
  /** Most bytes a compressed registration may inflate to. */
  readonly maxInflatedBytes: number
}

/**
 * Takes a broker's registration, in any of its body forms.
 * @see DefaultRequestProcessor#registerBroker in apache/rocketmq
 */
export function registerBroker(options: RegisterBrokerOptions): Processor {
  const { routeInfo, kvConfig, settings } = options
  return async (request, context) => {
    if (!crcMatches(request)) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'crc32 not match', extFields: new Map() }
    }
    // The number is taken before anything is waited for: it says when the broker spoke, not when it was heard.
    const generation = routeInfo.nextGeneration()
    const identity = registeringBroker(request, context, generation)
    const body = await decodeBody(request, context, options)
    const registration: Registration = { ...identity, ...body }
    const result = await routeInfo.registerBroker(
      registration,
      settings.deleteTopicWithBrokerRegistration,
      context.channel,
    )
    if (result === null) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'register broker failed', extFields: new Map() }
    }
    return registered(result, settings.returnOrderTopicConfigToBroker ? orderTopicConfigBody(kvConfig) : null)
  }
}

function registered(
  { haServerAddr, masterAddr }: RegisterBrokerResult,
  body: Buffer | null,
): RemotingResponse {
  const extFields = new Map<string, string>()
  if (haServerAddr !== null) extFields.set('haServerAddr', haServerAddr)
  if (masterAddr !== null) extFields.set('masterAddr', masterAddr)
  return { code: ResponseCode.SUCCESS, extFields, body }
}

/** 0, also in place of a missing or unreadable number, asks for no check. Java keeps 31 bits of the sum. */
function crcMatches({ extFields, body }: RemotingCommand): boolean {
  const expected = intField(extFields, 'bodyCrc32') ?? 0
  return expected === 0 || expected === (body === null ? 0 : crc32(body) & 0x7fffffff)
}

function registeringBroker(
  request: RemotingCommand,
  { channel, nowMs }: RequestContext,
  generation: number,
): Omit<Registration, keyof RegisterBrokerBody> {
  const extFields: ExtFields | null = request.extFields
  const brokerId = longField(extFields, 'brokerId')
  if (brokerId === null) throw missing('brokerId')
  const heartbeatTimeoutMs = longField(extFields, 'heartbeatTimeoutMillis')
  return {
    clusterName: requiredField(request, 'clusterName'),
    brokerName: requiredField(request, 'brokerName'),
    brokerAddr: requiredField(request, 'brokerAddr'),
    brokerId,
    haServerAddr: stringField(extFields, 'haServerAddr'),
    zoneName: stringField(extFields, '__ZONE_NAME'),
    heartbeatTimeoutMs: heartbeatTimeoutMs === null ? null : Number(heartbeatTimeoutMs),
    enableActingMaster: booleanField(extFields, 'enableActingMaster'),
    channelId: channel.id,
    generation,
    nowMs,
  }
}

async function decodeBody(
  request: RemotingCommand,
  { nowMs }: RequestContext,
  { slicer, maxInflatedBytes }: RegisterBrokerOptions,
): Promise<RegisterBrokerBody> {
  const { body, version } = request
  if (version < 0) throw bodyError(new Error(`version ${version} is negative`))
  const wrapped = version >= MQVersion.V3_0_11
  if (body === null) return emptyRegisterBrokerBody(wrapped ? [] : null)
  try {
    if (!wrapped) return await slicer.run(decodeTopicConfigWrapper(body, nowMs))
    // Brokers of 5.x with compressedRegister=true compress the body but say they did not, and Java refuses them.
    const compressed = booleanField(request.extFields, 'compressed') === true || body[0] === ZLIB_FIRST_BYTE
    if (!compressed) return await slicer.run(decodeRegisterBrokerBody(body, nowMs))
    const inflated = await inflateAtMost(body, maxInflatedBytes)
    return await slicer.run(decodeInflatedRegisterBrokerBody(inflated, version >= MQVersion.V5_0_0, nowMs))
  } catch (error) {
    if (error instanceof JsonError || (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true)
      throw bodyError(error)
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const limit = `${maxInflatedBytes} bytes, four times com.rocketmq.remoting.frameMaxLength`
      throw bodyError(new Error(`it inflates to more than ${limit}`, { cause: error }))
    }
    throw error
  }
}

function bodyError(cause: unknown): RemotingCommandError {
  const remark = `Failed to decode RegisterBrokerBody: ${(cause as Error).message}`
  return new RemotingCommandError(ResponseCode.SYSTEM_ERROR, remark, { cause })
}

/** Inflates in zlib's own threads, so that a large body does not hold up lookups. */
function inflateAtMost(body: Buffer, maxOutputLength: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    inflate(body, { maxOutputLength }, (error, inflated) => {
      if (error === null) resolve(inflated)
      else reject(error)
    })
  })
}
