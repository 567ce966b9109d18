import type { Socket } from 'node:net'
import {
  createServer,
  type DetailedPeerCertificate,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import { HandshakeError } from '../errors.ts'
import { identified } from './tls-session.ts'

/** The certificate of a TLS server, and what it requires of its clients. */
export interface TlsServerSettings {
  /** Key, certificate chain, protocols and ciphers. `ca` verifies client certificates. */
  readonly context: Pick<
    TlsOptions,
    'key' | 'cert' | 'ca' | 'minVersion' | 'maxVersion' | 'ciphers' | 'sigalgs'
  >
  /** Whether a client is asked for a certificate, and whether it must have one. */
  readonly clientAuth: 'none' | 'optional' | 'require'
  /** False accepts any certificate. */
  readonly verifyClient: boolean
  /** Explains why OpenSSL may have found a certificate or its issuers too weak; Node does not report it. */
  readonly weaknessOf?: (certificate: DetailedPeerCertificate) => string | undefined
}

/** Node's code for a certificate that OpenSSL's security level does not allow, among others. */
const UNNAMED_ERROR = 'UNSPECIFIED'

/**
 * Called once when a handshake ends: with a socket to read from, or with the reason why the connection is being closed. Not called
 * if the peer closes the connection.
 */
export type HandshakeEnd = (outcome: TLSSocket | HandshakeError) => void

/**
 * Turns accepted sockets into TLS ones.
 *
 * A `tls.Server` that does not listen does the work, since it alone verifies a client's certificate. Other settings take another
 * acceptor; connections of this one keep theirs.
 */
export class TlsAcceptor {
  readonly #settings: TlsServerSettings
  readonly #server: Server
  /** Handshakes in progress, by the addresses of both ends: the server returns another socket than it was given. */
  readonly #handshakes = new Map<string, HandshakeEnd>()

  /** @throws {Error} Node's, for an unusable key, certificate or list of ciphers. */
  constructor(settings: TlsServerSettings) {
    this.#settings = settings
    // Without `ca` Node would load its root certificates, which are never used.
    const { ca, ...context } = settings.context
    this.#server = createServer({
      ...context,
      ...(settings.verifyClient ? ca !== undefined && { ca } : { ca: [] }),
      requestCert: settings.clientAuth !== 'none',
      // Decided below, where the reason is known.
      rejectUnauthorized: false,
    })
    this.#server.on('secureConnection', (socket) => this.#onSecure(socket))
    this.#server.on('tlsClientError', (cause, socket) => {
      const message = `the TLS handshake failed: ${reasonOf(cause)}`
      this.#finish(socket, new HandshakeError('ERR_TLS_HANDSHAKE', message, { cause }))
    })
  }

  /**
   * Starts a handshake on a paused socket whose first bytes were put back. Destroying the socket ends it.
   */
  accept(socket: Socket, onEnd: HandshakeEnd): void {
    // The socket has failed already, and will close.
    if (socket.remoteAddress === undefined) return
    const key = addressesOf(socket)
    this.#handshakes.set(key, onEnd)
    socket.once('close', () => {
      if (this.#handshakes.get(key) === onEnd) this.#handshakes.delete(key)
    })
    this.#server.emit('connection', socket)
  }

  #onSecure(socket: TLSSocket): void {
    // Writes would wait for reads, and a channel does not read while it waits for its writes.
    socket.disableRenegotiation()
    // Node reports an attempt, and leaves it to the listener to close the socket.
    socket.on('error', () => socket.destroy())
    // Without `verifyClient`, no certificate is authorized.
    if (socket.authorized && this.#settings.context.ca !== undefined) identified.add(socket)
    const problem = this.#problemWithClient(socket)
    this.#finish(
      socket,
      problem === undefined ? undefined : new HandshakeError('ERR_TLS_CLIENT_CERTIFICATE', problem),
    )
  }

  #problemWithClient(socket: TLSSocket): string | undefined {
    const { clientAuth, verifyClient } = this.#settings
    if (clientAuth === 'none') return undefined
    if (socket.getPeerX509Certificate() === undefined) {
      return clientAuth === 'require' ? 'the client has sent no certificate' : undefined
    }
    if (!verifyClient || socket.authorized) return undefined
    const error = `${socket.authorizationError}`
    const { weaknessOf } = this.#settings
    const weakness = error === UNNAMED_ERROR ? weaknessOf?.(socket.getPeerCertificate(true)) : undefined
    return `the client's certificate is not trusted: ${weakness ?? error}`
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

/** OpenSSL's message has codes and file names around the reason. */
function reasonOf(error: Error): string {
  const { reason, code } = error as { reason?: string; code?: string }
  return reason ?? code ?? error.message
}

function addressesOf(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}
