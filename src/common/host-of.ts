/** The host of `host:port`, without brackets; an IPv4 address within IPv6 as IPv4. */
export function hostOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
  return host.replace(/^::ffff:(?=\d+\.)/i, '')
}
