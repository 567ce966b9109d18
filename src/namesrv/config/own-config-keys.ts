import { TrustedNetworks } from '../../remoting/server/proxy-header.ts'
import {
  boolean,
  int,
  long,
  MAX_TIMER_MS,
  nullable,
  pathInHome,
  string,
  TIME_MS,
  word,
} from './config-key.ts'
import { FRAME_LIMIT } from './java-config-keys.ts'

/** Max bytes of a Buffer in the oldest Node that is supported. */
const MAX_BUFFER_BYTES = 4_294_967_296

/** Node itself ends a TLS handshake after this time. */
const MAX_HANDSHAKE_MS = 120_000

function networksProblem(text: string): string | undefined {
  try {
    new TrustedNetworks(text)
    return undefined
  } catch (error) {
    return (error as RangeError).message
  }
}

/** Keys that Java's NameServer does not have. */
export const OWN_KEYS = [
  word('serializeType', ['JSON', 'ROCKETMQ'], 'JSON', {
    alias: 'rocketmq.serialize.type',
    variable: 'ROCKETMQ_SERIALIZE_TYPE',
  }).atStart(
    'Encoding of the headers that this server sends. Every client and broker reads both; `ROCKETMQ` is more compact.',
  ),
  int('clientMaxConnections', 1_000, { min: 1 }).atStart(
    'Max outgoing connections: to brokers (notifications of a new min broker id) and to product NameServers. Raise it for more brokers than this with `notifyMinBrokerIdChanged`.',
  ),
  int('clientMaxQueuedBytes', 262_144, { unit: 'bytes', min: 1 }).atStart(
    'Max unsent bytes on each outgoing connection; more is dropped and counted. The default holds about a thousand notifications.',
  ),
  int('clusterTestTimeoutMillis', 3_000, TIME_MS).atStart(
    'Milliseconds that a lookup in the product environment may take (`clusterTest`). Later requests of the same connection wait for it.',
  ),
  int('clusterTestMaxLookups', 256, { min: 1 }).atStart(
    'Max topics being looked up in the product environment at a time (`clusterTest`); beyond it the response is SYSTEM_BUSY.',
  ),
  boolean('sharedReadBuffer', true).atStart(
    'Reads all plaintext connections into one buffer, through an undocumented part of Node.js. Turn it off, at a cost in speed, only if reads fail after an upgrade of Node.js.',
  ),
  long('encodedRouteMaxBytes', 67_108_864, { unit: 'bytes', min: 0 }).atStart(
    'Max bytes of encoded routes kept for the next lookups; 0 keeps none. Raise it if lookups are slow with more routes than fit.',
  ),
  long('registrationMemoryMaxBytes', 67_108_864, { unit: 'bytes', min: 0 }).atStart(
    'Max bytes of registrations kept to recognize the next ones of the same brokers; 0 keeps none. The default holds ten brokers of 20,000 topics; a registration that does not fit is only slower.',
  ),
  word('logLevel', ['fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'info').atStart(
    'Lowest level of the lines that are logged. Use `debug` to see every key of the configuration at the start.',
  ),
  word('logFormat', ['auto', 'pretty', 'json'], 'auto').atStart(
    'Format of the log: `pretty` for people, `json` for tools, `auto` for `pretty` on a terminal and `json` elsewhere.',
  ),
  string('logPath', '', { names: 'path' }).atStart(
    'File to which the log is appended, in an existing folder; empty: stdout. SIGHUP opens it again after a rotation.',
  ),
  nullable('proxyProtocolTrustedNetworks', { check: networksProblem }).atStart(
    'Networks whose PROXY headers are trusted, such as `10.0.0.0/8, fd00::/8`; a header from elsewhere closes its connection. Not set: all are trusted; set it if clients can reach the port directly.',
  ),
  int('tlsHandshakeTimeoutMillis', 10_000, { unit: 'ms', min: 1, max: MAX_HANDSHAKE_MS }).atStart(
    'Milliseconds that a TLS handshake may take before its connection is closed. Raise it for clients on slow links.',
  ),
  boolean('tlsAllowWeakCertificates', false).atStart(
    'Accepts weak certificates of verified peers (`tls.server.authClient`, `tls.client.authServer`): signed with SHA-1 or MD5, or RSA keys under 2048 bits. Java accepts SHA-1. Turn it on only until they are replaced.',
  ),
  int('maxHeaderBytes', 262_144, { unit: 'bytes', min: 1_024, max: 2_097_152 }).atStart(
    'Max bytes of a request header; a longer one closes the connection. Headers are usually a few hundred bytes, so this need not change.',
  ),
  int('maxRequestBodyBytes', 262_144, { unit: 'bytes', min: 1_024 }).atStart(
    'Max bytes of the body of a request that is processed in one step (217, 322); a longer one is rejected. Registrations are not affected.',
  ),
  int('maxConfigUpdateBytes', 65_536, { unit: 'bytes', min: 0 }).atStart(
    'Max bytes of an update of the configuration (318); a longer one is rejected. 0 rejects every update that is not empty.',
  ),
  int('maxWaitingChanges', 256, { min: 1 }).atStart(
    'Max changes of the key-value table, and of the configuration, that wait for the disk; beyond it the response is SYSTEM_BUSY.',
  ),
  string(
    'routeSnapshotPath',
    {
      text: '`{user.home}/namesrv/routes-{listenPort}.snapshot`; none for port 0',
      of: (context) => {
        const port = context.value('listenPort')
        // With port 0 the server has another port at each start, and would never find its file again.
        return port === 0 ? '' : pathInHome(context, `routes-${port}.snapshot`)
      },
    },
    { names: 'path' },
  ).atStart(
    'File of the route snapshot, from which a restarted server serves routes until brokers have registered again; empty: none, and a start begins without routes, as with Java.',
  ),
  int('routeSnapshotIntervalMillis', 10_000, { unit: 'ms', min: 100, max: MAX_TIMER_MS }).atStart(
    'Milliseconds between two writes of the route snapshot, each only if a route has changed. Raise it if the disk is slow.',
  ),
  int('routeSnapshotGraceMillis', 120_000, TIME_MS).atStart(
    'Grace period: milliseconds after the start in which a restored broker must register again, or be removed. Set it to at least twice the `registerNameServerPeriod` of the brokers (30 s, 60 s at most).',
  ),
  long('routeSnapshotMaxAgeMillis', 600_000, { unit: 'ms', min: 1 }).atStart(
    'Max age of a route snapshot, in milliseconds; an older one is not used. Raise it if restarts take longer than this.',
  ),
  int('registrationRoundMillis', 30_000, { unit: 'ms', min: 0, max: MAX_TIMER_MS }).atStart(
    'Milliseconds that brokers whose connections closed during a pause of the process have to register again; 0 removes them at once. Set it to the `registerNameServerPeriod` of the brokers.',
  ),
  boolean('brokerProbe', false).atStart(
    'Opens a connection to brokers whose heartbeats stop, and logs those that are unreachable. Turn it on if this server can reach the brokers.',
  ),
  int('brokerProbeAfterPercent', 50, { unit: '%', min: 1, max: 99 }).atStart(
    "Percentage of a broker's heartbeat timeout that passes without a heartbeat before it is probed (`brokerProbe`). The default is two missed heartbeats of four.",
  ),
  int('brokerProbeTimeoutMillis', 3_000, TIME_MS).atStart(
    'Milliseconds that a probe of a broker may take to connect (`brokerProbe`).',
  ),
  boolean('brokerProbeEvicts', false).atStart(
    'Removes unreachable brokers from routes before their heartbeat timeout (`brokerProbe`), as long as at least half of the brokers are reachable.',
  ),
  int('maxConnections', 50_000, { min: 1 }).atStart(
    'Max open connections; further ones are closed at once. Each client and broker has one; raise it together with the open-file limit of the process.',
  ),
  int('maxConnectionsPerAddress', 20_000, { min: 0 }).atStart(
    'Max open connections of one address, taken from the PROXY header if there is one; further ones are closed at once. 0: no limit, for a proxy or NAT with more clients behind it.',
  ),
  long('maxQueuedRequestBytes', 536_870_912, { unit: 'bytes', min: 1_048_576 }).atStart(
    'Max bytes held for requests of all connections: half for incomplete ones (beyond it the connection longest without progress is closed), half for those being processed (beyond it a large one gets SYSTEM_BUSY).',
  ),
  long('maxQueuedAnswerBytes', 268_435_456, { unit: 'bytes', min: 1_048_576 }).atStart(
    'Max bytes of responses that peers have not read, of all connections; beyond it the connection longest without progress is closed.',
  ),
  long(
    'maxInflatedBytes',
    {
      text: 'four times `com.rocketmq.remoting.frameMaxLength` (67108864)',
      of: (context) => Math.min(4 * Number(context.value(FRAME_LIMIT)), MAX_BUFFER_BYTES),
    },
    { unit: 'bytes', min: 1, max: MAX_BUFFER_BYTES },
  ).atStart(
    'Max bytes to which one compressed registration may inflate; all in progress together may take four times that. Beyond either, a registration is rejected.',
  ),
  int('maxRegistrationsInFlight', 1_000, { min: 1 }).atStart(
    'Max registrations in progress, one for each connection; beyond it the response is SYSTEM_BUSY, and the broker retries with its next heartbeat.',
  ),
  int('maxWaitingRequests', 10_000, { min: 1 }).atStart(
    'Max requests waiting for the route tables; beyond it the response is SYSTEM_BUSY. The default is that of a request queue in Java.',
  ),
  int('maxBrokers', 10_000, { min: 1 }).atStart(
    'Max registered brokers; the registration of one more is rejected and changes nothing.',
  ),
  int('maxTopics', 1_000_000, { min: 1 }).atStart(
    'Max topics of all brokers together; a registration that would exceed it is rejected and changes nothing.',
  ),
  int('maxKVEntries', 50_000, { min: 1 }).atStart(
    'Max entries of the key-value table; one more is rejected. Each change writes the whole file, so many entries make changes slow.',
  ),
  long('maxKVBytes', 4_194_304, { unit: 'bytes', min: 1 }).atStart(
    'Max bytes of all namespaces, keys and values of the key-value table; a change that would exceed it is rejected. The order configuration in it is part of every registration response.',
  ),
  int('overloadLagMillis', 1_000, { unit: 'ms', min: 0, max: MAX_TIMER_MS }).live(
    'Milliseconds of event-loop delay, three times in a row, that count as an overload: lists of topics and brokers then get SYSTEM_BUSY until it is over. 0 disables this.',
  ),
] as const
