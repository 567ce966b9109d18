import { NOT_READY } from '../processor/client-request-processor.ts'
import { CommandDecoder } from '../protocol/command-decoder.ts'
import type { Processor } from '../protocol/processor.ts'
import { requestCommand, SerializeType } from '../protocol/remoting-command.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { OutgoingConnection } from '../remoting/client/outgoing-connection.ts'
import type { RemotingServer } from '../remoting/server/remoting-server.ts'
import { RequestDispatcher } from '../remoting/server/request-dispatcher.ts'
import type { NamesrvContext } from './namesrv-context.ts'

const PERIOD_MS = 1_000
/** Lookups in a row that fail, or seconds without a response, until clients should go elsewhere. */
const MAX_FAILURES = 3
const MAX_QUEUED_BYTES = 64 * 1024

/**
 * Looks up a route once a second through the server's own port, and measures how long that takes, as clients see it.
 *
 * Its connection and its requests are counted nowhere but in the requests to the route cache: see
 * {@link RemotingServer.connectToSelf}.
 * @see CoreDNS's plugin `health`, which does the same
 */
export class SelfProbe {
  readonly #context: NamesrvContext
  readonly #server: Pick<RemotingServer, 'connectToSelf'>
  readonly #dispatcher: RequestDispatcher
  readonly #topic: () => string | undefined
  #connection: OutgoingConnection | undefined
  #lookups = 0
  #failures = 0
  #reason = ''
  /** Several periods may be over before other work of the event loop is done, such as the response to the last lookup. */
  #isDue = false
  #endTicks: (() => void) | undefined

  /**
   * @param processLookup - Serves its requests.
   * @param topic - A topic with a route; undefined while the tables are empty: the lookup is then for no topic.
   */
  constructor(
    context: NamesrvContext,
    server: Pick<RemotingServer, 'connectToSelf'>,
    processLookup: Processor,
    topic: () => string | undefined,
  ) {
    this.#context = context
    this.#server = server
    const processors = { [RequestCode.GET_ROUTEINFO_BY_TOPIC]: processLookup }
    // An error is the remark of the response.
    this.#dispatcher = new RequestDispatcher(processors, () => {})
    this.#topic = topic
  }

  /** Why clients should go elsewhere; undefined if the last lookups worked. */
  get problem(): string | undefined {
    if (this.#failures < MAX_FAILURES) return undefined
    return `${this.#failures} lookups through the own port failed: ${this.#reason}`
  }

  start(): void {
    const { scheduler } = this.#context
    this.#endTicks = scheduler.every(PERIOD_MS, () => {
      if (this.#isDue) return
      this.#isDue = true
      scheduler.defer(() => {
        this.#isDue = false
        if (this.#endTicks !== undefined) this.#probe()
      })
    })
  }

  stop(): void {
    this.#endTicks?.()
    this.#endTicks = undefined
    this.#disconnect()
  }

  #probe(): void {
    const { clock, durations } = this.#context
    this.#connection ??= this.#connect()
    const connection = this.#connection
    if (connection.busy) {
      this.#onFailure('no response')
      return
    }
    const topic = this.#topic()
    const extFields = topic === undefined ? new Map() : new Map([['topic', topic]])
    const request = requestCommand(RequestCode.GET_ROUTEINFO_BY_TOPIC, ++this.#lookups, extFields)
    const sentMs = clock.nowMs()
    connection.request(request, Number.POSITIVE_INFINITY).then(
      ({ code, remark }) => {
        durations.selfProbe.observe((clock.nowMs() - sentMs) / 1_000)
        if (
          code === ResponseCode.SUCCESS ||
          code === ResponseCode.TOPIC_NOT_EXIST ||
          remark === NOT_READY.remark
        )
          this.#onSuccess()
        else this.#onFailure(`response ${code}: ${remark}`)
      },
      (error: Error) => {
        if (this.#connection !== connection) return
        this.#connection = undefined
        this.#onFailure(error.message)
      },
    )
  }

  #connect(): OutgoingConnection {
    const { clock, configuration } = this.#context
    const { maxHeaderBytes, 'com.rocketmq.remoting.frameMaxLength': maxFrameBytes } = configuration.values
    const connect = (_: unknown, onReady: () => void) => this.#server.connectToSelf(this.#dispatcher, onReady)
    return new OutgoingConnection(
      'this server',
      { host: '', port: 0 },
      {
        connect,
        connectTimeoutMs: Number.POSITIVE_INFINITY,
        closeIfTimeout: false,
        maxQueuedBytes: MAX_QUEUED_BYTES,
        maxFrameBytes,
        serializeType: SerializeType.JSON,
        commandDecoder: new CommandDecoder(maxHeaderBytes),
        nowMs: () => clock.nowMs(),
        // It is the next lookup that finds the last one without a response.
        after: () => () => {},
        // The lookup under way fails with it, or else the next one.
        onClose: () => {},
      },
    )
  }

  #disconnect(): void {
    const connection = this.#connection
    this.#connection = undefined
    connection?.destroy()
  }

  #onSuccess(): void {
    if (this.#failures >= MAX_FAILURES)
      this.#context.logger.info({ failures: this.#failures }, 'self-probe succeeded again')
    this.#failures = 0
  }

  #onFailure(reason: string): void {
    this.#context.counters.selfProbeFailures++
    this.#failures++
    this.#reason = reason
    if (this.#failures < MAX_FAILURES) return
    if (this.#failures === MAX_FAILURES)
      this.#context.logger.warn({ failures: this.#failures, reason }, 'self-probe failed: not ready')
    this.#disconnect()
  }
}
