import { cutText } from '../common/log-throttle.ts'

/** What a peer is, by the requests it has sent. Each kind outranks those before it. */
export const PEER_KINDS = ['unknown', 'client', 'admin', 'broker'] as const
export type PeerKind = (typeof PEER_KINDS)[number]

/** Why a connection has closed. */
export const CLOSE_CAUSES = [
  'peer_closed',
  'socket_error',
  'idle',
  'invalid_frame',
  'handshake_failed',
  'limit',
  'broker_expired',
  'closed_by_operator',
  'shutdown',
  'internal_error',
] as const
export type CloseCause = (typeof CLOSE_CAUSES)[number]

export interface CloseReason {
  readonly cause: CloseCause
  /** Code of the error, or the key of the limit; null if the cause says it all. */
  readonly code: string | null
  /** What happened, in words; null if the cause says it all. */
  readonly detail: string | null
}

export interface TlsSession {
  /** As OpenSSL names it: `TLSv1.3`. */
  readonly protocol: string
  /** Its standard name: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** Subject of the client's certificate; null if it sent none. */
  readonly clientSubject: string | null
}

/** What is known of a connection. Moments are in milliseconds on a monotonic clock. */
export interface ConnectionFacts {
  /** Unique in the process, in the order in which connections were accepted. */
  readonly id: number
  /** `host:port` of the peer, also behind a proxy. */
  readonly remoteAddress: string
  readonly openedMs: number
  readonly kind: PeerKind
  /** Of the last request, as is the version; null before the first. */
  readonly language: string | null
  /** MQVersion ordinal. */
  readonly version: number | null
  /** Null for plaintext. */
  readonly tls: TlsSession | null
  /** Whether it began with a PROXY header. */
  readonly proxied: boolean
  readonly requests: number
  /** Bytes of frames, without TLS and PROXY headers. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** When bytes last went in or out. */
  readonly lastActivityMs: number
}

export interface OpenConnection extends ConnectionFacts {
  /** A handshake until the first byte of a frame. */
  readonly state: 'handshake' | 'open'
}

export interface ClosedConnection extends ConnectionFacts, CloseReason {
  readonly closedMs: number
}

/** Connections kept, in less than two megabytes, since texts are cut. */
const MAX_CONNECTIONS = 1_024
const MAX_CHARACTERS = 200

/** The connections that closed last, in a ring. */
export class ClosedConnections {
  readonly #ring: ClosedConnection[] = []
  #added = 0

  add(facts: ConnectionFacts, { cause, code, detail }: CloseReason, closedMs: number): void {
    const { id, remoteAddress, openedMs, kind, language, version, tls, proxied } = facts
    const { requests, bytesIn, bytesOut, lastActivityMs } = facts
    this.#ring[this.#added++ % MAX_CONNECTIONS] = {
      ...{ id, remoteAddress, openedMs, kind, language, version, tls, proxied },
      ...{ requests, bytesIn, bytesOut, lastActivityMs },
      closedMs,
      cause,
      code,
      // A copy: a substring would keep the whole text in memory.
      detail: detail === null ? null : Buffer.from(cutText(detail, MAX_CHARACTERS)).toString(),
    }
  }

  /** The connections that are kept, the one that closed first at the head. */
  list(): readonly ClosedConnection[] {
    const oldest = this.#added % MAX_CONNECTIONS
    return [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)]
  }
}
