import { isIPv6 } from 'node:net'
import { formatAddress, parseRemoteAddress } from '../remoting/address.ts'
import { AdminError } from './admin-error.ts'

/** Of NameServers. */
export const DEFAULT_PORT = 9876

/**
 * The address of one NameServer, as `host:port`.
 * @param text - The port may be missing: 9876.
 * @throws {AdminError} `usage`
 */
export function namesrvAddress(text: string): string {
  const hasPort = /^(?:\[[^\]]*\]|[^:]*):[^:]*$/.test(text)
  const address = hasPort ? text : `${isIPv6(text) ? `[${text}]` : text}:${DEFAULT_PORT}`
  try {
    const { host, port } = parseRemoteAddress(address)
    // Other colons are those of a URL.
    if (isIPv6(host) || !host.includes(':')) return formatAddress(host, port)
  } catch {
    // Reported below.
  }
  throw new AdminError(
    'usage',
    `${JSON.stringify(text.slice(0, 100))} is not a NameServer address (host:port)`,
  )
}
