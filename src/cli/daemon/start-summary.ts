import { isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import type { Configuration } from '../../namesrv/config/configuration.ts'
import { formatAddress } from '../../remoting/address.ts'
import { differsFromDefault } from './serve.ts'

/** Where a server listens. */
export interface Bound {
  readonly address: string
  readonly port: number
  /** Undefined if the HTTP port is off or cannot be used. */
  readonly httpPort?: number | undefined
}

/** The addresses of this machine, as `os.networkInterfaces` has them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

const MAX_NAMED_KEYS = 4

/**
 * What the first start on a terminal shows below the line that says where the server listens, or with it if that line is in a
 * log file: the file that was read, the page, what a broker needs to set, and the log.
 * @returns Four lines, five with a log file.
 */
export function startSummary(configuration: Configuration, bound: Bound, interfaces: Interfaces): string[] {
  const { logPath } = configuration.values
  const rows = [
    ['file', fileText(configuration)],
    ['page', pageText(configuration, bound, interfaces)],
    ['brokers', brokersText(bound, interfaces)],
    ['log', logPath === '' ? 'this terminal; --logPath FILE writes it to a file' : logPath],
  ] as const
  const lines = rows.map(([name, text]) => `  ${name.padEnd(8)} ${text}`)
  const { address, port } = bound
  return logPath === '' ? lines : [`mqnamesrv listens on ${formatAddress(address, port)}`, ...lines]
}

function fileText(configuration: Configuration): string {
  const names = configuration
    .keys()
    .filter(differsFromDefault)
    .map(({ key }) => key.name)
  const named = names.slice(0, MAX_NAMED_KEYS).join(', ')
  const others = names.length - MAX_NAMED_KEYS
  const set = names.length === 0 ? 'all keys have their defaults' : `set: ${named}`
  const more = others > 0 ? ` and ${others} more` : ''
  const hint = configuration.file === undefined ? '; mqnamesrv init writes one' : ''
  return `${configuration.file ?? 'none'}; ${set}${more}${hint}`
}

function pageText({ values }: Configuration, { httpPort }: Bound, interfaces: Interfaces): string {
  const { httpListenPort, httpBindAddress, httpTls } = values
  if (httpListenPort === 0) return 'none: httpListenPort is 0'
  if (httpPort === undefined) return `none: port ${httpListenPort} cannot be used, see the warning above`
  const host = reachableHost(httpBindAddress, interfaces)
  return `${httpTls ? 'https' : 'http'}://${formatAddress(host, httpPort)}/`
}

function brokersText({ address, port }: Bound, interfaces: Interfaces): string {
  const host = reachableHost(address, interfaces)
  const reach = isLoopback(host) ? ' (brokers on this machine only)' : ''
  return `set namesrvAddr=${formatAddress(host, port)} in broker.conf${reach}`
}

/** The address itself, or if it stands for all of them, the first that other machines may reach, preferably IPv4. */
function reachableHost(address: string, interfaces: Interfaces): string {
  const host = address.replace(/^\[(.*)\]$/, '$1')
  if (host !== '0.0.0.0' && host !== '::') return host
  const found = Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .filter((each) => !each.internal && !/^fe80:/i.test(each.address))
    .map((each) => each.address)
  const usable = host === '::' ? found : found.filter((each) => !isIPv6(each))
  return usable.find((each) => !isIPv6(each)) ?? usable[0] ?? '127.0.0.1'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
