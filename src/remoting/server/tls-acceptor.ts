import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import { peerAddress } from '../peer-address.ts'
import { HandshakeError } from './handshake-error.ts'

/** What a TLS server shows and asks of its clients. */
export interface TlsServerSettings {
  /** Key, certificate chain, protocols and ciphers. `ca`: whom client certificates are verified against. */
  readonly context: Pick<
    TlsOptions,
    'key' | 'cert' | 'ca' | 'minVersion' | 'maxVersion' | 'ciphers' | 'sigalgs'
  >
  /** Whether a client is asked for a certificate, and whether it must have one. */
  readonly clientAuth: 'none' | 'optional' | 'require'
  /** False: any certificate will do. */
  readonly verifyClient: boolean
  /** Why OpenSSL may have found a certificate too weak; Node has no name for that. */
  readonly weaknessOf?: (certificate: X509Certificate) => string | undefined
}

/** Node's code for what OpenSSL's security level does not allow, among others. */
const UNNAMED_ERROR = 'UNSPECIFIED'

/**
 * Told once how a handshake ended: with a socket to go on with, or with a reason, and then the connection is being closed.
 * Not told if the peer hangs up; the socket's `close` tells that.
 */
export type HandshakeEnd = (outcome: TLSSocket | HandshakeError) => void

/**
 * Turns accepted sockets into TLS ones.
 *
 * A `tls.Server` that listens nowhere does the work, since it alone says what became of a client's certificate. Whoever wants
 * other settings makes another acceptor; connections of this one stay as they are.
 */
export class TlsAcceptor {
  readonly #settings: TlsServerSettings
  readonly #server: Server
  /** Handshakes under way, by both ends' addresses: the server gives another socket than it was given. */
  readonly #handshakes = new Map<string, HandshakeEnd>()

  /** @throws {Error} Node's, for a key, certificate or list of ciphers that cannot be used. */
  constructor(settings: TlsServerSettings) {
    this.#settings = settings
    // Without `ca` Node would read all root certificates of the world for a context that never looks at them.
    const { ca, ...context } = settings.context
    this.#server = createServer({
      ...context,
      ...(settings.verifyClient ? ca !== undefined && { ca } : { ca: [] }),
      requestCert: settings.clientAuth !== 'none',
      // Judged below, where the reason is known.
      rejectUnauthorized: false,
    })
    this.#server.on('secureConnection', (socket) => this.#onSecure(socket))
    this.#server.on('tlsClientError', (cause, socket) => {
      const message = `the TLS handshake failed: ${reasonOf(cause)}`
      this.#finish(socket, new HandshakeError('ERR_TLS_HANDSHAKE', message, { cause }))
    })
  }

  /**
   * Begins a handshake on a socket that is paused and has its first bytes put back. Destroying the socket ends it.
   */
  accept(socket: Socket, onEnd: HandshakeEnd): void {
    // It failed before anybody asked for its address, and will close.
    if (socket.remoteAddress === undefined) return
    const key = addressesOf(socket)
    this.#handshakes.set(key, onEnd)
    socket.once('close', () => {
      if (this.#handshakes.get(key) === onEnd) this.#handshakes.delete(key)
    })
    this.#server.emit('connection', socket)
  }

  #onSecure(socket: TLSSocket): void {
    // Writes would wait for what is to be read, and a channel does not read while it waits for its writes.
    socket.disableRenegotiation()
    // Node says that it was tried and leaves the rest to us; what else fails has closed already.
    socket.on('error', () => socket.destroy())
    const problem = this.#problemWithClient(socket)
    this.#finish(
      socket,
      problem === undefined ? undefined : new HandshakeError('ERR_TLS_CLIENT_CERTIFICATE', problem),
    )
  }

  #problemWithClient(socket: TLSSocket): string | undefined {
    const { clientAuth, verifyClient } = this.#settings
    if (clientAuth === 'none') return undefined
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) {
      return clientAuth === 'require' ? 'the client has sent no certificate' : undefined
    }
    if (!verifyClient || socket.authorized) return undefined
    const error = `${socket.authorizationError}`
    const reason = (error === UNNAMED_ERROR && this.#weaknessIn(certificate)) || error
    return `the client's certificate is not trusted: ${reason}`
  }

  /** What makes the certificate or one of its issuers too weak. */
  #weaknessIn(certificate: X509Certificate): string | undefined {
    const seen = new Set<X509Certificate>()
    for (
      let next: X509Certificate | undefined = certificate;
      next !== undefined && !seen.has(next);
      next = next.issuerCertificate
    ) {
      seen.add(next)
      const weakness = this.#settings.weaknessOf?.(next)
      if (weakness !== undefined) return weakness
    }
    return undefined
  }

  #finish(socket: TLSSocket, error: HandshakeError | undefined): void {
    const key = addressesOf(socket)
    const onEnd = this.#handshakes.get(key)
    this.#handshakes.delete(key)
    if (error !== undefined || onEnd === undefined) {
      socket.on('error', () => {})
      socket.destroy()
    }
    onEnd?.(error ?? socket)
  }
}

/** OpenSSL's message is a line of codes and file names around these words. */
function reasonOf(error: Error): string {
  const { reason, code } = error as { reason?: string; code?: string }
  return reason ?? code ?? error.message
}

function addressesOf(socket: Socket): string {
  return `${peerAddress(socket)} ${socket.localAddress} ${socket.localPort}`
}
