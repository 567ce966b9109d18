import { isIPv6, type Socket, SocketAddress } from 'node:net'
import { RemotingClientError } from './errors.ts'

/** Where a peer listens. */
export interface RemoteAddress {
  /** Host name, IPv4, or IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/**
 * Parses `host:port`. The port follows the last colon; brackets around the host are removed.
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

/** `host:port`, an IPv6 host in brackets. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The peer of a socket as `host:port`. A socket that has closed does not know it any more. */
export function peerAddress({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return formatAddress(remoteAddress, remotePort)
}

/** An IP address without zone, in its shortest notation; IPv4 in IPv6 notation (`0:0:0:0:0:ffff:a00:1`) as IPv4. Other texts stay. */
export function plainHost(text: string): string {
  const address = text.replace(/%.*$/, '')
  if (!isIPv6(address)) return address
  return new SocketAddress({ address, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '')
}
