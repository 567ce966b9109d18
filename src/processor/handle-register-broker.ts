import { crc32 } from 'node:zlib'
import { LimitError } from '../common/limit-error.ts'
import { shareOf } from '../common/shares.ts'
import type { TimeSlicer } from '../common/time-slicer.ts'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import {
  decodeInflatedRegisterBrokerBody,
  ZLIB_FIRST_BYTE,
} from '../protocol/body/compressed-register-broker-body.ts'
import {
  decodeTopicConfigWrapper,
  emptyRegisterBrokerBody,
  type RegisterBrokerBody,
  readRegisterBrokerBody,
} from '../protocol/body/register-broker-body.ts'
import type { KnownTopics } from '../protocol/body/topic-table.ts'
import { JsonError, RemotingCommandError } from '../protocol/errors.ts'
import type { Processor, RequestContext } from '../protocol/processor.ts'
import { MQVersion, type RemotingCommand, type RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RegisterBrokerOutcome, Registration } from '../routeinfo/registration.ts'
import type { Claimant } from '../routeinfo/registration-guard.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Counters } from '../stats/counters.ts'
import { orderTopicConfigBody } from './kv-config.ts'
import type { ProcessorEvents } from './processor-events.ts'
import { type CachedRegistration, isRepeated, type RegistrationCache } from './registration-cache.ts'
import type { RegistrationInFlight, RegistrationsInFlight } from './registrations-in-flight.ts'
import {
  booleanField,
  intField,
  longField,
  requiredField,
  requiredLongField,
  stringField,
} from './request-fields.ts'

/** What {@link handleRegisterBroker} needs; `settings` are read at every use. */
export interface RegisterBrokerOptions extends Pick<ProcessorEvents, 'onRegistrationRejected'> {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly slicer: TimeSlicer
  readonly settings: {
    readonly returnOrderTopicConfigToBroker: boolean
    readonly deleteTopicWithBrokerRegistration: boolean
  }
  readonly registrations: RegistrationCache
  readonly inFlight: RegistrationsInFlight
  readonly counters: Counters
}

/** The response to a registration. */
interface RegisterResponse {
  readonly response: RemotingResponse
  /** Why the registration was rejected, for the log: Java's remark does not say it. */
  readonly rejection?: string
}

type RegisteringBroker = Omit<Registration, keyof RegisterBrokerBody>

/**
 * REGISTER_BROKER, in all forms of its body. A broker repeats its registration every 30 seconds: if header and body are those of
 * its last one and the tables are as that one left them, only its times change. Any other is read and applied as a whole.
 * @see DefaultRequestProcessor#registerBroker in apache/rocketmq
 */
export function handleRegisterBroker(options: RegisterBrokerOptions): Processor {
  const { routeInfo, inFlight, counters } = options
  const reject = (
    { extFields }: RemotingCommand,
    reason: string,
    context: RequestContext,
    { limit, isDisputed = false }: { readonly limit?: string; readonly isDisputed?: boolean } = {},
  ): void => {
    const brokerName = stringField(extFields, 'brokerName')
    const brokerAddr = stringField(extFields, 'brokerAddr')
    options.onRegistrationRejected({ brokerName, brokerAddr, limit, isDisputed, reason }, context)
  }
  return async (request, context) => {
    let flight: RegistrationInFlight | undefined
    let done = false
    try {
      const claimant = routeInfo.guard.claimantOf(request, context)
      flight = inFlight.enter(shareOf(claimant.owner))
      const { response, rejection } = await register(options, request, context, claimant, flight)
      done = rejection === undefined
      if (rejection !== undefined) reject(request, rejection, context)
      return response
    } catch (error) {
      if (error instanceof RemotingCommandError) {
        // Only the guard says so.
        const isDisputed = error.code === ResponseCode.NO_PERMISSION
        reject(request, error.message, context, { isDisputed })
      } else if (error instanceof LimitError) reject(request, error.message, context, error)
      throw error
    } finally {
      flight?.release()
      if (!done) counters.registrationsRejected++
    }
  }
}

async function register(
  options: RegisterBrokerOptions,
  request: RemotingCommand,
  context: RequestContext,
  claimant: Claimant,
  { inflate }: RegistrationInFlight,
): Promise<RegisterResponse> {
  const { routeInfo, registrations, slicer, settings, counters } = options
  const { channel, nowMs } = context
  // The generation says when the registration arrived, so it is taken before anything is awaited.
  const broker = registeringBroker(request, nowMs, claimant, routeInfo)
  const last = registrations.take(broker)
  let next: CachedRegistration | undefined = last
  const { ready, release } = routeInfo.queue.acquire(broker.brokerName, broker)
  try {
    if (last !== undefined && isRepeated(last.request, request)) {
      await ready
      const denied = checkOthers(broker, last.filterServers, context, routeInfo)
      if (denied !== undefined) return denied
      const deleteMissing = settings.deleteTopicWithBrokerRegistration
      const outcome = await routeInfo.repeatRegistration(last.applied, broker, deleteMissing, channel)
      if (outcome !== undefined) {
        counters.registrationsUnchanged++
        next = { ...last, applied: outcome.applied }
        return responseOf(outcome, options)
      }
    } else {
      const mismatch = crcMismatch(request)
      if (mismatch !== undefined) return rejected('crc32 not match', mismatch)
    }
    const previous = last?.applied
    const known = last && { body: last.request.body, topics: last.applied.topics }
    const body = await readRegistrationBody(request, { slicer, nowMs, inflate, known })
    await ready
    const denied = checkOthers(broker, body.filterServerList ?? [], context, routeInfo)
    if (denied !== undefined) return denied
    const deleteMissing = settings.deleteTopicWithBrokerRegistration
    const outcome = await routeInfo.registerBroker({ ...broker, ...body, previous }, deleteMissing, channel)
    if (outcome.result !== null) counters.registrationsRead++
    next = cacheable(request, body, outcome, nowMs)
    return responseOf(outcome, options)
  } finally {
    if (next !== undefined) registrations.put(next, channel, last)
    release()
  }
}

/** The response if the policy does not allow what a registration is about besides its fields. */
function checkOthers(
  { clusterName, brokerAddr, brokerName }: RegisteringBroker,
  filterServers: readonly string[],
  context: RequestContext,
  { guard }: RouteInfoManager,
): RegisterResponse | undefined {
  const response = context.checkOthers?.({
    brokers: guard.affectedBy(clusterName, brokerAddr, brokerName),
    announced: filterServers,
  })
  return response && { response }
}

/** What is cached of a registration; undefined if repeating it would change the tables. */
function cacheable(
  { version, extFields, body }: RemotingCommand,
  { dataVersion, filterServerList }: RegisterBrokerBody,
  { applied }: RegisterBrokerOutcome,
  nowMs: number,
): CachedRegistration | undefined {
  // A version without a timestamp was given the time of its arrival, so the next one differs.
  const hasOwnTimestamp = dataVersion.timestamp !== BigInt(Math.trunc(nowMs))
  if (applied === undefined || body === null || !hasOwnTimestamp) return undefined
  return { request: { version, extFields, body }, applied, filterServers: filterServerList ?? [] }
}

function responseOf(
  { result }: RegisterBrokerOutcome,
  { settings, kvConfig }: RegisterBrokerOptions,
): RegisterResponse {
  if (result === null) {
    return rejected(
      'register broker failed',
      'the first registration has only one topic and is treated as an increment; register the whole topic list first',
    )
  }
  const extFields = new Map<string, string>()
  if (result.haServerAddr !== null) extFields.set('haServerAddr', result.haServerAddr)
  if (result.masterAddr !== null) extFields.set('masterAddr', result.masterAddr)
  const body = settings.returnOrderTopicConfigToBroker ? orderTopicConfigBody(kvConfig) : null
  return { response: { code: ResponseCode.SUCCESS, extFields, body } }
}

/** @param remark - Java's. */
function rejected(remark: string, rejection: string): RegisterResponse {
  return { response: { code: ResponseCode.SYSTEM_ERROR, remark, extFields: new Map() }, rejection }
}

/**
 * How checksum and body differ; undefined if they do not. 0, also in place of a missing or invalid number, asks for no check. Java
 * keeps 31 bits of the checksum.
 */
function crcMismatch({ extFields, body }: RemotingCommand): string | undefined {
  const expected = intField(extFields, 'bodyCrc32') ?? 0
  if (expected === 0) return undefined
  const actual = body === null ? 0 : crc32(body) & 0x7fffffff
  return expected === actual ? undefined : `bodyCrc32 is ${expected}, the body has ${actual}`
}

function registeringBroker(
  request: RemotingCommand,
  nowMs: number,
  claimant: Claimant,
  { queue }: RouteInfoManager,
): RegisteringBroker {
  const { extFields, version, language } = request
  const brokerId = requiredLongField(request, 'brokerId')
  const heartbeatTimeoutMs = longField(extFields, 'heartbeatTimeoutMillis')
  return {
    ...claimant,
    clusterName: requiredField(request, 'clusterName'),
    brokerName: requiredField(request, 'brokerName'),
    brokerAddr: requiredField(request, 'brokerAddr'),
    brokerId,
    haServerAddr: stringField(extFields, 'haServerAddr'),
    zoneName: stringField(extFields, '__ZONE_NAME'),
    heartbeatTimeoutMs: heartbeatTimeoutMs === null ? null : Number(heartbeatTimeoutMs),
    enableActingMaster: booleanField(extFields, 'enableActingMaster'),
    version,
    language,
    generation: queue.nextGeneration(),
    nowMs,
  }
}

/** What reading a body needs. */
interface ReadBodyOptions {
  readonly slicer: TimeSlicer
  readonly nowMs: number
  /** Inflates a compressed body. */
  readonly inflate: (body: Buffer) => Promise<Buffer>
  /** See {@link readTopicTable}. */
  readonly known: KnownTopics | undefined
}

/** Reads the body of a registration, in any of its forms. @throws {RemotingCommandError} (rejects) */
async function readRegistrationBody(
  { body, version, extFields }: RemotingCommand,
  { slicer, nowMs, inflate, known }: ReadBodyOptions,
): Promise<RegisterBrokerBody> {
  if (version < 0) throw notDecodable(`version ${version} is negative`)
  const isBareWrapper = version < MQVersion.V3_0_11
  if (body === null) return emptyRegisterBrokerBody(isBareWrapper ? null : [])
  try {
    if (isBareWrapper) return await slicer.run(decodeTopicConfigWrapper(body, nowMs, known))
    // Brokers of 5.x with compressedRegister=true compress the body but say they did not, and Java rejects them.
    const isCompressed = booleanField(extFields, 'compressed') === true || body[0] === ZLIB_FIRST_BYTE
    if (!isCompressed) return await slicer.run(readRegisterBrokerBody(body, nowMs, known))
    const withMappings = version >= MQVersion.V5_0_0
    return await slicer.run(decodeInflatedRegisterBrokerBody(await inflate(body), withMappings, nowMs))
  } catch (error) {
    if (error instanceof JsonError || isZlibError(error)) throw notDecodable(error.message, error)
    throw error
  }
}

function notDecodable(reason: string, cause?: Error): RemotingCommandError {
  const remark = `Failed to decode RegisterBrokerBody: ${reason}`
  return new RemotingCommandError(ResponseCode.SYSTEM_ERROR, remark, { cause })
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && `${error.code}`.startsWith('Z_')
}
