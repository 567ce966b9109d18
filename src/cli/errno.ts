import { formatAddress } from '../remoting/address.ts'

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the address is already in use',
  EADDRNOTAVAIL: 'the address is not of this machine',
  EISDIR: 'it is a directory',
  EMFILE: 'the limit of open files is reached',
  ENFILE: 'the system has no file descriptor left',
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is not a directory',
  ENOTFOUND: 'the host name is unknown',
  EPERM: 'operation not permitted',
}

/** Why the operating system refused something, in words and without a stack: `permission denied (EACCES)`. */
export function describeErrno(error: unknown): string {
  const code = errnoOf(error)
  const words = code === undefined ? undefined : WORDS[code]
  return words === undefined ? firstLine(error) : `${words} (${code})`
}

/** What stands in the way of a start, as one line. */
export function describeFailure(error: unknown): string {
  const { syscall, address, hostname, port } = Object(error) as Record<string, unknown>
  if (syscall !== 'listen' && syscall !== 'bind' && syscall !== 'getaddrinfo') return firstLine(error)
  const host = String(address ?? hostname ?? '')
  const place = port === undefined ? host : formatAddress(host, Number(port))
  return `cannot listen on ${place}: ${describeErrno(error)}`
}

/** What went wrong, as one line. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error)
  return message.split(/\r\n|\r|\n/, 1)[0] as string
}

function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
