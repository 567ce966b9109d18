import { addressGroups } from './address-groups.ts'

/**
 * What addresses of one peer have in common, for limits per address: an IPv4 address itself, and the /64 of an IPv6 address, all
 * of whose addresses one machine may have.
 */
export function sourceOf(host: string): string {
  if (!host.includes(':')) return host
  const groups = addressGroups(host, 8, ':').slice(0, 4)
  const prefix = groups.map((group) => Number.parseInt(group, 16).toString(16))
  return `${prefix.join(':')}::/64`
}
