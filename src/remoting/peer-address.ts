import type { Socket } from 'node:net'

/** `host:port`, an IPv6 host in brackets. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The other end of a socket as `host:port`. Ask early: a socket that has closed has forgotten it. */
export function peerAddress({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return formatAddress(remoteAddress, remotePort)
}
