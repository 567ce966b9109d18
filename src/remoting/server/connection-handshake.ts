import type { Socket } from 'node:net'
import { foreignProtocol } from '../../protocol/frame-decoder.ts'
import { formatAddress, peerAddress } from '../peer-address.ts'
import { HandshakeError } from './handshake-error.ts'
import { readProxyHeader } from './proxy-header.ts'
import type { TlsAcceptor } from './tls-acceptor.ts'
import type { TrustedNetworks } from './trusted-networks.ts'

/** Whether TLS is refused, allowed or demanded. */
export type TlsMode = 'disabled' | 'permissive' | 'enforcing'

/** How a server treats connections until their first frame. */
export interface HandshakeOptions {
  readonly tlsMode: TlsMode
  /** The acceptor for a new TLS client, or undefined if there is no usable certificate; never rejects. */
  readonly tlsAcceptor: () => Promise<TlsAcceptor | undefined>
  /** A handshake may take this long, in milliseconds. */
  readonly tlsHandshakeTimeoutMs: number
  /** Whose PROXY headers are believed. */
  readonly proxyTrustedNetworks: TrustedNetworks
}

/** What all connections of a server share until then. */
export interface HandshakeContext extends HandshakeOptions {
  readonly nowMs: () => number
  /** Milliseconds without traffic after which a connection is closed; read once per connection. */
  readonly maxIdleMs: () => number
  /**
   * The peer's address is known. @returns False if as many of its connections as may be are open: this one is to be refused.
   */
  readonly admit: (preface: ConnectionHandshake, host: string) => boolean
  /**
   * The first frame can be read from this socket, which over TLS is not the accepted one. What has been read of it already
   * comes along.
   */
  readonly onOpen: (preface: ConnectionHandshake, socket: Socket, firstBytes: Buffer | undefined) => void
  /** Told once why the connection is being closed. Not told if the peer goes by itself. */
  readonly onRejected: (preface: ConnectionHandshake, error: HandshakeError) => void
}

/**
 * First byte of a TLS handshake record. With the default frame limit every frame begins with 0; with one beyond 369 MB, a first
 * frame of that size is taken for TLS, as in Java.
 */
const TLS_HANDSHAKE = 0x16

/**
 * What stands before the first frame of a connection: a PROXY header or none, then TLS or plaintext.
 *
 * A plain connection without a header costs a look at its first byte; then its socket goes on as it is. What a peer can make
 * us keep here is one PROXY header. Bytes of a connection that is refused go nowhere.
 *
 * @see NettyRemotingServer.HandshakeHandler and TlsModeHandler in apache/rocketmq, of which the latter, before 5.5.0, carried
 * out a request that came in plaintext where TLS was enforced
 */
export class ConnectionHandshake {
  /** Unique in the server, and that of the channel that follows. */
  readonly id: number
  /** Idle for this many milliseconds, it is closed; the limit in effect when the connection was accepted. */
  readonly maxIdleMs: number
  readonly #socket: Socket
  readonly #context: HandshakeContext
  readonly #onBytes = (chunk: Buffer): void => this.#onData(chunk)
  #remoteAddress: string
  #chunks: Buffer[] = []
  #bytes = 0
  #wantedBytes = 1
  #proxied = false
  #over = false
  #handshakeSinceMs: number | undefined
  #lastActivityMs: number

  constructor(id: number, socket: Socket, context: HandshakeContext) {
    this.id = id
    this.maxIdleMs = context.maxIdleMs()
    this.#socket = socket
    this.#context = context
    this.#remoteAddress = peerAddress(socket)
    this.#lastActivityMs = context.nowMs()
    socket.on('data', this.#onBytes)
    // What goes on with the socket has a listener of its own; here, `close` says all there is to say.
    socket.on('error', () => {})
  }

  /** `host:port` of the peer; of the true one once a PROXY header has told it. */
  get remoteAddress(): string {
    return this.#remoteAddress
  }

  /** When bytes last came in. */
  get lastActivityMs(): number {
    return this.#lastActivityMs
  }

  /** Called after a pause of the process. */
  extendIdleTime(pausedMs: number, nowMs: number): void {
    this.#lastActivityMs = Math.min(nowMs, this.#lastActivityMs + pausedMs)
    if (this.#handshakeSinceMs !== undefined)
      this.#handshakeSinceMs = Math.min(nowMs, this.#handshakeSinceMs + pausedMs)
  }

  /** Whether it is being closed, or a channel has taken its place. */
  get closing(): boolean {
    return this.#over
  }

  /** Closes at once, as {@link destroy}: there is no response to wait for. */
  finish(): void {
    this.destroy()
  }

  /** Closes at once, as {@link destroy}: nothing is written yet. */
  closeGently(): void {
    this.destroy()
  }

  /** Closes at once; there is nothing to finish. */
  destroy(): void {
    this.#over = true
    this.#socket.destroy()
  }

  /** Closes a connection whose handshake takes too long. */
  closeIfLate(): void {
    const { nowMs, tlsHandshakeTimeoutMs } = this.#context
    if (this.#over || this.#handshakeSinceMs === undefined) return
    if (nowMs() - this.#handshakeSinceMs < tlsHandshakeTimeoutMs) return
    this.#refuse(
      new HandshakeError('ERR_TLS_HANDSHAKE_TIMEOUT', `no handshake within ${tlsHandshakeTimeoutMs} ms`),
    )
  }

  #onData(chunk: Buffer): void {
    if (this.#over) return
    this.#lastActivityMs = this.#context.nowMs()
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes < this.#wantedBytes) return
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#bytes)
    const rest = this.#proxied ? bytes : this.#afterProxyHeader(bytes)
    if (rest === undefined) return
    this.#keep(rest)
    if (rest.length > 0) this.#decide(rest)
  }

  /** What follows the PROXY header, or everything if there is none; undefined if that is not to be told (yet). */
  #afterProxyHeader(bytes: Buffer): Buffer | undefined {
    const header = readProxyHeader(bytes)
    switch (header.kind) {
      case 'none':
        return bytes
      case 'more':
        this.#keep(bytes)
        this.#wantedBytes = header.bytes
        return undefined
      case 'malformed':
        this.#refuse(new HandshakeError('ERR_PROXY_HEADER', `not a PROXY header: ${header.why}`))
        return undefined
      case 'header':
        break
      default:
        return header satisfies never
    }
    if (!this.#context.proxyTrustedNetworks.has(this.#socket.remoteAddress ?? '')) {
      const why = 'a PROXY header from outside of proxyProtocolTrustedNetworks'
      this.#refuse(new HandshakeError('ERR_PROXY_UNTRUSTED', why))
      return undefined
    }
    this.#proxied = true
    this.#wantedBytes = 1
    if (header.source) {
      const { host, port } = header.source
      this.#remoteAddress = formatAddress(host, port)
      if (!this.#context.admit(this, host)) {
        this.#refuse(tooManyOfAddress(host))
        return undefined
      }
    }
    return bytes.subarray(header.bytes)
  }

  #keep(bytes: Buffer): void {
    this.#chunks = bytes.length === 0 ? [] : [bytes]
    this.#bytes = bytes.length
  }

  #decide(bytes: Buffer): void {
    const { tlsMode, onOpen } = this.#context
    const isTls = bytes[0] === TLS_HANDSHAKE
    if (isTls && tlsMode === 'disabled') {
      this.#refuse(new HandshakeError('ERR_TLS_DISABLED', 'TLS handshake, but tls.server.mode is disabled'))
      return
    }
    if (!isTls && tlsMode === 'enforcing') {
      const what = (bytes.length >= 4 && foreignProtocol(bytes.readInt32BE(0))) || 'plaintext request'
      this.#refuse(new HandshakeError('ERR_TLS_REQUIRED', `${what}, but tls.server.mode is enforcing`))
      return
    }
    this.#chunks = []
    this.#socket.off('data', this.#onBytes)
    if (isTls) {
      this.#socket.pause()
      this.#socket.unshift(bytes)
      void this.#shakeHands()
      return
    }
    this.#over = true
    onOpen(this, this.#socket, bytes)
  }

  async #shakeHands(): Promise<void> {
    this.#handshakeSinceMs = this.#context.nowMs()
    const acceptor = await this.#context.tlsAcceptor()
    if (this.#over || this.#socket.destroyed) return
    if (acceptor === undefined) {
      this.#refuse(new HandshakeError('ERR_TLS_UNAVAILABLE', 'TLS, and there is no usable certificate'))
      return
    }
    acceptor.accept(this.#socket, (outcome) => {
      if (this.#over) return
      if (outcome instanceof HandshakeError) {
        this.#refuse(outcome)
        return
      }
      this.#over = true
      this.#context.onOpen(this, outcome, undefined)
    })
  }

  #refuse(error: HandshakeError): void {
    this.destroy()
    this.#chunks = []
    this.#context.onRejected(this, error)
  }
}

/** The error for one more connection of an address that has as many as it may. */
export function tooManyOfAddress(host: string): HandshakeError {
  const message = `maxConnectionsPerAddress reached for ${host}`
  return new HandshakeError('ERR_TOO_MANY_OF_ADDRESS', message, { limit: 'maxConnectionsPerAddress' })
}
