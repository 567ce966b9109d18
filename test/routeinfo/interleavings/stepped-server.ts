import { pino } from 'pino'
import { type MaybePromise, type Steps, TimeSlicer } from '../../../src/common/time-slicer.ts'
import { KVConfigManager } from '../../../src/kvconfig/kv-config-manager.ts'
import { BrokerHousekeepingService } from '../../../src/namesrv/brokers/broker-housekeeping-service.ts'
import { brokerHeartbeat, queryDataVersion, unregisterBroker } from '../../../src/processor/brokers.ts'
import { handleRegisterBroker } from '../../../src/processor/handle-register-broker.ts'
import { RegistrationCache } from '../../../src/processor/registration-cache.ts'
import { RegistrationsInFlight } from '../../../src/processor/registrations-in-flight.ts'
import type { Processor } from '../../../src/protocol/processor.ts'
import {
  CURRENT_VERSION,
  type RemotingCommand,
  type RemotingResponse,
} from '../../../src/protocol/remoting-command.ts'
import { RequestCode } from '../../../src/protocol/request-code.ts'
import { ResponseCode } from '../../../src/protocol/response-code.ts'
import { RequestDispatcher } from '../../../src/remoting/server/request-dispatcher.ts'
import { RouteInfoManager } from '../../../src/routeinfo/route-info-manager.ts'
import type { BrokerLiveInfo } from '../../../src/routeinfo/route-tables.ts'
import { Counters } from '../../../src/stats/counters.ts'
import { testContext } from '../../support/test-context.ts'
import { type FakeChannel, openChannel, PLAIN_VARIANT } from '../route-helpers.ts'
import type { Broker } from './who-is-alive.ts'

const CONTEXT = { ...testContext().context, logger: pino({ level: 'silent' }) }
const NO_KV = new KVConfigManager(new Map(), async () => {}, {
  maxKVEntries: 1,
  maxKVBytes: 1,
  maxWaitingChanges: 1,
})
const SETTINGS = { returnOrderTopicConfigToBroker: true, deleteTopicWithBrokerRegistration: false }

/** Gives the turn away after every so many steps; each next turn is one that the test chooses the moment of. */
class SteppedSlicer extends TimeSlicer {
  readonly #defer: (task: () => void) => void
  readonly #stepsPerSlice: number

  constructor(stepsPerSlice: number, defer: (task: () => void) => void) {
    super({ nowMs: () => 0, defer })
    this.#stepsPerSlice = stepsPerSlice
    this.#defer = defer
  }

  override run<Result>(work: Steps<Result>): MaybePromise<Result> {
    for (let step = 0; step < this.#stepsPerSlice; step++) {
      const { done, value } = work.next()
      if (done) return value
    }
    return new Promise((resolve, reject) => {
      this.#defer(() => {
        try {
          resolve(this.run(work))
        } catch (error) {
          reject(error)
        }
      })
    })
  }
}

/** How a server is to be stepped through. */
export interface SteppedServerOptions {
  /** Of the work that is done in slices; a step is a topic. Default 2. */
  readonly stepsPerSlice?: number
  /** See {@link SteppedServer.leavesStray}. Default false. */
  readonly leavesStray?: boolean
}

/** In place of the processor that keeps the order of arrival: the number is right, the moment is any. */
function strayingLeave(routeInfo: RouteInfoManager, defer: (task: () => void) => void): Processor {
  return ({ extFields }) => {
    const field = (name: string): string => extFields?.get(name) ?? ''
    const leaving = {
      clusterName: field('clusterName'),
      brokerName: field('brokerName'),
      brokerAddr: field('brokerAddr'),
      brokerId: BigInt(field('brokerId')),
      reason: 'request',
      generation: routeInfo.queue.nextGeneration(),
    } as const
    return new Promise((resolve) => {
      defer(() => {
        routeInfo.submitUnRegisterBrokerRequest(leaving)
        resolve({ code: ResponseCode.SUCCESS })
      })
    })
  }
}

/**
 * The tables, the processors before them and what watches the connections, without sockets. Whatever takes a turn of the event
 * loop waits until it is chosen, in any order: some work is done in other threads and ends whenever it does.
 */
export class SteppedServer {
  nowMs = 0
  /** What waits for a turn. */
  readonly tasks: (() => void)[] = []
  readonly routeInfo: RouteInfoManager
  readonly #dispatcher: RequestDispatcher
  readonly #housekeeping: BrokerHousekeepingService
  readonly #channels = new Map<number, FakeChannel>()
  readonly #members = new WeakMap<Buffer, ReadonlySet<string>>()
  #silent: readonly Readonly<BrokerLiveInfo>[] = []

  /** The tables see requests to leave out of their order, after registrations that came later. */
  readonly leavesStray: boolean

  constructor({ stepsPerSlice = 2, leavesStray = false }: SteppedServerOptions) {
    this.leavesStray = leavesStray
    const defer = (task: () => void): void => {
      this.tasks.push(task)
    }
    const slicer = new SteppedSlicer(stepsPerSlice, defer)
    this.routeInfo = new RouteInfoManager({
      slicer,
      onEvent: () => {},
      onClosedMeanwhile: (channelId) => this.#housekeeping.onClosed(channelId),
    })
    const registrations = new RegistrationCache(1_000_000)
    const counters = new Counters()
    const limits = { maxRegistrationsInFlight: 100, maxInflatedBytes: 1_000 }
    const inFlight = new RegistrationsInFlight(limits, counters)
    const options = { kvConfig: NO_KV, settings: SETTINGS, registrations, slicer, inFlight, counters }
    this.#dispatcher = new RequestDispatcher(
      {
        [RequestCode.REGISTER_BROKER]: handleRegisterBroker({
          ...options,
          routeInfo: this.routeInfo,
          onRegistrationRejected: () => {},
        }),
        [RequestCode.UNREGISTER_BROKER]: leavesStray
          ? strayingLeave(this.routeInfo, defer)
          : unregisterBroker(this.routeInfo),
        [RequestCode.BROKER_HEARTBEAT]: brokerHeartbeat(this.routeInfo),
        [RequestCode.QUERY_DATA_VERSION]: queryDataVersion(this.routeInfo),
      },
      (error) => {
        throw error
      },
    )
    const clock = { nowMs: () => this.nowMs }
    const context = { ...CONTEXT, clock, scheduler: { ...CONTEXT.scheduler, defer } }
    this.#housekeeping = new BrokerHousekeepingService(context, this.routeInfo)
  }

  channel(id: number): FakeChannel {
    const channel = this.#channels.get(id) ?? openChannel(id)
    this.#channels.set(id, channel)
    return channel
  }

  /** Carries out a request. */
  request(
    connection: number,
    code: number,
    fields: Readonly<Record<string, string>>,
    body: Buffer | null = null,
  ): Promise<RemotingResponse> {
    const request: RemotingCommand = {
      code,
      language: 'JAVA',
      version: CURRENT_VERSION,
      opaque: 1,
      flag: 0,
      remark: null,
      extFields: new Map(Object.entries(fields)),
      body,
    }
    const context = { channel: this.channel(connection), nowMs: this.nowMs }
    return Promise.resolve(this.#dispatcher.dispatch(request, context))
  }

  /** The connection is gone; its brokers go in a turn of their own. */
  close(connection: number): void {
    const channel = this.channel(connection)
    channel.closed = true
    this.#housekeeping.onChannelClose(channel)
  }

  scan(): void {
    this.#silent = this.routeInfo.scanNotActiveBroker(this.nowMs)
  }

  evict(): void {
    this.routeInfo.evict(this.#silent)
    this.#silent = []
  }

  /** Whether a lookup of this topic shows the broker, under its name and id. */
  shows(topic: string, { name, id, address }: Broker): boolean {
    const body = this.routeInfo.encodedRoute(topic, PLAIN_VARIANT)
    if (body === null) return false
    let members = this.#members.get(body)
    if (members === undefined) {
      const { brokerDatas } = JSON.parse(`${body}`) as {
        brokerDatas: { brokerName: string; brokerAddrs: Record<string, string> }[]
      }
      members = new Set(
        brokerDatas.flatMap(({ brokerName, brokerAddrs }) =>
          Object.entries(brokerAddrs).map((member) => [brokerName, ...member].join(' ')),
        ),
      )
      this.#members.set(body, members)
    }
    return members.has(`${name} ${id} ${address}`)
  }

  /** Whether the live table has the address under that name. */
  isLive({ name, address }: Broker): boolean {
    return this.routeInfo
      .scanNotActiveBroker(Number.POSITIVE_INFINITY)
      .some(({ brokerName, brokerAddr }) => brokerName === name && brokerAddr === address)
  }
}
