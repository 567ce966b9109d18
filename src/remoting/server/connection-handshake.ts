import type { Socket } from 'node:net'
import { LOOPBACK } from '../../common/networks.ts'
import { foreignProtocol } from '../../protocol/frame-decoder.ts'
import { formatAddress, peerAddress, plainHost } from '../address.ts'
import { HandshakeError } from '../errors.ts'
import { Connection, socketFailure } from './connection.ts'
import { type ConnectionRates, type ConnectionsPerAddress, checkRate } from './connection-limits.ts'
import { readProxyHeader, type TrustedNetworks } from './proxy-header.ts'
import type { RemotingServerOptions } from './remoting-server.ts'
import type { TlsAcceptor } from './tls-acceptor.ts'

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
export interface HandshakeContext
  extends HandshakeOptions,
    Pick<RemotingServerOptions, 'nowMs' | 'maxIdleMs'> {
  readonly perAddress: ConnectionsPerAddress
  readonly rates: ConnectionRates | undefined
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
export class ConnectionHandshake extends Connection {
  readonly state = 'handshake'
  readonly #context: HandshakeContext
  readonly #onBytes = (chunk: Buffer): void => this.#onData(chunk)
  #chunks: Buffer[] = []
  #bytes = 0
  #wantedBytes = 1
  #handshakeSinceMs: number | undefined
  /** Whether the peer is a trusted proxy, whose connections count for its clients alone. */
  #isProxy: boolean

  constructor(id: number, socket: Socket, context: HandshakeContext) {
    const openedMs = context.nowMs()
    const peer = {
      remoteAddress: peerAddress(socket),
      host: plainHost(socket.remoteAddress ?? 'unknown'),
      isLoopback: LOOPBACK.has(socket.remoteAddress ?? ''),
      openedMs,
      proxied: false,
    }
    super(id, socket, peer, context.maxIdleMs(), openedMs)
    this.#context = context
    const { proxyTrustedNetworks: proxies } = context
    this.#isProxy = proxies.restricted && proxies.has(socket.remoteAddress ?? '')
    socket.on('data', this.#onBytes)
    // A `close` follows, and a channel listens by itself.
    socket.on('error', (error) => {
      this.closeReason ??= socketFailure(error)
    })
  }

  override extendIdleTime(pausedMs: number, nowMs: number): void {
    super.extendIdleTime(pausedMs, nowMs)
    if (this.#handshakeSinceMs !== undefined)
      this.#handshakeSinceMs = Math.min(nowMs, this.#handshakeSinceMs + pausedMs)
  }

  /** Closes a connection whose TLS handshake has timed out. */
  closeIfLate(): void {
    const { nowMs, tlsHandshakeTimeoutMs } = this.#context
    if (this.closing || this.#handshakeSinceMs === undefined) return
    if (nowMs() - this.#handshakeSinceMs < tlsHandshakeTimeoutMs) return
    const why = `no TLS handshake within ${tlsHandshakeTimeoutMs} ms (tlsHandshakeTimeoutMillis)`
    this.#reject(new HandshakeError('ERR_TLS_HANDSHAKE_TIMEOUT', why))
  }

  #onData(chunk: Buffer): void {
    if (this.closing) return
    this.lastActivityMs = this.#context.nowMs()
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes < this.#wantedBytes) return
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#bytes)
    try {
      const rest = this.proxied ? bytes : this.#afterProxyHeader(bytes)
      if (rest === undefined) return
      this.#keep(rest)
      if (rest.length > 0) this.#decide(rest)
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error
      this.#reject(error)
    }
  }

  /** The bytes after the PROXY header, if there is one; undefined if it is incomplete. @throws {HandshakeError} */
  #afterProxyHeader(bytes: Buffer): Buffer | undefined {
    const header = readProxyHeader(bytes)
    if (header.kind === 'none') return bytes
    if (header.kind === 'more') {
      this.#keep(bytes)
      this.#wantedBytes = header.bytes
      return undefined
    }
    const { nowMs, perAddress, proxyTrustedNetworks, rates } = this.#context
    const proxy = this.socket.remoteAddress ?? ''
    if (!proxyTrustedNetworks.has(proxy)) {
      const why = `PROXY header from ${proxy}, which is outside proxyProtocolTrustedNetworks`
      throw new HandshakeError('ERR_PROXY_UNTRUSTED', why)
    }
    this.proxied = true
    this.#wantedBytes = 1
    // Without a source, the client may be on any machine.
    this.isLoopback &&= header.source !== undefined && LOOPBACK.has(header.source.host)
    if (header.source) {
      const { host, port } = header.source
      this.remoteAddress = formatAddress(host, port)
      // If headers are trusted from everywhere, anyone may claim any address.
      if (proxyTrustedNetworks.restricted) {
        this.host = plainHost(host)
        this.#isProxy = false
        checkRate(rates, 'connections', this, nowMs())
      }
      perAddress.count(this.socket, plainHost(host))
    }
    if (!this.isLoopback && LOOPBACK.has(this.host)) this.host = 'unknown'
    return bytes.subarray(header.bytes)
  }

  #keep(bytes: Buffer): void {
    this.#chunks = bytes.length === 0 ? [] : [bytes]
    this.#bytes = bytes.length
  }

  #decide(bytes: Buffer): void {
    const { nowMs, onOpen, rates, tlsMode } = this.#context
    const isTls = bytes[0] === TLS_HANDSHAKE
    if (isTls && tlsMode === 'disabled') {
      throw new HandshakeError('ERR_TLS_DISABLED', 'TLS handshake, but tls.server.mode is disabled')
    }
    if (!isTls && tlsMode === 'enforcing') {
      const what = (bytes.length >= 4 && foreignProtocol(bytes.readInt32BE(0))) || 'plaintext request'
      throw new HandshakeError('ERR_TLS_REQUIRED', `${what}, but tls.server.mode is enforcing`)
    }
    if (isTls && !this.#isProxy) checkRate(rates, 'handshakes', this, nowMs())
    this.#chunks = []
    this.socket.off('data', this.#onBytes)
    if (isTls) {
      this.socket.pause()
      this.socket.unshift(bytes)
      void this.#shakeHands()
      return
    }
    this.closing = true
    onOpen(this, this.socket, bytes)
  }

  async #shakeHands(): Promise<void> {
    this.#handshakeSinceMs = this.#context.nowMs()
    const acceptor = await this.#context.tlsAcceptor()
    if (this.closing || this.socket.destroyed) return
    if (acceptor === undefined) {
      const why = 'TLS handshake, but there is no usable certificate'
      this.#reject(new HandshakeError('ERR_TLS_UNAVAILABLE', why))
      return
    }
    acceptor.accept(this.socket, (outcome) => {
      if (this.closing) return
      if (outcome instanceof HandshakeError) {
        this.#reject(outcome)
        return
      }
      this.closing = true
      this.#context.onOpen(this, outcome, undefined)
    })
  }

  #reject(error: HandshakeError): void {
    const { code, message: detail, limit } = error
    const cause = limit === undefined ? 'handshake_failed' : 'limit'
    this.destroy({ cause, code: limit ?? code, detail })
    this.#chunks = []
    this.#context.onRejected(this, error)
  }
}
