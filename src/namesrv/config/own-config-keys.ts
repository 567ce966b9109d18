import { TrustedNetworks } from '../../remoting/server/trusted-networks.ts'
import { boolean, int, long, nullable, pathInHome, string, word } from './config-key.ts'
import { MAX_TIMER_MS, TIME_MS } from './time-ranges.ts'

/** The key of the frame limit, which others hang on. */
export const FRAME_LIMIT = 'com.rocketmq.remoting.frameMaxLength'

/** Most bytes that one piece of memory has, in the oldest Node that is supported. */
const MAX_BUFFER_BYTES = 4_294_967_296

/** Node ends a TLS handshake by itself after so many ms. */
const MAX_HANDSHAKE_MS = 120_000

function networksProblem(text: string): string | undefined {
  try {
    TrustedNetworks.of(text)
    return undefined
  } catch (error) {
    return (error as RangeError).message
  }
}

/** Keys that Java's NameServer does not have. */
export const OWN_CONFIG_KEYS = [
  word('serializeType', ['JSON', 'ROCKETMQ'], 'JSON', 'start', 'header form of commands sent', {
    alias: 'rocketmq.serialize.type',
    variable: 'ROCKETMQ_SERIALIZE_TYPE',
  }),
  int(
    'clientMaxConnections',
    1_000,
    'start',
    'connections that this server may open: brokers that are told of a new least id, product NameServers',
    { min: 1 },
  ),
  int(
    'clientMaxQueuedBytes',
    262_144,
    'start',
    'what may wait on each of them for a peer that is slow to take it; a thousand notifications',
    { unit: 'bytes', min: 1 },
  ),
  int(
    'clusterTestTimeoutMillis',
    3_000,
    'start',
    'time for a lookup in the product environment; requests behind it on the same connection wait so long',
    TIME_MS,
  ),
  int(
    'clusterTestMaxLookups',
    256,
    'start',
    'topics that may be looked up there at a time; beyond them the answer is SYSTEM_BUSY',
    { min: 1 },
  ),
  boolean(
    'sharedReadBuffer',
    true,
    'start',
    'read all plain connections into one buffer, by a part of Node that is not documented; false is slower',
  ),
  long('encodedRouteMaxBytes', 67_108_864, 'start', 'routes kept as they are sent; 0 keeps none', {
    unit: 'bytes',
    min: 0,
  }),
  long(
    'registrationMemoryMaxBytes',
    41_943_040,
    'start',
    'registrations kept to compare the next ones of their brokers with: those of ten brokers with 20,000 topics; 0 keeps none',
    { unit: 'bytes', min: 0 },
  ),
  word(
    'logLevel',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace'],
    'info',
    'start',
    'least important lines logged',
  ),
  word(
    'logFormat',
    ['auto', 'pretty', 'json'],
    'auto',
    'start',
    'form of the log; `auto` is `pretty` on a terminal, else `json`',
  ),
  string(
    'logPath',
    '',
    'start',
    'file to which the log is appended; its folder must exist; empty: stdout. SIGHUP opens it again, for logrotate',
    { place: 'path' },
  ),
  nullable(
    'proxyProtocolTrustedNetworks',
    'start',
    'networks whose PROXY headers are believed, such as `10.0.0.0/8, fd00::/8`; from elsewhere a header closes its ' +
      'connection; not set: all',
    { check: networksProblem },
  ),
  int(
    'tlsHandshakeTimeoutMillis',
    10_000,
    'start',
    'longest TLS handshake; it holds memory and no request yet (Netty has the same)',
    { unit: 'ms', min: 1, max: MAX_HANDSHAKE_MS },
  ),
  boolean(
    'tlsAllowWeakCertificates',
    false,
    'start',
    'accept certificates of peers that are signed with SHA-1 or MD5 or have short keys, where peers are verified ' +
      '(`tls.server.authClient`, `tls.client.authServer`); Java accepts SHA-1. Turn it on only until they are replaced',
  ),
  int(
    'maxHeaderBytes',
    262_144,
    'start',
    'longest header of a request; it is read in one go, and lookups wait meanwhile (a thousand times a usual one)',
    { unit: 'bytes', min: 1_024, max: 2_097_152 },
  ),
  int(
    'maxRequestBodyBytes',
    262_144,
    'start',
    'longest body of a request that is read in one go (217, 322); registrations are not among them',
    { unit: 'bytes', min: 1_024 },
  ),
  int(
    'maxConfigUpdateBytes',
    65_536,
    'start',
    'longest text of an update of the configuration; it is read in one go, and lookups wait meanwhile',
    { unit: 'bytes', min: 0 },
  ),
  int(
    'maxWaitingChanges',
    256,
    'start',
    'changes of the key-value table, and updates of the configuration, that may wait for the disk; beyond them the answer ' +
      'is SYSTEM_BUSY',
    { min: 1 },
  ),
  string(
    'routeSnapshotPath',
    {
      text: '`{user.home}/namesrv/routes-{listenPort}.snapshot`; none for port 0',
      of: (context) => {
        const port = context.value('listenPort')
        // Nobody finds a server again that takes another port at each start.
        return port === 0 ? '' : pathInHome(context, `routes-${port}.snapshot`)
      },
    },
    'start',
    'file of the routes, from which a restarted server answers until brokers have registered again; empty: none',
    { place: 'path' },
  ),
  int(
    'routeSnapshotIntervalMillis',
    10_000,
    'start',
    'time between two looks whether that file is to be written anew, because a route has changed',
    { unit: 'ms', min: 100, max: MAX_TIMER_MS },
  ),
  int(
    'routeSnapshotGraceMillis',
    120_000,
    'start',
    'time after the start in which a broker of that file must show itself; brokers register every 30 s, 60 s at most',
    TIME_MS,
  ),
  long(
    'routeSnapshotMaxAgeMillis',
    600_000,
    'start',
    'a file that was last known to be right longer ago is not used',
    { unit: 'ms', min: 1 },
  ),
  int(
    'registrationRoundMillis',
    30_000,
    'start',
    'after the process stood still, brokers whose connections were lost meanwhile have so long to register again ' +
      '(`registerNameServerPeriod` of the brokers)',
    { unit: 'ms', min: 0, max: MAX_TIMER_MS },
  ),
  boolean(
    'brokerProbe',
    false,
    'start',
    'connect to brokers whose heartbeats stop, and mark those that cannot be reached as suspect, in the log',
  ),
  int(
    'brokerProbeAfterPercent',
    50,
    'start',
    'part of its heartbeat timeout for which a broker must be silent to be probed; two registrations of four by default',
    { unit: '%', min: 1, max: 99 },
  ),
  int('brokerProbeTimeoutMillis', 3_000, 'start', 'time to connect to a broker that is probed', TIME_MS),
  boolean(
    'brokerProbeEvicts',
    false,
    'start',
    'take suspects out of the routes before their timeout, as long as at least half of the brokers are well',
  ),
  int(
    'maxConnections',
    50_000,
    'start',
    'open connections; one more is closed at once (five times ten thousand clients, each of which has one)',
    { min: 1 },
  ),
  int(
    'maxConnectionsPerAddress',
    20_000,
    'start',
    'the same for one address, that of the PROXY header if there is one, so that no single one takes all (ten thousand ' +
      'clients behind one NAT do not meet it); 0: no limit, for more behind a proxy that says nothing of their addresses',
    { min: 0 },
  ),
  long(
    'maxQueuedRequestBytes',
    536_870_912,
    'start',
    'held for requests, all connections together: half for those that are not whole (beyond it the one that has not got on ' +
      'for longest is closed), half for those that are worked on (beyond it a large one is answered SYSTEM_BUSY); a thousand ' +
      'registrations of a thousand topics at a time',
    { unit: 'bytes', min: 1_048_576 },
  ),
  long(
    'maxQueuedAnswerBytes',
    268_435_456,
    'start',
    'held for peers that do not read their answers, all connections together; beyond it the one that has taken nothing ' +
      'for longest is closed',
    { unit: 'bytes', min: 1_048_576 },
  ),
  long(
    'maxInflatedBytes',
    {
      text: 'four times `com.rocketmq.remoting.frameMaxLength` (67108864)',
      of: (context) => Math.min(4 * Number(context.value(FRAME_LIMIT)), MAX_BUFFER_BYTES),
    },
    'start',
    'what a compressed registration may inflate to; all that are worked on, four times that',
    { unit: 'bytes', min: 1, max: MAX_BUFFER_BYTES },
  ),
  int(
    'maxRegistrationsInFlight',
    1_000,
    'start',
    'registrations worked on at a time; beyond them the answer is SYSTEM_BUSY (a connection has one at most)',
    { min: 1 },
  ),
  int(
    'maxWaitingRequests',
    10_000,
    'start',
    'requests that may wait for the route tables; beyond them the answer is SYSTEM_BUSY (as long as a Java queue)',
    { min: 1 },
  ),
  int('maxBrokers', 10_000, 'start', 'brokers; a registration beyond them is refused and changes nothing', {
    min: 1,
  }),
  int(
    'maxTopics',
    1_000_000,
    'start',
    'topics of all brokers; a registration that would go beyond is refused and changes nothing',
    { min: 1 },
  ),
  int(
    'maxKVEntries',
    50_000,
    'start',
    'entries of the key-value table; one more is rejected (each change writes the whole file)',
    { min: 1 },
  ),
  long(
    'maxKVBytes',
    4_194_304,
    'start',
    'namespaces, keys and values together; the whole order configuration is in the answer to every registration',
    { unit: 'bytes', min: 1 },
  ),
  int(
    'overloadLagMillis',
    1_000,
    'live',
    'the event loop is so late three times in a row: lookups and lists are answered SYSTEM_BUSY until it is not; 0: never',
    { unit: 'ms', min: 0, max: MAX_TIMER_MS },
  ),
] as const
