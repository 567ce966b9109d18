import type { Socket } from 'node:net'
import { foreignProtocol } from '../../protocol/frame-decoder.ts'
import { formatAddress, peerAddress } from '../address.ts'
import { HandshakeError } from '../errors.ts'
import { readProxyHeader } from './proxy-header.ts'
import type { TlsAcceptor } from './tls-acceptor.ts'
import type { TrustedNetworks } from './trusted-networks.ts'

/** Whether TLS is rejected, allowed or required. */
export type TlsMode = 'disabled' | 'permissive' | 'enforcing'

export interface HandshakeOptions {
  readonly tlsMode: TlsMode
  /** The acceptor for a new TLS client, or undefined if there is no usable certificate; never rejects. */
  readonly tlsAcceptor: () => Promise<TlsAcceptor | undefined>
  /** Max duration of a TLS handshake, in milliseconds. */
  readonly tlsHandshakeTimeoutMs: number
  readonly proxyTrustedNetworks: TrustedNetworks
}

/** What all connections of a server share until their first frame. */
export interface HandshakeContext extends HandshakeOptions {
  readonly nowMs: () => number
  /** A connection is closed when it was idle for this many milliseconds; read once per connection. */
  readonly maxIdleMs: () => number
  /** Called with the address in the PROXY header. @returns False if that address has reached its limit. */
  readonly admit: (handshake: ConnectionHandshake, host: string) => boolean
  /** Called with the socket to read frames from, which over TLS is not the accepted one, and the bytes that were read already. */
  readonly onOpen: (handshake: ConnectionHandshake, socket: Socket, firstBytes: Buffer | undefined) => void
  /** Called once with the reason why the connection is being closed; not called if the peer closes it. */
  readonly onRejected: (handshake: ConnectionHandshake, error: HandshakeError) => void
}

/**
 * First byte of a TLS handshake record. With the default frame limit every frame begins with 0. With a limit over 369 MB, a first
 * frame of that size is taken for TLS, as in Java.
 */
const TLS_HANDSHAKE = 0x16

/**
 * The beginning of a connection, up to its first frame: an optional PROXY header, then TLS or plaintext. A peer can make the server
 * hold one PROXY header here.
 *
 * @see NettyRemotingServer.HandshakeHandler and TlsModeHandler in apache/rocketmq. Before 5.5.0 the latter carried out a plaintext
 * request although TLS was enforced.
 */
export class ConnectionHandshake {
  /** Unique in the server; the channel that follows has the same. */
  readonly id: number
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
    // A `close` follows, and a channel listens by itself.
    socket.on('error', () => {})
  }

  /** `host:port` of the peer, as in the PROXY header if there is one. */
  get remoteAddress(): string {
    return this.#remoteAddress
  }

  /** When bytes were last received. */
  get lastActivityMs(): number {
    return this.#lastActivityMs
  }

  /** Called after a pause of the process. */
  extendIdleTime(pausedMs: number, nowMs: number): void {
    this.#lastActivityMs = Math.min(nowMs, this.#lastActivityMs + pausedMs)
    if (this.#handshakeSinceMs !== undefined)
      this.#handshakeSinceMs = Math.min(nowMs, this.#handshakeSinceMs + pausedMs)
  }

  /** Whether it is being closed, or a channel has replaced it. */
  get closing(): boolean {
    return this.#over
  }

  /** As {@link destroy}: there is no response to wait for. */
  finish(): void {
    this.destroy()
  }

  /** As {@link destroy}: nothing was written yet. */
  closeGently(): void {
    this.destroy()
  }

  /** Closes at once. */
  destroy(): void {
    this.#over = true
    this.#socket.destroy()
  }

  /** Closes a connection whose TLS handshake has timed out. */
  closeIfLate(): void {
    const { nowMs, tlsHandshakeTimeoutMs } = this.#context
    if (this.#over || this.#handshakeSinceMs === undefined) return
    if (nowMs() - this.#handshakeSinceMs < tlsHandshakeTimeoutMs) return
    this.#reject(
      new HandshakeError(
        'ERR_TLS_HANDSHAKE_TIMEOUT',
        `no TLS handshake within ${tlsHandshakeTimeoutMs} ms (tlsHandshakeTimeoutMillis)`,
      ),
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

  /** The bytes after the PROXY header, if there is one; undefined if it is incomplete, or was rejected. */
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
        this.#reject(new HandshakeError('ERR_PROXY_HEADER', `malformed PROXY header: ${header.why}`))
        return undefined
      case 'header':
        break
      default:
        return header satisfies never
    }
    if (!this.#context.proxyTrustedNetworks.has(this.#socket.remoteAddress ?? '')) {
      const why = 'a PROXY header from outside proxyProtocolTrustedNetworks'
      this.#reject(new HandshakeError('ERR_PROXY_UNTRUSTED', why))
      return undefined
    }
    this.#proxied = true
    this.#wantedBytes = 1
    if (header.source) {
      const { host, port } = header.source
      this.#remoteAddress = formatAddress(host, port)
      if (!this.#context.admit(this, host)) {
        this.#reject(tooManyOfAddress(host))
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
      this.#reject(new HandshakeError('ERR_TLS_DISABLED', 'TLS handshake, but tls.server.mode is disabled'))
      return
    }
    if (!isTls && tlsMode === 'enforcing') {
      const what = (bytes.length >= 4 && foreignProtocol(bytes.readInt32BE(0))) || 'plaintext request'
      this.#reject(new HandshakeError('ERR_TLS_REQUIRED', `${what}, but tls.server.mode is enforcing`))
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
      this.#reject(
        new HandshakeError('ERR_TLS_UNAVAILABLE', 'TLS handshake, but there is no usable certificate'),
      )
      return
    }
    acceptor.accept(this.#socket, (outcome) => {
      if (this.#over) return
      if (outcome instanceof HandshakeError) {
        this.#reject(outcome)
        return
      }
      this.#over = true
      this.#context.onOpen(this, outcome, undefined)
    })
  }

  #reject(error: HandshakeError): void {
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
