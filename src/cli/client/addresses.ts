import { formatAddress, parseRemoteAddress } from '../../remoting/address.ts'
import { CommandError } from '../command-error.ts'

const DEFAULT_PORT = 9876

/** Where a NameServer on this machine listens by default. */
export const DEFAULT_NAMESRV = `127.0.0.1:${DEFAULT_PORT}`

/**
 * Addresses of NameServers as `-n` and NAMESRV_ADDR have them, separated by `;` or `,`. The port may be missing (9876).
 * @returns Each once, as `host:port`, in the order given.
 * @throws {CommandError} `usage`
 */
export function parseAddresses(text: string): string[] {
  const addresses = text
    .split(/[;,]/)
    .map((part) => part.trim().replace(/^https?:\/\//, ''))
    .filter((part) => part !== '')
    .map(withPort)
  if (addresses.length === 0) throw new CommandError('usage', 'no NameServer address given (-n host:port)')
  return [...new Set(addresses)]
}

function withPort(text: string): string {
  const hasPort = /^(?:\[[^\]]*\]|[^:]*):[^:]*$/.test(text)
  const isPlainIPv6 = !hasPort && !text.startsWith('[') && text.includes(':')
  const address = hasPort ? text : `${isPlainIPv6 ? `[${text}]` : text}:${DEFAULT_PORT}`
  try {
    const { host, port } = parseRemoteAddress(address)
    return formatAddress(host, port)
  } catch {
    throw new CommandError(
      'usage',
      `${JSON.stringify(text.slice(0, 100))} is not a NameServer address (host:port)`,
    )
  }
}
