import { DEFAULT_PORT, namesrvAddress } from '../../admin/namesrv-address.ts'
import { CommandError } from '../command-error.ts'

/** Where a NameServer on this machine listens by default. */
export const DEFAULT_NAMESRV = `127.0.0.1:${DEFAULT_PORT}`

/**
 * Addresses of NameServers as `-n` and NAMESRV_ADDR have them, separated by `;` or `,`. The port may be missing (9876).
 * @returns Each once, as `host:port`, in the order given.
 * @throws {AdminError} `usage`
 */
export function parseAddresses(text: string): string[] {
  const addresses = text
    .split(/[;,]/)
    .map((part) => part.trim().replace(/^https?:\/\//, ''))
    .filter((part) => part !== '')
    .map(namesrvAddress)
  if (addresses.length === 0) throw new CommandError('usage', 'no NameServer address given (-n host:port)')
  return [...new Set(addresses)]
}
