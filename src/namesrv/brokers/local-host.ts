import { BlockList, isIP } from 'node:net'

/** Loopback, unspecified, and the addresses at which cloud machines read their own metadata and credentials. */
const LOCAL_HOSTS = new BlockList()
LOCAL_HOSTS.addSubnet('0.0.0.0', 8)
LOCAL_HOSTS.addSubnet('127.0.0.0', 8)
LOCAL_HOSTS.addAddress('169.254.169.254')
LOCAL_HOSTS.addAddress('::', 'ipv6')
LOCAL_HOSTS.addAddress('::1', 'ipv6')
LOCAL_HOSTS.addAddress('fd00:ec2::254', 'ipv6')

/** Whether each client would find its own machine, or its cloud's metadata, at a host that a broker announces. */
export function isLocalHost(host: string): boolean {
  const family = isIP(host)
  if (family !== 0) return LOCAL_HOSTS.check(host, family === 6 ? 'ipv6' : 'ipv4')
  if (host === '' || host.includes(':')) return false
  // Clients read `127.1`, `0x7f.1` and `2130706433` as IPv4 addresses, too; so do URLs.
  const url = `http://${host}`
  const name = URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : host
  if (isIP(name) === 4) return LOCAL_HOSTS.check(name)
  return name === 'localhost' || name.endsWith('.localhost')
}
