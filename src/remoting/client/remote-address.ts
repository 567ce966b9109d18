import { RemotingClientError } from './remoting-client-error.ts'

/** Where a peer listens. */
export interface RemoteAddress {
  /** Host name, IPv4, or IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/**
 * Reads `host:port`; the port is what follows the last colon, and brackets around the host are taken off.
 * @throws {RemotingClientError} `ERR_ADDRESS`
 */
export function parseRemoteAddress(text: string): RemoteAddress {
  const [, bracketed, plain, digits] = /^(?:\[([^[\]]+)\]|([^[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || /\s/.test(host) || port < 1 || port > 65_535) {
    throw new RemotingClientError('ERR_ADDRESS', `${JSON.stringify(text.slice(0, 100))} is not host:port`)
  }
  return { host, port }
}
