import { isIPv6 } from 'node:net'
import { boolean, int, string, TIME_MS } from './config-key.ts'

/** What is wrong with a list of `host:port` addresses, separated by commas or semicolons. */
function addressesProblem(text: string): string | undefined {
  const wrong = addressesOf(text).find((address) => !isAddress(address))
  return wrong === undefined ? undefined : `contains ${JSON.stringify(wrong)}, which is not host:port`
}

function isAddress(address: string): boolean {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(address) ?? []
  const isPort = Number(port) >= 1 && Number(port) <= 65_535
  return isPort && (plain !== undefined || isIPv6(bracketed ?? ''))
}

/** The addresses of a list, as {@link INSPECT_KEYS} take it. */
export function addressesOf(list: string): string[] {
  return list
    .split(/[,;]/)
    .map((address) => address.trim())
    .filter((address) => address !== '')
}

/** Keys of the HTTP port, and of what it and the request code 1450 show. */
export const INSPECT_KEYS = [
  int('httpListenPort', 8_876, { min: 0, max: 65_535 }).atStart(
    'TCP port of the HTTP server for metrics, health checks and views; 0: no HTTP server.',
    'Change it if the port is in use.',
  ),
  string('httpBindAddress', '127.0.0.1', { names: 'host', required: true }).atStart(
    'Address on which the HTTP server listens: a host name, IPv4 or IPv6.',
    'Set it to `0.0.0.0` to be scraped and probed from other machines, and then set `httpTokenFile` or restrict the port by a firewall: the views name every client and topic.',
  ),
  int('httpMaxConnections', 256, { min: 1 }).atStart(
    'Max open connections of the HTTP server; further ones are closed at once, and when half of them are open, the longest idle ones are closed.',
    'Raise it if more monitors and browsers connect.',
  ),
  boolean('httpTls', false).atStart(
    'Serves HTTPS instead of HTTP, with the certificate of the server (`tls.server.certPath`); client certificates are not asked for. While key and certificate cannot be used the port is closed; it opens within a second after their files are repaired.',
    'Turn it on if the HTTP port is reachable from other machines.',
  ),
  string('httpTokenFile', '', { names: 'path' }).atStart(
    'File with the bearer token that HTTP requests must carry, in one line; empty: none is required. Health checks and the address service never need it. A changed file takes effect within a second. If all users can read it, a warning is logged.',
    'Set it if other machines can reach the HTTP port.',
  ),
  string('httpAllowedHosts', '').atStart(
    'Host names by which HTTP clients may call this server, separated by commas, besides `localhost` and IP addresses; other names get 421, which protects browsers from DNS rebinding; empty: no other names.',
    'Set it to the DNS name of this server.',
  ),
  boolean('httpRequired', false).atStart(
    'Fails the start if the HTTP port cannot be bound or has no usable certificate. By default a warning is logged and the server starts without it.',
    'Turn it on if the server must not run unmonitored.',
  ),
  boolean('nsAddrService', true).atStart(
    'Serves the list of NameServers at `/rocketmq/nsaddr` of the HTTP server, from which clients and brokers without a configured address can get it.',
    'Turn it off if this server must not be found that way.',
  ),
  string('nsAddrList', '', { check: addressesProblem }).atStart(
    'NameServers that `/rocketmq/nsaddr` returns, `host:port` separated by semicolons or commas; empty: this server, at the address at which the HTTP request reached it.',
    'Set it to all NameServers of the cluster, the same list on each.',
  ),
  string('nodeId', '').atStart(
    'Name of this server in metrics and views; empty: host name and port.',
    'Set it if host names are not unique.',
  ),
  int('topicMissLimit', 64, { min: 0, max: 1_000 }).atStart(
    'Max topics kept for which lookups found no route, the most frequent ones; 0: none.',
    'Raise it if more topics are missing at once.',
  ),
  int('brokerSeriesLimit', 1_000, { min: 0 }).atStart(
    'Max brokers that have metrics of their own (heartbeat age); the metrics of further ones are left out; 0: no broker has any.',
    'Raise it for a larger cluster, as far as the monitoring system takes it.',
  ),
  boolean('rpcLatencyMetrics', false).atStart(
    'Adds `rocketmq_rpc_latency_milliseconds`, with the labels and buckets of RocketMQ 5 (RIP-46), to the metrics.',
    'Turn it on to use dashboards made for brokers.',
  ),
  string('peers', '', { check: addressesProblem }).atStart(
    'Other NameServers whose routes are compared with those of this one, `host:port` separated by commas or semicolons; empty: none. NameServers of Java are supported. Differences become metrics, events and findings, and change nothing.',
    'Set it to all other NameServers of the cluster.',
  ),
  int('peersIntervalMillis', 10_000, TIME_MS).atStart(
    'Milliseconds between two comparisons with each of the `peers`; longer for peers that do not respond, and for those on other machines or of Java with more than 5,000 topics.',
    'Raise it if a peer has little capacity.',
  ),
] as const
