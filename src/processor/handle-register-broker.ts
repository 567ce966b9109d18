import { crc32 } from 'node:zlib'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { RegisterBrokerBody } from '../protocol/body/register-broker-body.ts'
import { RemotingCommandError } from '../protocol/errors.ts'
import type { Processor, RequestContext } from '../protocol/processor.ts'
import {
  type ExtFields,
  type RemotingCommand,
  type RemotingResponse,
  remarkText,
} from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type {
  RegisterBrokerOutcome,
  RegisterBrokerResult,
  Registration,
  RegistrationBaseline,
} from '../routeinfo/registration.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Counters } from '../stats/counters.ts'
import { orderTopicConfigBody } from './kv-config.ts'
import {
  type BodyOptions,
  bodyError,
  bodyForm,
  type RegistrationBody,
  readChanges,
  readWhole,
  repeatedBody,
} from './registration-body.ts'
import type { BodyForm, KnownRegistration, Loan, RegistrationCache } from './registration-cache.ts'
import type { RegistrationInFlight, RegistrationsInFlight } from './registrations-in-flight.ts'
import { booleanField, intField, longField, missing, requiredField, stringField } from './request-fields.ts'
import type { RequestObserver } from './request-observer.ts'

/** What registering needs; `settings` are read at every use. */
export interface RegisterBrokerOptions extends BodyOptions {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly settings: {
    readonly returnOrderTopicConfigToBroker: boolean
    readonly deleteTopicWithBrokerRegistration: boolean
  }
  /** What is kept of the last registration of each broker. */
  readonly memory: RegistrationCache
  readonly inFlight: RegistrationsInFlight
  readonly counters: Counters
  readonly observer: RequestObserver
}

/**
 * Takes a broker's registration, in any of its body forms. A broker repeats itself every 30 seconds, so what its last
 * registration said need not be read again, nor compared with the tables topic by topic as long as nobody else has changed them.
 * @see DefaultRequestProcessor#registerBroker in apache/rocketmq
 */
export function handleRegisterBroker(options: RegisterBrokerOptions): Processor {
  const register = takeRegistration(options)
  const { inFlight, memory, counters, observer } = options
  const reject = ({ extFields }: RemotingCommand, reason: string, context: RequestContext): void => {
    const [name, addr] = [stringField(extFields, 'brokerName'), stringField(extFields, 'brokerAddr')]
    observer.onRegistrationRejected(name, addr, reason, context)
  }
  return async (request, context) => {
    const form = bodyForm(request)
    const loan = memory.lend(request.extFields, form)
    let flight: RegistrationInFlight | undefined
    let done = false
    try {
      flight = inFlight.enter()
      const response = await register(request, context, flight, form, loan)
      done = response.code === ResponseCode.SUCCESS
      if (!done) reject(request, remarkText(response.remark ?? ''), context)
      return response
    } catch (error) {
      // What a limit rejects is logged as such.
      if (error instanceof RemotingCommandError) reject(request, error.message, context)
      throw error
    } finally {
      flight?.leave()
      memory.giveBack(loan)
      if (!done) counters.registrationsRejected++
    }
  }
}

type Register = (
  request: RemotingCommand,
  context: RequestContext,
  flight: RegistrationInFlight,
  form: BodyForm | undefined,
  loan: Loan,
) => Promise<RemotingResponse>

function takeRegistration(options: RegisterBrokerOptions): Register {
  const { kvConfig, settings, memory, routeInfo, counters } = options
  return async (request, context, flight, form, loan) => {
    const { body: bytes, extFields } = request
    const { known } = loan
    const repeated = known !== undefined && bytes !== null && known.bytes.equals(bytes)
    const checksum = intField(extFields, 'bodyCrc32') ?? 0
    // The sum of the same bytes is the same.
    if (!(repeated && checksum === known.checksum) && !crcMatches(checksum, bytes)) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'crc32 not match', extFields: new Map() }
    }
    // The number is taken before anything is waited for: it says when the broker spoke, not when it was heard.
    const broker = registeringBroker(request, context, routeInfo.nextGeneration())
    if (form === undefined) throw bodyError(new Error(`version ${request.version} is negative`))
    const arrival = routeInfo.arriveToRegister(broker)
    const register = async ({
      body,
      since,
    }: RegistrationBody): Promise<RegisterBrokerOutcome | undefined> => {
      await arrival.turn
      return routeInfo.registerBroker(
        { ...broker, ...body, ...(since && { since }) },
        settings.deleteTopicWithBrokerRegistration,
        context.channel,
      )
    }
    try {
      let body = repeated ? repeatedBody(known) : await readChanges(known, bytes, context.nowMs, options)
      let outcome = body && (await register(body))
      if (body === undefined || outcome === undefined) {
        body = await readWhole(form, bytes, context.nowMs, options, flight.inflate)
        outcome = await register(body)
        counters.registrationsRead++
      } else if (repeated) counters.registrationsUnchanged++
      else counters.registrationsCompared++
      if (outcome === undefined) throw new Error('a whole registration builds on nothing')
      const kept = toRemember(body, outcome.mark, form, checksum, context.nowMs)
      memory.keep(broker, context.channel, kept, loan)
      if (outcome.result === null) {
        return { code: ResponseCode.SYSTEM_ERROR, remark: 'register broker failed', extFields: new Map() }
      }
      return registered(
        outcome.result,
        settings.returnOrderTopicConfigToBroker ? orderTopicConfigBody(kvConfig) : null,
      )
    } finally {
      arrival.leave()
    }
  }
}

/** What the next registration of the broker can be compared with; undefined if nothing of this one. */
function toRemember(
  { body, bytes, places }: RegistrationBody,
  mark: RegistrationBaseline | undefined,
  form: BodyForm,
  checksum: number,
  nowMs: number,
): KnownRegistration | undefined {
  const { dataVersion, filterServerList } = body
  // A version without a timestamp has been given ours, and is another one next time.
  const isOwnTime = dataVersion.timestamp === BigInt(Math.trunc(nowMs))
  if (bytes === null || mark === undefined || isOwnTime) return undefined
  return { form, bytes, checksum, dataVersion, filterServerList, places, mark }
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
function crcMatches(expected: number, body: Buffer | null): boolean {
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
    peer: channel.remoteAddress,
    generation,
    nowMs,
  }
}
