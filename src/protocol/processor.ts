import type { RemotingCommand, RemotingResponse } from './remoting-command.ts'

/** The connection a request came over, as far as processors and tables see it. */
export interface ChannelRef {
  /** Never used twice in the life of a process. */
  readonly id: number
  /** `host:port` of the peer. */
  readonly remoteAddress: string
  /** True from the moment the connection is gone. */
  readonly closed: boolean
}

/** What a processor may know beside the request. */
export interface RequestContext {
  readonly channel: ChannelRef
  /** When the request was taken up, in milliseconds on a clock that never goes back. */
  readonly nowMs: number
}

/**
 * Answers one request. The answer comes in the same turn wherever possible; a promise holds up the requests behind it on the
 * same connection, never those of others.
 *
 * The request's body is the processor's to look at until it has answered; what it keeps longer it must copy.
 *
 * May throw, or reject with, a RemotingCommandError, which becomes the answer; anything else becomes a SYSTEM_ERROR.
 */
export type Processor = (
  request: RemotingCommand,
  context: RequestContext,
) => RemotingResponse | Promise<RemotingResponse>
