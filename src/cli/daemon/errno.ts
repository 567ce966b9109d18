import { describeErrno, firstLine } from '../../common/describe-errno.ts'
import { formatAddress } from '../../remoting/address.ts'

/** Why a start failed, as one line. */
export function describeFailure(error: unknown): string {
  const { syscall, address, hostname, port } = Object(error) as Record<string, unknown>
  if (syscall !== 'listen' && syscall !== 'bind' && syscall !== 'getaddrinfo') return firstLine(error)
  const host = String(address ?? hostname ?? '')
  const place = port === undefined ? host : formatAddress(host, Number(port))
  return `cannot listen on ${place}: ${describeErrno(error)}`
}
