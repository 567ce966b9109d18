import { PROFILES } from '../../access/policy.ts'
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
import { INSPECT_KEYS } from './inspect-config-keys.ts'
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
  int('clientMaxConnections', 1_000, { min: 1 }).atStart(
    'Max outgoing connections, to brokers (notifications of a new min broker id) and to product NameServers; never more than an eighth of the open-file limit.',
    'Raise it, and that limit if needed, for more brokers than this with `notifyMinBrokerIdChanged`.',
  ),
  int('clientMaxQueuedBytes', 262_144, { unit: 'bytes', min: 1 }).atStart(
    'Max unsent bytes on each outgoing connection; more is dropped and counted. The default holds about a thousand notifications.',
    'Raise it if some are dropped.',
  ),
  int('clusterTestTimeoutMillis', 3_000, TIME_MS).atStart(
    'Milliseconds that a lookup in the product environment may take (`clusterTest`); later requests of the same connection wait for it.',
    'Raise it for a distant product environment.',
  ),
  int('clusterTestMaxLookups', 256, { min: 1 }).atStart(
    'Max topics being looked up in the product environment at a time (`clusterTest`); beyond it the response is SYSTEM_BUSY.',
    'Raise it if test clients start with more topics than this.',
  ),
  boolean('sharedReadBuffer', true).atStart(
    'Reads all plaintext connections into one buffer, through an undocumented part of Node.js.',
    'Turn it off, at a cost in speed, only if reads fail after an upgrade of Node.js.',
  ),
  long('encodedRouteMaxBytes', 67_108_864, { unit: 'bytes', min: 0 }).atStart(
    'Max bytes of memory for routes that are kept encoded, so that a lookup need not encode its route again; 0 keeps none, and lookups are slower.',
    'Raise it if the routes in use need more.',
  ),
  long('registrationMemoryMaxBytes', 67_108_864, { unit: 'bytes', min: 0 }).atStart(
    'Max bytes of memory for the last registrations of brokers, so that an unchanged one need not be read again; 0 keeps none, and registrations use more CPU time. The default holds ten brokers of 20,000 topics.',
    'Raise it for more brokers or topics.',
  ),
  word('logLevel', ['fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'info').atStart(
    'Lowest level of the lines that are logged.',
    'Use `debug` to see every key of the configuration at the start.',
  ),
  word('logFormat', ['auto', 'pretty', 'json'], 'auto').atStart(
    'Format of the log: `pretty` for people, `json` for tools, `auto` for `pretty` on a terminal, where the start is five lines and warnings, and `json` elsewhere.',
    'Set `pretty` to see the whole start on a terminal.',
  ),
  string('logPath', '', { names: 'path' }).atStart(
    'File to which the log is appended, in an existing folder; empty: stdout. SIGHUP opens it again after a rotation.',
    'Set it where nothing collects stdout, as journald and container platforms do.',
  ),
  string('auditLogPath', '', { names: 'path' }).atStart(
    'File to which the audit log is appended, in an existing folder: a line of JSON for each change by a request, and for each rejection; empty: none. SIGHUP opens it again after a rotation. A file that cannot be written does not stop the server.',
    'Set it if you must be able to tell who changed what.',
  ),
  nullable('proxyProtocolTrustedNetworks', { check: networksProblem }).atStart(
    'Networks whose PROXY headers are trusted, such as `10.0.0.0/8, fd00::/8`; a header from elsewhere closes its connection. Not set: all are trusted.',
    'Set it if clients can reach the port directly.',
  ),
  string('accessFile', '', { names: 'path' }).atStart(
    'YAML file that says who may do what: accounts, networks and rules, or a `plain_acl.yml`; empty: none, and `accessProfile` decides. Read again when it, or a file with a secret that it names, has changed, and on SIGHUP; a file that cannot be used changes nothing.',
    'Set it when clients, brokers or operators get accounts, or networks get rules.',
  ),
  word('accessProfile', PROFILES, 'default').atStart(
    'Ready-made rules for a start without `accessFile`, or with one that has no `profile`. `open`: everyone may do everything, as with Java; `default`: but only admins and this machine may change the configuration (318), close connections and read views; `guarded`: only they may delete topics and change permissions and key-value entries, too; `strict`: nothing without a rule.',
    'Set `guarded` if clients share the network with people who must not change the cluster.',
  ),
  string('notifyAccessKey', '').atStart(
    'Access key of the account of `accessFile` that signs the notifications sent to brokers (`notifyMinBrokerIdChanged`); empty: they are not signed, as with Java. Only groups whose members all have proven an account or a certificate are sent it.',
    'Set it if brokers have `authenticationEnabled`, to an account that they know and that nothing else uses: the signature reaches brokers, which could send it back, so it proves nothing to this server.',
  ),
  int('tlsHandshakeTimeoutMillis', 10_000, { unit: 'ms', min: 1, max: MAX_HANDSHAKE_MS }).atStart(
    'Milliseconds that a TLS handshake may take before its connection is closed.',
    'Raise it for clients on slow links.',
  ),
  boolean('tlsAllowWeakCertificates', false).atStart(
    'Accepts weak certificates of verified peers (`tls.server.authClient`, `tls.client.authServer`): signed with SHA-1 or MD5, or RSA keys under 2048 bits. Java accepts SHA-1.',
    'Turn it on only until they are replaced.',
  ),
  int('maxHeaderBytes', 262_144, { unit: 'bytes', min: 1_024, max: 2_097_152 }).atStart(
    'Max bytes of a request header; a longer one closes the connection.',
    'Headers are usually a few hundred bytes, so this need not change.',
  ),
  int('maxRequestBodyBytes', 262_144, { unit: 'bytes', min: 1_024 }).atStart(
    'Max bytes of the body of a request that is processed in one step (217, 322); a longer one is rejected. Registrations are not affected.',
    'Raise it if a legitimate client is rejected.',
  ),
  int('maxConfigUpdateBytes', 65_536, { unit: 'bytes', min: 0 }).atStart(
    'Max bytes of an update of the configuration (318); a longer one is rejected.',
    'An update has a few keys, so this need not be raised; set it to 0 to reject every update.',
  ),
  int('maxWaitingChanges', 256, { min: 1 }).atStart(
    'Max changes of the key-value table, and of the configuration, that wait for the disk; beyond it the response is SYSTEM_BUSY. One address may have at most half; loopback, accounts and certificates are exempt.',
    'Raise it if a tool makes more changes at a time.',
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
    'File of the route snapshot, from which a restarted server serves routes until brokers have registered again; empty: none, and the server starts without routes, as with Java.',
    'Change it to keep the file elsewhere, such as on a mounted volume.',
  ),
  int('routeSnapshotIntervalMillis', 10_000, { unit: 'ms', min: 100, max: MAX_TIMER_MS }).atStart(
    'Milliseconds between two writes of the route snapshot, each only if a route has changed or restored brokers have not registered yet.',
    'Raise it if the disk is slow.',
  ),
  int('routeSnapshotGraceMillis', 120_000, TIME_MS).atStart(
    'Grace period after the start, in milliseconds: a broker of the route snapshot that has neither registered nor sent a heartbeat when it ends is removed.',
    'Set it to at least twice the `registerNameServerPeriod` of the brokers, which is 30 seconds by default and 60 at most.',
  ),
  long('routeSnapshotMaxAgeMillis', 600_000, { unit: 'ms', min: 1 }).atStart(
    'Max age of the route snapshot at the start, in milliseconds; an older one is not used.',
    'Raise it if the server may be stopped for longer than this.',
  ),
  int('registrationRoundMillis', 30_000, { unit: 'ms', min: 0, max: MAX_TIMER_MS }).atStart(
    'Milliseconds that brokers whose connections closed while the process was paused have to register again; 0 removes them at once.',
    'Set it to the `registerNameServerPeriod` of the brokers.',
  ),
  boolean('brokerProbe', false).atStart(
    'Connects to brokers that send no heartbeats, and logs those that cannot be reached, before their heartbeat timeout (120 s by default).',
    'Turn it on if this server can reach the addresses of the brokers.',
  ),
  int('brokerProbeAfterPercent', 50, { unit: '%', min: 1, max: 99 }).atStart(
    "Percentage of a broker's heartbeat timeout after which a broker without heartbeats is probed (`brokerProbe`). The default is 60 of 120 s, two missed heartbeats.",
    'Lower it to notice an unreachable broker sooner.',
  ),
  int('brokerProbeTimeoutMillis', 3_000, TIME_MS).atStart(
    'Milliseconds that a probe may take to connect (`brokerProbe`); a broker that takes longer counts as unreachable.',
    'Raise it for brokers behind slow networks.',
  ),
  boolean('brokerProbeEvicts', false).atStart(
    'Removes unreachable brokers from routes before their heartbeat timeout (`brokerProbe`), as long as at least half of the brokers send heartbeats.',
    'Turn it on if clients must stop using such a broker sooner.',
  ),
  int('maxConnections', 50_000, { min: 1 }).atStart(
    'Max open connections of clients and brokers; further ones are closed at once.',
    'Raise it, together with the open-file limit of the process, for more clients and brokers than this: each has one.',
  ),
  int('maxConnectionsPerAddress', 20_000, { min: 0 }).atStart(
    'Max open connections of one address, taken from the PROXY header if there is one; further ones are closed at once. 0: no limit.',
    'Raise it, or set it to 0, for a proxy or NAT with more clients behind it.',
  ),
  long('maxQueuedRequestBytes', 536_870_912, { unit: 'bytes', min: 1_048_576 }).atStart(
    'Max bytes held for requests of all connections: half for incomplete ones (beyond it, of the connections that hold much, the one longest without progress is closed), half for those being processed (beyond it a large one gets SYSTEM_BUSY).',
    'Raise it if large registrations of many brokers come together; lower it if memory is short.',
  ),
  long('maxQueuedAnswerBytes', 268_435_456, { unit: 'bytes', min: 1_048_576 }).atStart(
    'Max bytes of responses that peers have not read, of all connections; beyond it, of those that hold much, the one longest without progress is closed.',
    'Raise it if many slow clients ask for long lists; lower it if memory is short.',
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
    'Raise it if that happens to a legitimate broker.',
  ),
  int('maxRegistrationsInFlight', 4_000, { min: 1 }).atStart(
    'Max registrations in progress, one for each connection; beyond it the response is SYSTEM_BUSY, and the broker retries with its next registration. One address may have at most half, as with maxBrokers.',
    'Raise it for more brokers than this.',
  ),
  int('maxWaitingRequests', 10_000, { min: 1 }).atStart(
    'Max requests waiting for the route tables; beyond it the response is SYSTEM_BUSY. One address may have at most half; loopback is exempt. The default is that of a request queue in Java.',
    'Raise it if requests are rejected while large registrations are applied.',
  ),
  int('maxBrokers', 10_000, { min: 1 }).atStart(
    'Max registered brokers, masters and slaves; the registration of one more is rejected and changes nothing, unless that broker was registered before. One address may have as many as are left for others, at most half; loopback, and accounts, certificates and named networks of the access file, are exempt.',
    'Raise it for a larger cluster.',
  ),
  int('maxTopics', 1_000_000, { min: 1 }).atStart(
    'Max topics of all brokers together, by name; a registration that would exceed it is rejected and changes nothing, unless a broker brings back those it had. Topics that only brokers of one address have may be as many as are left for others, as with maxBrokers.',
    'Raise it for a larger cluster, with memory for the routes.',
  ),
  int('maxKVEntries', 50_000, { min: 1 }).atStart(
    'Max entries of the key-value table; one more is rejected. One address may have as many as are left for others, at most half, besides those in the file at the start; loopback, accounts and certificates are exempt.',
    'Raise it only if needed: each change writes the whole file, which takes longer the more entries there are.',
  ),
  long('maxKVBytes', 4_194_304, { unit: 'bytes', min: 1 }).atStart(
    'Max bytes of all namespaces, keys and values of the key-value table; a change that would exceed it is rejected. One address may use at most half, as with maxKVEntries.',
    'Raise it only if needed: the order configuration in it is part of every registration response.',
  ),
  word('registrationGuard', ['off', 'log', 'refuse'], 'log').atStart(
    'What happens to a request that takes over, keeps or removes a live broker of another owner, or registers what no broker should: `off`, it is carried out, as with Java; `log`, it is carried out and reported; `refuse`, it is rejected. The owner is the account or certificate that a broker registers with, otherwise its IP address. `guard.takeOver` in the access file overrides it.',
    'Use `refuse` where brokers have accounts or certificates, or keep their addresses.',
  ),
  long('maxHeartbeatTimeoutMillis', 600_000, { unit: 'ms', min: 1 }).atStart(
    'Max milliseconds of the heartbeat timeout that a broker may ask for (`registrationGuard`), so that none stays in the routes without heartbeats. Brokers ask for 10 seconds (`brokerNotActiveTimeoutMillis`) with acting masters, otherwise for none. `guard.maxHeartbeatTimeoutMillis` in the access file overrides it.',
    'Raise it if your brokers ask for more.',
  ),
  int('overloadLagMillis', 1_000, { unit: 'ms', min: 0, max: MAX_TIMER_MS }).atStart(
    'Milliseconds of event-loop delay, three times in a row, that count as an overload: lists of topics and brokers then get SYSTEM_BUSY until it is over. 0 disables this.',
    'Raise it if a slow machine rejects lists needlessly.',
  ),
  ...INSPECT_KEYS,
] as const
