/** Networks that an address can belong to, as far as that tells who can connect to it. */
type Network = 'unspecified' | 'loopback' | 'link-local' | 'docker' | 'private' | 'public'

/** The host of `host:port`, without brackets; an IPv4 address within IPv6 as IPv4. */
export function hostOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
  return host.replace(/^::ffff:(?=\d+\.)/i, '')
}

/**
 * Why clients elsewhere cannot connect to the address that a broker announces; undefined unless that is certain. A broker may
 * announce another address than it connects from: one that clients see through NAT, or that of another network card.
 *
 * @param announced - `host:port`.
 * @param peer - `host:port` of the connection that the broker registered over.
 */
export function addressProblem(announced: string, peer: string): string | undefined {
  const [host, from] = [hostOf(announced), hostOf(peer)]
  const network = networkOf(host)
  const fromNetwork = networkOf(from)
  // A broker on this machine, or a host name, of which nothing is known here.
  if (fromNetwork === undefined || fromNetwork === 'loopback' || network === undefined) return undefined
  if (network === fromNetwork) return undefined
  switch (network) {
    case 'unspecified':
      return 'is not the address of any machine'
    case 'loopback':
      return "is a loopback address, which reaches only the broker's own machine"
    case 'link-local':
      return 'is a link-local address, which routers do not forward'
    case 'docker':
      return "is in a range of Docker's bridge networks, which other machines cannot reach"
    case 'private':
      // With two protocols a machine has addresses in both.
      return fromNetwork === 'public' && host.includes(':') === from.includes(':')
        ? 'is private, and the broker registers from a public address'
        : undefined
    case 'public':
      return undefined
  }
}

/** Undefined for a host name. */
function networkOf(host: string): Network | undefined {
  if (host === 'localhost') return 'loopback'
  return host.includes(':') ? networkOfIPv6(host.toLowerCase()) : networkOfIPv4(host)
}

function networkOfIPv4(host: string): Network | undefined {
  const [, first, second] = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(host) ?? []
  if (first === undefined) return undefined
  const [a, b] = [Number(first), Number(second)]
  if (a === 0) return 'unspecified'
  if (a === 127) return 'loopback'
  if (a === 169 && b === 254) return 'link-local'
  // The pools that Docker takes its networks from by default, but for 192.168.0.0/16, which is common elsewhere.
  if (a === 172 && b >= 17 && b <= 31) return 'docker'
  if (a === 10 || (a === 172 && b === 16) || (a === 192 && b === 168)) return 'private'
  // Carrier-grade NAT is neither: some overlay networks use it.
  return a === 100 && b >= 64 && b <= 127 ? undefined : 'public'
}

function networkOfIPv6(host: string): Network {
  if (host === '::') return 'unspecified'
  if (host === '::1') return 'loopback'
  if (/^fe[89ab]/.test(host)) return 'link-local'
  return /^f[cd]/.test(host) ? 'private' : 'public'
}
