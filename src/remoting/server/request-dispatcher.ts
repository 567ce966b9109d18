import { LimitError } from '../../common/limit-error.ts'
import { IdentifiedLimitError, RemotingCommandError } from '../../protocol/errors.ts'
import type { Processor, RequestContext } from '../../protocol/processor.ts'
import { MQVersion, type RemotingCommand, type RemotingResponse } from '../../protocol/remoting-command.ts'
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
 * Finds the processor of a request, and turns its result or error into the response.
 * @see NettyRemotingAbstract#processRequestCommand in apache/rocketmq
 */
export class RequestDispatcher {
  /** Those in use: {@link #allProcessors}, and in place of some of them a rejection. */
  #processors: ReadonlyMap<number, Processor> = new Map()
  #allProcessors: ReadonlyMap<number, Processor> = new Map()
  #shed: readonly number[] = []
  readonly #onError: (error: unknown, request: RemotingCommand, context: RequestContext) => void
  readonly #counters: Counters
  readonly #onRejected: OnRequestRejected
  /** Clients on connections up to this one get GO_AWAY. */
  #lastToGoAway = 0

  /**
   * @param onError - Called with unexpected errors, which the peer sees as SYSTEM_ERROR.
   */
  constructor(
    processors: Readonly<Record<number, Processor>>,
    onError: (error: unknown, request: RemotingCommand, context: RequestContext) => void,
    counters = new Counters(),
    onRejected: OnRequestRejected = () => {},
  ) {
    this.serve(processors)
    this.#onError = onError
    this.#counters = counters
    this.#onRejected = onRejected
  }

  /** Serves later requests with these processors. */
  serve(processors: Readonly<Record<number, Processor>>): void {
    this.#allProcessors = new Map(
      Object.entries(processors).map(([code, processor]) => [Number(code), processor]),
    )
    this.shed(this.#shed)
  }

  /** Rejects requests of these codes as SYSTEM_BUSY from now on; with none, all are served again. */
  shed(codes: readonly number[]): void {
    const busy: Processor = () => {
      this.#counters.requestsShed++
      return BUSY
    }
    this.#shed = codes
    const shed = codes.filter((code) => this.#allProcessors.has(code)).map((code) => [code, busy] as const)
    this.#processors = new Map([...this.#allProcessors, ...shed])
  }

  /**
   * From now on every request on these connections gets GO_AWAY, if its client understands it.
   *
   * A Java client then connects to the same address again, behind which another server may be, and repeats its request. If it
   * comes back here, it is served: a second GO_AWAY would be an error in its log.
   *
   * @param lastChannelId - The last of these connections.
   * @see NettyRemotingClient#invokeImpl in apache/rocketmq
   */
  goAway(lastChannelId: number): void {
    this.#lastToGoAway = lastChannelId
  }

  /** Never throws and never rejects. */
  dispatch(request: RemotingCommand, context: RequestContext): RemotingResponse | Promise<RemotingResponse> {
    const processor = this.#count(request)
    if (context.channel.id <= this.#lastToGoAway && request.version > MQVersion.V5_3_1) return GO_AWAY
    if (processor === undefined) {
      return {
        code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
        // The space in front is Java's.
        remark: ` request type ${request.code} not supported`,
      }
    }
    try {
      const response = processor(request, context)
      if (!(response instanceof Promise)) return response
      return response.catch((error: unknown) => this.#errorResponse(error, request, context))
    } catch (error) {
      return this.#errorResponse(error, request, context)
    }
  }

  /** Rejects a request before it reaches its processor. */
  reject(error: LimitError, request: RemotingCommand, context: RequestContext): RemotingResponse {
    this.#count(request)
    return this.#errorResponse(error, request, context)
  }

  /** Counts a request. @returns Its processor. */
  #count({ code }: RemotingCommand): Processor | undefined {
    const processor = this.#processors.get(code)
    if (processor === undefined) this.#counters.requests.addOther()
    else this.#counters.requests.add(code)
    return processor
  }

  /** The response to a request that failed. */
  #errorResponse(error: unknown, request: RemotingCommand, context: RequestContext): RemotingResponse {
    if (error instanceof IdentifiedLimitError) return this.#errorResponse(error.error, request, error.context)
    if (error instanceof LimitError) {
      this.#onRejected(error, request, context)
      return error.busy ? BUSY : { code: ResponseCode.SYSTEM_ERROR, remark: error.remark || null }
    }
    if (error instanceof RemotingCommandError) return { code: error.code, remark: error.message || null }
    if (!context.channel.closed) this.#onError(error, request, context)
    return { code: ResponseCode.SYSTEM_ERROR, remark: `${error}` }
  }
}
