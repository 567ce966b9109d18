import { describeErrno } from '../common/describe-errno.ts'
import { FrameError } from '../protocol/errors.ts'
import { SerializeType } from '../protocol/remoting-command.ts'
import type { RemotingClientError } from '../remoting/errors.ts'
import { AdminError } from './admin-error.ts'

/** What is known of a connection that failed. */
export interface FailedConnection {
  /** `host:port` */
  readonly address: string
  readonly timeoutMs: number
  readonly isTls: boolean
  /** How messages name the option that turns TLS on. */
  readonly tlsOption: string
  /** What the peer sent first; undefined if nothing. */
  readonly firstBytes: Buffer | undefined
  readonly maxFrameBytes: number
}

/** An alert record: what TLS servers send to a peer that does not begin with a handshake. */
const TLS_ALERT = 0x1503
const MAX_SHOWN = 60
/** Headers are far shorter. */
const MAX_HEADER_BYTES = 65_535

/** Why a request to a NameServer failed, in words for the person who gave its address. */
export function connectionFailure(
  { code, cause }: RemotingClientError,
  { address, timeoutMs, isTls, tlsOption, firstBytes, maxFrameBytes }: FailedConnection,
): AdminError {
  if (code === 'ERR_TIMEOUT')
    return new AdminError('timeout', `no response from ${address} within ${timeoutMs} ms`)
  if (code === 'ERR_CONNECT' && cause === undefined) {
    const what = isTls ? 'TLS connection' : 'connection'
    return new AdminError('timeout', `no ${what} to ${address} within ${timeoutMs} ms`)
  }
  if (cause instanceof FrameError) {
    if (
      !isTls &&
      firstBytes !== undefined &&
      firstBytes.length >= 2 &&
      firstBytes.readUInt16BE() === TLS_ALERT
    )
      return new AdminError('tls', `${address} accepts TLS only: use ${tlsOption}`)
    if (cause.code === 'ERR_FRAME_TOO_LONG' && beginsAsFrame(firstBytes))
      return new AdminError(
        'protocol',
        `the response from ${address} is too long: over ${maxFrameBytes >> 20} MiB`,
      )
    const why = textOf(firstBytes) ?? cause.message
    return new AdminError('protocol', `${address} does not speak RocketMQ's protocol: ${why}`)
  }
  const isClosed = cause === undefined || ['ECONNRESET', 'EPIPE'].includes(`${codeOf(cause)}`)
  if (isTls && (isTlsError(cause) || (code === 'ERR_CONNECT' && isClosed))) {
    const why = isClosed ? 'it closed the connection' : tlsReason(cause)
    const hint = isClosed || why === 'wrong version number' ? ' (does it accept TLS?)' : ''
    return new AdminError('tls', `TLS handshake with ${address} failed: ${why}${hint}`)
  }
  if (code === 'ERR_CONNECT' || !isClosed)
    return new AdminError('unreachable', `connection to ${address} failed: ${describeErrno(cause)}`)
  const hint = isTls || firstBytes !== undefined ? '' : ` (if it accepts TLS only, use ${tlsOption})`
  return new AdminError('unreachable', `${address} closed the connection before it responded${hint}`)
}

/** Whether bytes are a length, a serialize type and a plausible length of the header. */
function beginsAsFrame(bytes: Buffer | undefined): boolean {
  if (bytes === undefined || bytes.length < 8 || bytes.readInt32BE(0) < 0) return false
  const headerBytes = bytes.readUIntBE(5, 3)
  return (bytes[4] ?? 0) <= SerializeType.ROCKETMQ && headerBytes > 0 && headerBytes <= MAX_HEADER_BYTES
}

/** The first line of what the peer sent, if that is text: the greeting of another protocol. */
function textOf(bytes: Buffer | undefined): string | undefined {
  const text = bytes?.toString('latin1') ?? ''
  if (!/^[\x20-\x7e]{4}/.test(text)) return undefined
  return `it sent ${JSON.stringify(text.split(/[\r\n]/, 1)[0]?.slice(0, MAX_SHOWN))}`
}

function codeOf(cause: unknown): unknown {
  return (Object(cause) as { readonly code?: unknown }).code
}

function isTlsError(cause: unknown): boolean {
  const isOfOpenSsl = (Object(cause) as { readonly library?: unknown }).library !== undefined
  return (
    isOfOpenSsl || /^(ERR_SSL|ERR_TLS|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)|CERT|EPROTO/.test(`${codeOf(cause)}`)
  )
}

/** OpenSSL's reason alone: its message has addresses and lines of its source. */
function tlsReason(cause: unknown): string {
  const { reason } = Object(cause) as { readonly reason?: unknown }
  const isOfOpenSsl = (Object(cause) as { readonly library?: unknown }).library !== undefined
  return isOfOpenSsl && typeof reason === 'string' ? reason : describeErrno(cause)
}
