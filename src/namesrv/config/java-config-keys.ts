import { bindAddressProblem } from './check-value.ts'
import {
  boolean,
  inHome,
  int,
  long,
  MAX_TIMER_MS,
  nullable,
  sameAs,
  string,
  TIME_MS,
  word,
} from './config-key.ts'

const SND_BUF = 'com.rocketmq.remoting.socket.sndbuf.size'
const RCV_BUF = 'com.rocketmq.remoting.socket.rcvbuf.size'
const HIGH_WATER_MARK = 'com.rocketmq.remoting.write.buffer.high.water.mark'
const LOW_WATER_MARK = 'com.rocketmq.remoting.write.buffer.low.water.mark'
const BACKLOG = 'com.rocketmq.remoting.socket.backlog'
const CLIENT_WORKERS = 'com.rocketmq.remoting.client.worker.size'
const CLIENT_ONEWAY = 'com.rocketmq.remoting.clientOnewaySemaphoreValue'
const CLIENT_ASYNC = 'com.rocketmq.remoting.clientAsyncSemaphoreValue'
const CLIENT_CONNECT_TIMEOUT = 'com.rocketmq.remoting.client.connect.timeout'
const CLIENT_MAX_IDLE = 'com.rocketmq.remoting.client.channel.maxIdleTimeSeconds'
const CLIENT_CLOSE_IF_TIMEOUT = 'com.rocketmq.remoting.client.closeSocketIfTimeout'

/** The key of the frame limit; `maxInflatedBytes` depends on it. */
export const FRAME_LIMIT = 'com.rocketmq.remoting.frameMaxLength'

const PATH = { names: 'path' } as const
const BYTES = { unit: 'bytes' } as const
/** Any client may update a key with this range, and make clients wait that long; brokers register at least once a minute. */
const SERVICE_WAIT = { unit: 's', min: 0, max: 600 } as const
/** A day: clients of RocketMQ send something every 30 seconds. */
const SERVER_IDLE = { unit: 's', min: 0, max: 86_400 } as const
/** As long as a timer of Node can be. */
const CLIENT_IDLE = { unit: 's', min: 0, max: 2_147_000 } as const

function controllerProblem(text: string): string | undefined {
  if (text !== 'true') return undefined
  return 'asks for a controller, which this server does not run: run "mqcontroller -c FILE" beside it and set the key to false'
}

/** The fields of Java's NamesrvConfig. As the lists after it, in Java's order of declaration, which is the order of printing. */
export const NAMESRV_KEYS = [
  nullable('rocketmqHome', { alias: 'rocketmq.home.dir', variable: 'ROCKETMQ_HOME', ...PATH }).atStart(
    'Installation folder of RocketMQ. Only reported here; no file in it is read.',
    'It need not be set.',
  ),
  string('kvConfigPath', inHome('kvConfig.json'), { required: true, ...PATH }).atStart(
    'File of the key-value table, read at the start and written at each change.',
    'Change it to keep the file elsewhere, such as on a mounted volume.',
  ),
  string('configStorePath', inHome('namesrv.properties'), { required: true, ...PATH }).atStart(
    'File to which an update of the configuration is written; with `-c` it is that file. Without `-c` nothing is written unless this key is set.',
    'Set it to keep updates of a server that starts without `-c`; a start with `-c` reads them.',
  ),
  string('productEnvName', 'center').atStart(
    "Name of the product environment in cluster-test mode; part of the address server's URL. Used only with `clusterTest=true`.",
    'Set it to the name that your address server has for that environment.',
  ),
  boolean('clusterTest', false).atStart(
    'Cluster-test mode: looks up topics that are unknown here in a product environment.',
    'Turn it on in test clusters only.',
  ),
  boolean('orderMessageEnable', false).live(
    "Adds a topic's order configuration to its route.",
    'Turn it on if producers send ordered messages with a configuration in the key-value table.',
  ),
  boolean('returnOrderTopicConfigToBroker', true).live(
    'Sends the order configuration to brokers in the response to each registration.',
    'Turn it off to save traffic where no order configuration is used.',
  ),
  int('clientRequestThreadPoolNums', 8).unused('threads for route lookups.'),
  int('defaultThreadPoolNums', 16).unused('threads for all other requests.'),
  int('clientRequestThreadPoolQueueCapacity', 50_000).unused('max route lookups waiting for a thread.'),
  int('defaultThreadPoolQueueCapacity', 10_000).unused('max other requests waiting for a thread.'),
  long('scanNotActiveBrokerInterval', 10_000, { unit: 'ms', min: 1, max: MAX_TIMER_MS }).atStart(
    'Milliseconds between two scans for inactive brokers, and before the first; 5000 is the default in Java.',
    'Lower it to remove inactive brokers sooner after their timeout.',
  ),
  int('unRegisterBrokerQueueCapacity', 3_000, { min: 1 }).atStart(
    'Max unregistrations waiting to be applied, of one address at most half; beyond it an unregistration is rejected, and the broker is removed when its connection closes.',
    'Raise it if more brokers than this are stopped at once.',
  ),
  boolean('supportActingMaster', false).live(
    'Lets the slave with the min broker id act as master in routes while the master is lost.',
    'Turn it on for brokers with `enableSlaveActingMaster=true`, which need it.',
  ),
  boolean('enableAllTopicList', true).live(
    'Serves requests for the list of all topics (206).',
    'Turn it off if polling tools make the list expensive.',
  ),
  boolean('enableTopicList', true).live(
    'Serves requests for the topics of a cluster (224) and for unit topics (311, 312, 313).',
    'Turn it off if polling tools make them expensive.',
  ),
  boolean('notifyMinBrokerIdChanged', false).live(
    'Notifies the brokers of a group when its min broker id changes.',
    'Turn it on with `supportActingMaster`, so that slaves learn of a lost master at once.',
  ),
  boolean('enableControllerInNamesrv', false, { check: controllerProblem }).unused(
    'runs a controller inside the NameServer. `true` stops the start: run `mqcontroller` beside this server.',
  ),
  boolean('needWaitForService', false).live(
    'Rejects route lookups for `waitSecondsForService` after the start, even if all brokers have registered: running clients keep complete routes meanwhile, and clients that start find none.',
    'Turn it on if the server starts without a route snapshot (`routeSnapshotPath`) while clients run.',
  ),
  int('waitSecondsForService', 45, SERVICE_WAIT).live(
    'Seconds after the start during which route lookups are rejected, if `needWaitForService` is on; 0 rejects none.',
    'Set it above the `registerNameServerPeriod` of the brokers.',
  ),
  boolean('deleteTopicWithBrokerRegistration', false).live(
    "Removes a broker's topics that its registration no longer contains.",
    'Turn it on if brokers delete topics while this server cannot be reached.',
  ),
  string('configBlackList', 'configBlackList;configStorePath;kvConfigPath').atStart(
    'Keys, separated by `;`, that an update of the configuration must not name, besides those that no update may set; empty adds none.',
    'Set it to keys that only the file may set, such as `enableTopicList`.',
  ),
] as const

/** The fields of Java's NettyServerConfig. */
export const NETTY_SERVER_KEYS = [
  string('bindAddress', '0.0.0.0', { required: true, names: 'host', check: bindAddressProblem }).atStart(
    'Address to listen on: a host name, IPv4 or IPv6 (`::1` or `[::1]`).',
    'Set it to one interface to keep the port off the others.',
  ),
  int('listenPort', 9_876, { min: 0, max: 65_535 }).atStart(
    'TCP port to listen on; 0 takes any free port.',
    'Change it if the port is in use, and `namesrvAddr` of brokers and clients with it.',
  ),
  int('serverWorkerThreads', 8).unused('threads that decode requests.'),
  int('serverCallbackExecutorThreads', 0).unused('threads for callbacks; 0 for 4.'),
  int('serverSelectorThreads', 3).unused('threads that read and write sockets.'),
  int('serverOnewaySemaphoreValue', 256).unused('max oneway requests sent at a time.'),
  int('serverAsyncSemaphoreValue', 64).unused('max asynchronous requests sent at a time.'),
  int('serverChannelMaxIdleTimeSeconds', 120, SERVER_IDLE).perConnection(
    'Seconds without data after which a connection of a client or a broker is closed; 0 closes none. A broker whose connection closes is removed.',
    'It need not change: clients and brokers send something every 30 seconds, or every 60 at most. Keep it above that.',
  ),
  int('serverSocketSndBufSize', sameAs(SND_BUF, 0), BYTES).unused('send buffer of an accepted socket.'),
  int('serverSocketRcvBufSize', sameAs(RCV_BUF, 0), BYTES).unused('receive buffer of an accepted socket.'),
  int('writeBufferHighWaterMark', sameAs(HIGH_WATER_MARK, 0), BYTES).unused(
    'high water mark of unsent bytes.',
  ),
  int('writeBufferLowWaterMark', sameAs(LOW_WATER_MARK, 0), BYTES).unused('low water mark of unsent bytes.'),
  int('serverSocketBacklog', sameAs(BACKLOG, 1_024)).unused(
    'declared, but not used; the backlog is always 1024.',
  ),
  boolean('serverNettyWorkerGroupEnable', true).unused('decodes requests on threads of their own.'),
  boolean('serverPooledByteBufAllocatorEnable', true).unused('pools buffers.'),
  boolean('enableShutdownGracefully', false).live(
    'At a shutdown first tells clients and brokers of RocketMQ 5.3.2 and newer to reconnect (`GO_AWAY`), for up to `shutdownWaitTimeSeconds`.',
    'Turn it on where several NameServers share one address.',
  ),
  int('shutdownWaitTimeSeconds', 30, SERVICE_WAIT).live(
    'Max seconds that a shutdown waits for clients to leave, if `enableShutdownGracefully` is on; 0 waits for none.',
    'Lower it if the service manager ends the process sooner: a shutdown takes up to 15 seconds more.',
  ),
  boolean('useEpollNativeSelector', false).unused('uses epoll through JNI.'),
] as const

/** The fields of Java's NettyClientConfig but {@link SHARED_WITH_NETTY_CLIENT}. */
export const NETTY_CLIENT_KEYS = [
  int('clientWorkerThreads', sameAs(CLIENT_WORKERS, 4)).unused('threads that encode and decode.'),
  int('clientCallbackExecutorThreads', {
    text: 'number of processors',
    of: (context) => context.processors,
  }).unused('threads for callbacks.'),
  int('clientOnewaySemaphoreValue', sameAs(CLIENT_ONEWAY, 65_535), { min: 1 }).atStart(
    'Max oneway requests of this server (notifications of a new min broker id) waiting to be sent; more are dropped and counted.',
    'The default is enough for any cluster.',
  ),
  int('clientAsyncSemaphoreValue', sameAs(CLIENT_ASYNC, 65_535), { min: 1 }).atStart(
    'Max requests of this server (lookups in the product environment) waiting for a response; more fail.',
    'The default is enough: `clusterTestMaxLookups` is lower.',
  ),
  int('connectTimeoutMillis', sameAs(CLIENT_CONNECT_TIMEOUT, 3_000), TIME_MS).atStart(
    'Milliseconds that an outgoing connection may take to open.',
    'Raise it for brokers behind slow networks.',
  ),
  long('channelNotActiveInterval', 60_000, { unit: 'ms' }).unused('declared, but not used.'),
  boolean('scanAvailableNameSrv', true).unused('scans for NameServers that respond.'),
  int('clientChannelMaxIdleTimeSeconds', sameAs(CLIENT_MAX_IDLE, 120), CLIENT_IDLE).atStart(
    'Seconds without data after which an outgoing connection is closed; 0 closes none.',
    'It is opened again when needed, so this need not change.',
  ),
  int('clientSocketSndBufSize', sameAs(SND_BUF, 0), BYTES).unused('send buffer of an outgoing socket.'),
  int('clientSocketRcvBufSize', sameAs(RCV_BUF, 0), BYTES).unused('receive buffer of an outgoing socket.'),
  boolean('clientPooledByteBufAllocatorEnable', false).unused('pools buffers.'),
  boolean('clientCloseSocketIfTimeout', sameAs(CLIENT_CLOSE_IF_TIMEOUT, true)).atStart(
    'Closes an outgoing connection when a response on it times out, so that the next request opens a new one.',
    'It need not change.',
  ),
  boolean('useTLS', {
    text: '`tls.enable`; if that is not set, whether `tls.server.mode` is `enforcing`',
    of: (context) => {
      const enabled = context.value('tls.enable')
      if (enabled === undefined) return context.value('tls.server.mode') === 'enforcing'
      return String(enabled).toLowerCase() === 'true'
    },
  }).atStart('Uses TLS on outgoing connections.', 'Turn it on if brokers accept only TLS.'),
  string('socksProxyConfig', '{}', { secret: true }).unused(
    'SOCKS proxies by address, as JSON. It may hold passwords and is shown as `******`.',
  ),
  boolean('disableCallbackExecutor', false).unused('runs callbacks on the thread that reads.'),
  boolean('disableNettyWorkerGroup', false).unused('decodes on the thread that reads.'),
  long('maxReconnectIntervalTimeSeconds', 60, { unit: 's' }).unused('time between two attempts to connect.'),
  boolean('enableReconnectForGoAway', true).unused('reconnects on `GO_AWAY`.'),
] as const

/** The JVM's system properties that Java's NameServer reads. */
export const SYSTEM_KEYS = [
  string(
    'user.home',
    { text: 'home directory of the user', of: (context) => context.homeDirectory },
    { required: true, ...PATH },
  ).atStart(
    'Folder that holds `namesrv/`, the default folder of `kvConfigPath`, `configStorePath` and `routeSnapshotPath`.',
    'Set it if the user has no home directory, or to keep the files of several servers apart.',
  ),
  int(FRAME_LIMIT, 16_777_216, { ...BYTES, min: 8 }).atStart(
    'Max bytes of a frame, its length word included; a longer one closes the connection.',
    'Raise it, as on the brokers, if a broker registers more topics than fit.',
  ),
  boolean('com.rocketmq.remoting.nettyPooledByteBufAllocatorEnable', false).unused('pools buffers.'),
  int(SND_BUF, 0, BYTES).unused('send buffer of a socket; 0 leaves it to the system.'),
  int(RCV_BUF, 0, BYTES).unused('receive buffer of a socket; 0 leaves it to the system.'),
  int(BACKLOG, 1_024).unused('connections waiting for accept.'),
  int(HIGH_WATER_MARK, 0, BYTES).unused('high water mark of unsent bytes; 0 for the default of Netty.'),
  int(LOW_WATER_MARK, 0, BYTES).unused('low water mark of unsent bytes; 0 for the default of Netty.'),
  int(CLIENT_ASYNC, 65_535, { min: 1 }).atStart(
    'Default of `clientAsyncSemaphoreValue`.',
    'Set that key instead.',
  ),
  int(CLIENT_ONEWAY, 65_535, { min: 1 }).atStart(
    'Default of `clientOnewaySemaphoreValue`.',
    'Set that key instead.',
  ),
  int(CLIENT_WORKERS, 4).unused('default of `clientWorkerThreads`.'),
  int(CLIENT_CONNECT_TIMEOUT, 3_000, TIME_MS).atStart(
    'Default of `connectTimeoutMillis`, in milliseconds.',
    'Set that key instead.',
  ),
  int(CLIENT_MAX_IDLE, 120, CLIENT_IDLE).atStart(
    'Default of `clientChannelMaxIdleTimeSeconds`, in seconds; 0 closes none.',
    'Set that key instead.',
  ),
  boolean(CLIENT_CLOSE_IF_TIMEOUT, true).atStart(
    'Default of `clientCloseSocketIfTimeout`.',
    'Set that key instead.',
  ),
  word('serializeType', ['JSON', 'ROCKETMQ'], 'JSON', {
    alias: 'rocketmq.serialize.type',
    variable: 'ROCKETMQ_SERIALIZE_TYPE',
  }).atStart(
    'Encoding of the headers that this server sends. Every client and broker reads both; `ROCKETMQ` is more compact, and `JSON` is easier to read in a packet capture.',
    'Set `ROCKETMQ` if the network is slow.',
  ),
  nullable('rocketmq.namesrv.addr', { variable: 'NAMESRV_ADDR', names: 'hosts' }).atStart(
    'NameServers of the product environment, `host:port;host:port`; if not set, they are fetched from the address server (`rocketmq.namesrv.domain`). Used only with `clusterTest=true`.',
    'Set it in cluster-test mode if there is no address server.',
  ),
  string('rocketmq.namesrv.domain', 'jmenv.tbsite.net', { names: 'host' }).atStart(
    'Address server, `host:port` or a host, whose port is then 8080. Used only with `clusterTest=true` and without `rocketmq.namesrv.addr`.',
    'Set it to your address server: nothing can be fetched from the default.',
  ),
  string('rocketmq.namesrv.domain.subgroup', 'nsaddr').atStart(
    "Page of the address server: the URL's path is `/rocketmq/<this>-<productEnvName>`.",
    'Set it if your address server has another page.',
  ),
  word('tls.server.mode', ['permissive', 'disabled', 'enforcing'], 'permissive', { exact: true }).atStart(
    'TLS on the listening port: `permissive` accepts TLS and plaintext, `enforcing` only TLS, `disabled` only plaintext.',
    'Use `enforcing` with `tls.test.mode.enable=false` for protection.',
  ),
  nullable('tls.enable', {
    exact: true,
    // Any other word is false to Java, and so is this one with spaces.
    check: (text) => (/^(?:true\s+|\s+true\s*)$/i.test(text) ? 'must be true or false' : undefined),
  }).atStart(
    'Uses TLS on outgoing connections, unless `useTLS` is set; not set: TLS if `tls.server.mode` is `enforcing`.',
    'Set `useTLS` instead.',
  ),
  string('tls.config.file', '/etc/rocketmq/tls.properties', PATH).atStart(
    'A `.properties` file whose `tls.` keys override all other layers. It may be missing; if it exists, it must be readable.',
    'Change it if the file is elsewhere, or to share a machine with other programs of RocketMQ that read the default.',
  ),
  boolean('tls.test.mode.enable', true).atStart(
    'TLS test mode: the server uses a self-signed certificate, and no peer is verified. Traffic is encrypted, but no identity is authenticated.',
    'Turn it off in production.',
  ),
  string('tls.server.need.client.auth', 'none', {
    exact: true,
    check: (text) =>
      /^(?:none|optional|require)$/i.test(text) ? undefined : 'must be one of none, optional, require',
  }).atStart(
    'Whether a client must present a certificate: `none` (not asked), `optional` or `require`. Whether it is verified is up to `tls.server.authClient`.',
    'Set it to `require`, with `tls.server.authClient`, once all clients and brokers have certificates; to `optional` until then.',
  ),
  nullable('tls.server.keyPath', PATH).atStart(
    "File of the server's private key, PKCS#8 PEM.",
    'Needed unless in test mode.',
  ),
  nullable('tls.server.keyPassword', { secret: true }).atStart(
    'Password of the private key in `tls.server.keyPath`; not set or empty: the key is not encrypted.',
    'Set it if that key is encrypted.',
  ),
  nullable('tls.server.certPath', PATH).atStart(
    "File of the server's certificate chain, PEM, its own certificate first.",
    'Needed unless in test mode.',
  ),
  boolean('tls.server.authClient', false).atStart(
    'Verifies client certificates against `tls.server.trustCertPath`; if off, any certificate is accepted. Needs `tls.server.need.client.auth` to have an effect.',
    'Turn it on wherever client certificates are asked for.',
  ),
  nullable('tls.server.trustCertPath', PATH).atStart(
    'File of the CA certificates that client certificates must chain to, PEM; not set: the root certificates of Node.js.',
    'Set it with `tls.server.authClient`: a public authority proves no identity to the rules of `accessFile`.',
  ),
  nullable('tls.client.keyPath', PATH).atStart(
    'File of the private key for outgoing TLS connections, PKCS#8 PEM; not set: no client certificate is presented.',
    'Set it, with `tls.client.certPath`, if brokers ask for a certificate.',
  ),
  nullable('tls.client.keyPassword', { secret: true }).atStart(
    'Password of the private key in `tls.client.keyPath`; not set or empty: the key is not encrypted.',
    'Set it if that key is encrypted.',
  ),
  nullable('tls.client.certPath', PATH).atStart(
    'File of the certificate chain for outgoing TLS connections, PEM; not set: no client certificate is presented.',
    'Set it, with `tls.client.keyPath`, if brokers ask for a certificate.',
  ),
  boolean('tls.client.authServer', false).atStart(
    'Verifies the certificates of brokers and product NameServers against `tls.client.trustCertPath`; if off, any certificate is accepted.',
    'Turn it on with `useTLS` if those certificates come from an authority of your own.',
  ),
  nullable('tls.client.trustCertPath', PATH).atStart(
    'File of the CA certificates that server certificates must chain to, PEM; not set: the root certificates of Node.js.',
    'Set it with `tls.client.authServer`.',
  ),
  nullable('tls.ciphers').atStart(
    "Cipher suites to offer, by Java's or OpenSSL's names, separated by commas, colons or spaces; not set: the default of Node.js.",
    'Set it if your rules name the suites that are allowed.',
  ),
  nullable('tls.protocols').atStart(
    'TLS versions to offer: `TLSv1.2`, `TLSv1.3` or both, separated by commas, colons or spaces; not set: both.',
    'Set it to `TLSv1.3` when no client needs TLS 1.2.',
  ),
] as const

/**
 * Fields of Java's NettyClientConfig that it shares by name with NettyServerConfig, and the field after which it declares them:
 * one key sets both.
 */
export const SHARED_WITH_NETTY_CLIENT = {
  after: 'socksProxyConfig',
  names: ['writeBufferHighWaterMark', 'writeBufferLowWaterMark'],
} as const

/**
 * Whether only Java's controller reads a key. A NameServer's file has such keys if it runs a controller or shares the file with one.
 * @see ControllerConfig and JraftConfig of RocketMQ 5.5.0
 */
export function isControllerKey(name: string): boolean {
  return /^(?:controller|metrics?|j[Rr]aft)[A-Z]/.test(name) || OTHER_CONTROLLER_KEYS.includes(name)
}

const OTHER_CONTROLLER_KEYS: readonly string[] = [
  'mappedFileSize',
  'electMasterMaxRetryCount',
  'enableElectUncleanMaster',
  'isProcessReadEvent',
  'processReadEvent',
  'notifyBrokerRoleChanged',
  'scanInactiveMasterInterval',
]
