import { LOOPBACK, Networks, rangesOf } from '../../common/networks.ts'

/** Loopback, unspecified, and the addresses at which cloud machines read their own metadata and credentials. */
const LOCAL_HOSTS = new Networks(
  [
    ...['0.0.0.0/8', '::', '169.254.169.254', 'fd00:ec2::254'],
    // Credentials of ECS tasks, of EKS pods, and the metadata of Alibaba Cloud.
    ...['169.254.170.2', '169.254.170.23', 'fd00:ec2::23', '100.100.100.200'],
  ].flatMap(rangesOf),
  new Map([['loopback', LOOPBACK]]),
)

/** Names of loopback, as RFC 6761 and the hosts files of Linux distributions have them. */
const LOCAL_NAME = /(^|\.)localhost$|^localhost[46]?\.localdomain[46]?$/

/** Whether each client would find its own machine, or its cloud's metadata, at a host that a broker announces. */
export function isLocalHost(host: string): boolean {
  if (LOCAL_HOSTS.has(host)) return true
  if (host === '' || host.includes(':')) return false
  // Clients read `127.1`, `0x7f.1` and `2130706433` as IPv4 addresses, too; so do URLs.
  const url = `http://${host}`
  const name = URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : host
  return LOCAL_HOSTS.has(name) || LOCAL_NAME.test(name)
}
