/** Errors of the system, and those of certificates to which some versions of Node add advice for programmers. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'not an address of this machine',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed and not trusted',
  EHOSTUNREACH: 'no route to the host',
  EISDIR: 'is a directory',
  EAI_AGAIN: 'no response of the DNS',
  EMFILE: 'open-file limit reached',
  ENFILE: 'no file descriptor left on this machine',
  ENETUNREACH: 'network unreachable',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'part of the path is not a directory',
  ENOTFOUND: 'unknown host name',
  EPERM: 'operation not permitted',
  ENXIO: 'is a socket or a missing device',
  ETIMEDOUT: 'timed out',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is of an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is of an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is of an unknown authority',
}

/** An error of the operating system or of a TLS certificate in words, without a stack: `permission denied (EACCES)`. */
export function describeErrno(error: unknown): string {
  const { code } = Object(error) as { readonly code?: unknown }
  const words = WORDS[`${code}`]
  return words === undefined ? firstLine(error) : `${words} (${code})`
}

/** The message of an error, as one line. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error)
  return message.split(/\r\n|\r|\n/, 1)[0] as string
}
