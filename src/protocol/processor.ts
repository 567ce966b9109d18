import type { CertificateNames, Identity } from './identity.ts'
import type { RemotingCommand, RemotingResponse } from './remoting-command.ts'

/** The connection a request came over, as far as processors and tables see it. */
export interface ChannelRef {
  /** Unique in the process. */
  readonly id: number
  /** `host:port` of the peer. */
  readonly remoteAddress: string
  /**
   * IP address of the peer by which access is decided: the socket's own, or that of a PROXY header from a network that
   * `proxyProtocolTrustedNetworks` names. `unknown`, which is in no network, in place of a loopback address if the peer may be
   * on another machine.
   */
  readonly host: string
  /** Whether the peer is on this machine: by the socket's own address, and by that of a PROXY header if there is one. */
  readonly isLoopback: boolean
  /** Whether the connection is encrypted. */
  readonly isTls: boolean
  /** The client's certificate; null if it sent none, or none that was verified. */
  readonly certificate: CertificateNames | null
  /** Whether the connection has closed. */
  readonly closed: boolean
}

/** What a request is about besides what its fields name. */
export interface OtherNames {
  /** Registered brokers that it changes, removes or keeps alive. */
  readonly brokers: readonly { readonly clusterName: string; readonly brokerName: string }[]
  /** Addresses, `host:port`. */
  readonly announced: readonly string[]
}

/** What a processor knows besides the request. */
export interface RequestContext {
  readonly channel: ChannelRef
  /** Undefined is anonymous. */
  readonly identity?: Identity | undefined
  /**
   * Checks what else a request of the group register is about against the access policy: the response if it is rejected.
   * Absent if anyone may register anything.
   */
  readonly checkOthers?: (others: OtherNames) => RemotingResponse | undefined
  /** When the request arrived, in milliseconds on a monotonic clock. */
  readonly nowMs: number
}

/** Where a change or a rejection comes from, for logs. */
export interface Origin {
  /** Request code; absent if no request was read. */
  readonly code?: number | undefined
  /** `host:port` of the peer. */
  readonly peer: string
  /** As {@link ChannelRef.host}; absent if it is that of `peer`, which a PROXY header may have claimed. */
  readonly host?: string | undefined
  /** Undefined is anonymous, or not known yet. */
  readonly identity?: Identity | undefined
  /** Whether the connection is encrypted; absent if that was not known yet. */
  readonly isTls?: boolean | undefined
}

export function originOf(code: number, { channel, identity }: RequestContext): Origin {
  return { code, peer: channel.remoteAddress, host: channel.host, identity, isTls: channel.isTls }
}

/**
 * Handles one request. It responds in the same turn wherever possible; a promise holds up later requests of the same
 * connection, never those of others. The request's body is valid until the response; what keeps it longer copies it.
 *
 * May throw, or reject with, a RemotingCommandError or a LimitError, which become the response; any other error becomes
 * SYSTEM_ERROR.
 */
export type Processor = (
  request: RemotingCommand,
  context: RequestContext,
) => RemotingResponse | Promise<RemotingResponse>
