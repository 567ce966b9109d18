import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { cutText } from '../../common/log-throttle.ts'
import type { CertificateNames } from '../../protocol/identity.ts'
import type { TlsSession } from '../../stats/connections.ts'

/** Connections with a certificate of the authorities in `ca`: of the public ones, which count without `ca`, anyone gets one. */
export const identified = new WeakSet<Socket>()

/** Whether a socket is a TLS one, without its class: that would load Node's TLS modules for servers without TLS clients. */
function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket
}

/** A longer subject of a certificate is cut. */
const MAX_SUBJECT_CHARACTERS = 200

/** What the ends of a TLS socket have agreed on; null for a plaintext socket. */
export function tlsSessionOf(socket: Socket): TlsSession | null {
  if (!isTls(socket)) return null
  const subject = socket.getPeerX509Certificate()?.subject
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    // Node puts each attribute on a line of its own.
    clientSubject:
      subject === undefined ? null : cutText(subject.replaceAll('\n', ', '), MAX_SUBJECT_CHARACTERS),
  }
}

/** One of a certificate's alternative names; Node writes those with special characters as JSON strings. */
const ALT_NAME = /(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)/g

/** The client's certificate, if it was verified by the authorities in `ca`; null for a plaintext socket. */
export function clientCertificateOf(socket: Socket): CertificateNames | null {
  if (!isTls(socket) || !identified.has(socket)) return null
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return null
  // Undefined, whatever its type says, if the subject is empty.
  const subject: string | undefined = certificate.subject
  const commonNames = subject?.split('\n').filter((part) => part.startsWith('CN=')) ?? []
  const [name] = commonNames
  return {
    commonName: name === undefined || commonNames.length > 1 ? null : name.slice(3),
    subjectAltNames: [...(certificate.subjectAltName ?? '').matchAll(ALT_NAME)].map(
      ([, type = '', value = '']) => `${type}:${value.startsWith('"') ? JSON.parse(value) : value}`,
    ),
  }
}
