import { RemotingCommandError } from '../protocol/errors.ts'
import { MQVersion } from '../protocol/mq-version.ts'
import type { Processor, RequestContext } from '../protocol/processor.ts'
import type { RemotingCommand, RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'

/** Codes of errors that mean "too much at once" rather than "went wrong". */
const OVERLOAD_CODES: ReadonlySet<unknown> = new Set([
  'ERR_LOCK_QUEUE_FULL',
  'ERR_TOO_MANY_LOOKUPS',
  'ERR_TOO_MANY_CHANGES',
])

const OVERLOADED: RemotingResponse = {
  code: ResponseCode.SYSTEM_BUSY,
  remark: '[OVERLOAD]system busy, start flow control for a while',
}

const GO_AWAY: RemotingResponse = { code: ResponseCode.GO_AWAY, remark: 'please go away' }

/**
 * Finds the processor of a request and turns whatever it does into an answer.
 * @see NettyRemotingAbstract#processRequestCommand in apache/rocketmq
 */
export class RequestDispatcher {
  readonly #processors: ReadonlyMap<number, Processor>
  readonly #onError: (error: unknown, request: RemotingCommand, context: RequestContext) => void
  /** Connections up to this one are told to go away. */
  #lastToGoAway = 0

  /** @param onError - Told of errors nobody expected, which the peer sees as SYSTEM_ERROR. */
  constructor(
    processors: Readonly<Record<number, Processor>>,
    onError: (error: unknown, request: RemotingCommand, context: RequestContext) => void,
  ) {
    this.#processors = new Map(
      Object.entries(processors).map(([code, processor]) => [Number(code), processor]),
    )
    this.#onError = onError
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
    if (context.channel.id <= this.#lastToGoAway && request.version > MQVersion.V5_3_1) return GO_AWAY
    const processor = this.#processors.get(request.code)
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
      return response.catch((error: unknown) => this.#errorResponse(error, request, context))
    } catch (error) {
      return this.#errorResponse(error, request, context)
    }
  }

  #errorResponse(error: unknown, request: RemotingCommand, context: RequestContext): RemotingResponse {
    if (error instanceof RemotingCommandError) return { code: error.code, remark: error.message }
    if (OVERLOAD_CODES.has((error as { code?: unknown }).code)) return OVERLOADED
    if (!context.channel.closed) this.#onError(error, request, context)
    return { code: ResponseCode.SYSTEM_ERROR, remark: `${error}` }
  }
}
