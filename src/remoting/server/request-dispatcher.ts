import { LimitError } from '../../common/limit-error.ts'
import { RemotingCommandError } from '../../protocol/errors.ts'
import { MQVersion } from '../../protocol/mq-version.ts'
import type { Processor, RequestContext } from '../../protocol/processor.ts'
import type { RemotingCommand, RemotingResponse } from '../../protocol/remoting-command.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { Counters } from '../../stats/counters.ts'

/** Java's response when its request queue is full. */
const BUSY: RemotingResponse = {
  code: ResponseCode.SYSTEM_BUSY,
  remark: '[OVERLOAD]system busy, start flow control for a while',
}

const GO_AWAY: RemotingResponse = { code: ResponseCode.GO_AWAY, remark: 'please go away' }

/** Called for each request that is rejected by a limit. */
export type OnRequestRejected = (error: LimitError, request: RemotingCommand, context: RequestContext) => void

/**
 * Finds the processor of a request and turns whatever it does into an answer.
 * @see NettyRemotingAbstract#processRequestCommand in apache/rocketmq
 */
export class RequestDispatcher {
  #processors: ReadonlyMap<number, Processor>
  readonly #allProcessors: ReadonlyMap<number, Processor>
  readonly #onError: (error: unknown, request: RemotingCommand, context: RequestContext) => void
  readonly #counters: Counters
  readonly #onRejected: OnRequestRejected
  /** Connections up to this one are told to go away. */
  #lastToGoAway = 0

  /**
   * @param onError - Told of errors nobody expected, which the peer sees as SYSTEM_ERROR.
   * @param onRejected - Told of each request that is refused for a bound.
   */
  constructor(
    processors: Readonly<Record<number, Processor>>,
    onError: (error: unknown, request: RemotingCommand, context: RequestContext) => void,
    counters = new Counters(),
    onRejected: OnRequestRejected = () => {},
  ) {
    this.#allProcessors = new Map(
      Object.entries(processors).map(([code, processor]) => [Number(code), processor]),
    )
    this.#processors = this.#allProcessors
    this.#onError = onError
    this.#counters = counters
    this.#onRejected = onRejected
  }

  /** From now on requests of these codes are answered SYSTEM_BUSY; with none, all are served again. */
  shed(codes: readonly number[]): void {
    const busy: Processor = () => {
      this.#counters.requestsShed++
      return BUSY
    }
    const shed = codes.filter((code) => this.#allProcessors.has(code)).map((code) => [code, busy] as const)
    this.#processors = new Map([...this.#allProcessors, ...shed])
  }

  /**
   * From now on whoever understands it is told to go away, whatever it asks for, if it asks over one of these connections. All
   * others are served.
   *
   * A client of Java that is told so connects anew to the same address, behind which another server may be, and asks again. If
   * it comes back here, there is none: turned away a second time, or refused, it would log an error.
   *
   * @param lastChannelId - The last of these connections.
   * @see NettyRemotingClient#invokeImpl in apache/rocketmq
   */
  goAway(lastChannelId: number): void {
    this.#lastToGoAway = lastChannelId
  }

  /** Never throws and never rejects. */
  dispatch(request: RemotingCommand, context: RequestContext): RemotingResponse | Promise<RemotingResponse> {
    const processor = this.#take(request)
    if (context.channel.id <= this.#lastToGoAway && request.version > MQVersion.V5_3_1) return GO_AWAY
    if (processor === undefined) {
      return {
        code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
        // The blank in front is Java's.
        remark: ` request type ${request.code} not supported`,
      }
    }
    try {
      const response = processor(request, context)
      if (!(response instanceof Promise)) return response
      return response.catch((error: unknown) => this.#refusal(error, request, context))
    } catch (error) {
      return this.#refusal(error, request, context)
    }
  }

  /** Rejects a request before it reaches its processor. */
  reject(error: LimitError, request: RemotingCommand, context: RequestContext): RemotingResponse {
    this.#take(request)
    return this.#refusal(error, request, context)
  }

  /** Counts a request. @returns Who processes it. */
  #take({ code }: RemotingCommand): Processor | undefined {
    const processor = this.#processors.get(code)
    if (processor === undefined) this.#counters.requests.addOther()
    else this.#counters.requests.add(code)
    return processor
  }

  /** The answer to a request that was not carried out. */
  #refusal(error: unknown, request: RemotingCommand, context: RequestContext): RemotingResponse {
    if (error instanceof LimitError) {
      this.#onRejected(error, request, context)
      return error.busy ? BUSY : { code: ResponseCode.SYSTEM_ERROR, remark: error.remark || null }
    }
    if (error instanceof RemotingCommandError) return { code: error.code, remark: error.message || null }
    if (!context.channel.closed) this.#onError(error, request, context)
    return { code: ResponseCode.SYSTEM_ERROR, remark: `${error}` }
  }
}
