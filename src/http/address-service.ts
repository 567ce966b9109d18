import { isIP } from 'node:net'
import { type HttpRequest, textResponse } from './http-server.ts'
import { hostNameOf } from './request-guard.ts'
import type { HttpRoute } from './routes.ts'

export interface AddressServiceOptions {
  /** NameServers, `host:port`; if empty, this server alone. */
  readonly addresses: readonly string[]
  /** Of this server, for brokers and clients. */
  readonly remotingPort: number
}

/**
 * The address service, which clients and brokers ask for NameServers if they have none configured: `/rocketmq/nsaddr`, and
 * `/rocketmq/nsaddr-<unit>` for clients with a unit name. It is open, since none of them can send a token.
 *
 * Clients compare the whole text with the one before, so the order never changes.
 * @see DefaultTopAddressing in apache/rocketmq
 */
export function addressService({ addresses, remotingPort }: AddressServiceOptions): HttpRoute[] {
  const handle: HttpRoute['handle'] = (request) => {
    const { path } = request
    const unit = /^\/rocketmq\/nsaddr-([^/]*)$/.exec(path)?.[1]
    if (path !== '/rocketmq/nsaddr' && !unit) return textResponse(404, 'no such group of NameServers')
    return textResponse(200, addresses.join(';') || ownAddress(request, remotingPort))
  }
  return [{ path: '/rocketmq/nsaddr*', label: () => '/rocketmq/nsaddr', isOpen: true, handle }]
}

/**
 * The host by which the client reached this server is one that it can reach again, also through port forwarding and NAT, where the
 * address of this end of the connection means nothing to it.
 */
function ownAddress({ header, local }: HttpRequest, port: number): string {
  const named = hostNameOf(header('host') ?? '') ?? ''
  const isUsable = isIP(named) !== 0 || /^[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?$/.test(named)
  const host = isUsable ? named : local.address.replace(/^::ffff:/i, '')
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
