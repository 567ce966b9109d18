import { hostOf } from '../../common/host-of.ts'
import { LOOPBACK } from '../../common/networks.ts'
import { brokerConfLine } from '../commands.ts'

/** Networks that an address can belong to, as far as that tells who can connect to it. */
type Network = 'unspecified' | 'loopback' | 'link-local' | 'docker' | 'private' | 'public'

/** Why clients elsewhere cannot connect to an announced address. */
export interface AddressProblem {
  /** After `announces HOST:PORT, which`. */
  readonly text: string
  /** Info if clients may well be where the address can be reached. */
  readonly severity: 'warning' | 'info'
  /** A line of `broker.conf`; null if the address that the broker registers from need not be its own. */
  readonly command: string | null
}

/**
 * Why clients elsewhere cannot connect to the address that a broker announces; undefined unless that is likely. A broker may
 * announce another address than it connects from: one that clients see through NAT, or that of another network card.
 *
 * @param announced - `host:port`.
 * @param peer - `host:port` of the connection that the broker registered over.
 */
export function addressProblem(announced: string, peer: string): AddressProblem | undefined {
  const [host, from] = [hostOf(announced), hostOf(peer)]
  const network = networkOf(host)
  const fromNetwork = networkOf(from)
  // A broker on this machine, or a host name, of which nothing is known here.
  if (fromNetwork === 'loopback' || network === undefined || network === fromNetwork) return undefined
  if (fromNetwork === undefined && !isIPAddress(from)) return undefined
  const text = problemText(network, fromNetwork, host.includes(':') === from.includes(':'))
  if (text === undefined) return undefined
  const isDevelopment = network === 'loopback' && isMaybeDocker(from)
  const isInfo = isDevelopment || (network === 'docker' && host.startsWith('172.18.'))
  // A container, NAT, or a gateway: not the address of the broker's machine.
  const isOwn = !isMaybeDocker(from) && fromNetwork !== 'public' && !/^\d+\.\d+\.\d+\.1$/.test(from)
  return {
    text,
    severity: isInfo ? 'info' : 'warning',
    command: isOwn ? brokerConfLine('brokerIP1', from) : null,
  }
}

function problemText(
  network: Network,
  from: Network | undefined,
  isSameProtocol: boolean,
): string | undefined {
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
      return from === 'public' && isSameProtocol
        ? 'is private, and the broker registers from a public address'
        : undefined
    case 'public':
      return undefined
  }
}

/** Undefined for a host name, and for ranges that are used for either. */
function networkOf(host: string): Network | undefined {
  if (host === 'localhost' || LOOPBACK.has(host)) return 'loopback'
  return host.includes(':') ? networkOfIPv6(host.toLowerCase()) : networkOfIPv4(host)
}

function networkOfIPv4(host: string): Network | undefined {
  const [, first, second] = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(host) ?? []
  if (first === undefined) return undefined
  const [a, b] = [Number(first), Number(second)]
  if (a === 0) return 'unspecified'
  if (a === 169 && b === 254) return 'link-local'
  // Docker's first networks. It takes later ones from ranges that are common elsewhere (172.31.0.0/16 is AWS's default).
  if (a === 172 && (b === 17 || b === 18)) return 'docker'
  if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)) return 'private'
  // Neither is certain: overlay networks use carrier-grade NAT, and companies use ranges that are not routed on the internet.
  if ((a === 100 && b >= 64 && b <= 127) || UNROUTED.has(a)) return undefined
  return 'public'
}

/** First octets of networks of the US Department of Defense. */
const UNROUTED: ReadonlySet<number> = new Set([6, 7, 11, 21, 22, 26, 28, 29, 30, 33, 55])

/** Whether an address is in a network that Docker may have made: 172.17.0.0/16 to 172.30.0.0/16. */
function isMaybeDocker(host: string): boolean {
  return /^172\.(1[7-9]|2\d|30)\./.test(host)
}

function isIPAddress(host: string): boolean {
  return host.includes(':') || /^\d+(\.\d+){3}$/.test(host)
}

function networkOfIPv6(host: string): Network {
  if (host === '::') return 'unspecified'
  if (/^fe[89ab]/.test(host)) return 'link-local'
  return /^f[cd]/.test(host) ? 'private' : 'public'
}
