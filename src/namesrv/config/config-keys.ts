import {
  boolean,
  type ConfigKey,
  type ConfigOwner,
  inHome,
  int,
  long,
  nullable,
  type OwnedConfigKey,
  sameAs,
  string,
  word,
} from './config-key.ts'

/** Longest delay of a timer, in ms; Node would fire a longer one at once. */
const MAX_TIMER_MS = 2_147_483_647
/** In seconds, with room for what a shutdown adds. */
const MAX_TIMER_SECONDS = 2_147_000

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

/** In Java's order of declaration, as the tables after it: it is the order in which they are printed. */
const NAMESRV = [
  nullable('rocketmqHome', 'start', 'installation folder; reported, and needed for nothing here', {
    alias: 'rocketmq.home.dir',
    variable: 'ROCKETMQ_HOME',
  }),
  string('kvConfigPath', inHome('kvConfig.json'), 'start', 'file of the key-value table', { required: true }),
  string(
    'configStorePath',
    inHome('namesrv.properties'),
    'start',
    'file to which an update is written; the file of `-c`, if given',
    { required: true },
  ),
  string('productEnvName', 'center', 'none', 'environment name of the cluster-test mode'),
  boolean('clusterTest', false, 'none', 'cluster-test mode', {
    absent: { value: 'true', what: 'the cluster-test mode', refuse: false },
  }),
  boolean('orderMessageEnable', false, 'live', 'put the order configuration of a topic into its route'),
  boolean(
    'returnOrderTopicConfigToBroker',
    true,
    'live',
    'answer a registration with the order configuration',
  ),
  int('clientRequestThreadPoolNums', 8, 'none', 'threads for route lookups'),
  int('defaultThreadPoolNums', 16, 'none', 'threads for all other requests'),
  int('clientRequestThreadPoolQueueCapacity', 50_000, 'none', 'waiting route lookups'),
  int('defaultThreadPoolQueueCapacity', 10_000, 'none', 'other waiting requests'),
  long(
    'scanNotActiveBrokerInterval',
    10_000,
    'start',
    'time between two searches for silent brokers, and before the first (Java: 5000)',
    { unit: 'ms', min: 1, max: MAX_TIMER_MS },
  ),
  int('unRegisterBrokerQueueCapacity', 3_000, 'start', 'unregistrations that may wait', { min: 1 }),
  boolean('supportActingMaster', false, 'live', 'let a slave stand in for a lost master in routes'),
  boolean('enableAllTopicList', true, 'live', 'answer requests for the list of all topics'),
  boolean('enableTopicList', true, 'live', 'answer requests for the topics of a cluster or of a kind'),
  boolean('notifyMinBrokerIdChanged', false, 'live', 'tell brokers of a new least broker id'),
  boolean('enableControllerInNamesrv', false, 'none', 'run a controller in the NameServer', {
    absent: { value: 'true', what: 'the controller', refuse: false },
  }),
  boolean('needWaitForService', false, 'live', 'refuse route lookups for a while after the start'),
  int('waitSecondsForService', 45, 'live', 'how long', { unit: 's', min: 0, max: MAX_TIMER_SECONDS }),
  boolean('deleteTopicWithBrokerRegistration', false, 'live', 'a registration removes the topics it lacks'),
  string(
    'configBlackList',
    'configBlackList;configStorePath;kvConfigPath',
    'start',
    'keys an update must not name, separated by `;`; these and `rocketmqHome` are always among them',
  ),
] as const

const NETTY_SERVER = [
  string('bindAddress', '0.0.0.0', 'start', 'address to listen on: a host name, IPv4 or IPv6', {
    required: true,
  }),
  int('listenPort', 9_876, 'start', 'port to listen on; 0 for any free one', { min: 0, max: 65_535 }),
  int('serverWorkerThreads', 8, 'none', 'threads that decode'),
  int('serverCallbackExecutorThreads', 0, 'none', 'threads for callbacks'),
  int('serverSelectorThreads', 3, 'none', 'threads that select'),
  int('serverOnewaySemaphoreValue', 256, 'none', 'oneway requests sent at a time'),
  int('serverAsyncSemaphoreValue', 64, 'none', 'asynchronous requests sent at a time'),
  int(
    'serverChannelMaxIdleTimeSeconds',
    120,
    'connection',
    'close a connection silent for so long; 0: never',
    {
      unit: 's',
      min: 0,
      max: MAX_TIMER_SECONDS,
    },
  ),
  int('serverSocketSndBufSize', sameAs(SND_BUF, 0), 'none', 'send buffer of a socket', { unit: 'bytes' }),
  int('serverSocketRcvBufSize', sameAs(RCV_BUF, 0), 'none', 'receive buffer of a socket', { unit: 'bytes' }),
  int('writeBufferHighWaterMark', sameAs(HIGH_WATER_MARK, 0), 'none', 'not writable above', {
    unit: 'bytes',
  }),
  int('writeBufferLowWaterMark', sameAs(LOW_WATER_MARK, 0), 'none', 'writable again below', {
    unit: 'bytes',
  }),
  int(
    'serverSocketBacklog',
    sameAs(BACKLOG, 1_024),
    'none',
    'connections not yet accepted; Java takes 1024 always',
  ),
  boolean('serverNettyWorkerGroupEnable', true, 'none', 'decode on threads of their own'),
  boolean('serverPooledByteBufAllocatorEnable', true, 'none', 'pool buffers'),
  boolean('enableShutdownGracefully', false, 'live', 'ask clients to go elsewhere before the end'),
  int('shutdownWaitTimeSeconds', 30, 'live', 'how long they are given', {
    unit: 's',
    min: 0,
    max: MAX_TIMER_SECONDS,
  }),
  boolean('useEpollNativeSelector', false, 'none', 'epoll through JNI'),
] as const

const NETTY_CLIENT = [
  int('clientWorkerThreads', sameAs(CLIENT_WORKERS, 4), 'none', 'threads that encode and decode'),
  int(
    'clientCallbackExecutorThreads',
    { text: 'number of processors', of: (context) => context.processors },
    'none',
    'threads for callbacks',
  ),
  int('clientOnewaySemaphoreValue', sameAs(CLIENT_ONEWAY, 65_535), 'none', 'oneway requests sent at a time'),
  int(
    'clientAsyncSemaphoreValue',
    sameAs(CLIENT_ASYNC, 65_535),
    'none',
    'asynchronous requests sent at a time',
  ),
  int('connectTimeoutMillis', sameAs(CLIENT_CONNECT_TIMEOUT, 3_000), 'none', 'time to connect', {
    unit: 'ms',
  }),
  long('channelNotActiveInterval', 60_000, 'none', 'not used by Java either', { unit: 'ms' }),
  boolean('scanAvailableNameSrv', true, 'none', 'look for NameServers that answer', {
    printedAs: 'isScanAvailableNameSrv',
  }),
  int('clientChannelMaxIdleTimeSeconds', sameAs(CLIENT_MAX_IDLE, 120), 'none', 'close a silent connection', {
    unit: 's',
  }),
  int('clientSocketSndBufSize', sameAs(SND_BUF, 0), 'none', 'send buffer of a socket', { unit: 'bytes' }),
  int('clientSocketRcvBufSize', sameAs(RCV_BUF, 0), 'none', 'receive buffer of a socket', { unit: 'bytes' }),
  boolean('clientPooledByteBufAllocatorEnable', false, 'none', 'pool buffers'),
  boolean(
    'clientCloseSocketIfTimeout',
    sameAs(CLIENT_CLOSE_IF_TIMEOUT, true),
    'none',
    'close after a timeout',
  ),
  boolean(
    'useTLS',
    {
      text: '`tls.enable`; if that is not set, whether `tls.server.mode` is `enforcing`',
      of: (context) => {
        const enabled = context.system('tls.enable')
        if (enabled === undefined) return context.system('tls.server.mode') === 'enforcing'
        return String(enabled).toLowerCase() === 'true'
      },
    },
    'none',
    'TLS on outgoing connections',
  ),
  string('socksProxyConfig', '{}', 'none', 'SOCKS proxies by address, JSON'),
  boolean('disableCallbackExecutor', false, 'none', 'callbacks on the thread that reads'),
  boolean('disableNettyWorkerGroup', false, 'none', 'decode on the thread that reads'),
  long('maxReconnectIntervalTimeSeconds', 60, 'none', 'time between two attempts to connect', { unit: 's' }),
  boolean('enableReconnectForGoAway', true, 'none', 'connect again when told to go away'),
] as const

const SYSTEM = [
  string(
    'user.home',
    { text: 'home directory of the user', of: (context) => context.homeDirectory },
    'start',
    'folder of the default paths',
    { required: true },
  ),
  int(
    'com.rocketmq.remoting.frameMaxLength',
    16_777_216,
    'start',
    'longest frame, its length word included',
    {
      unit: 'bytes',
      min: 8,
    },
  ),
  boolean('com.rocketmq.remoting.nettyPooledByteBufAllocatorEnable', false, 'none', 'pool buffers'),
  int(SND_BUF, 0, 'none', 'send buffer of a socket', { unit: 'bytes' }),
  int(RCV_BUF, 0, 'none', 'receive buffer of a socket', { unit: 'bytes' }),
  int(BACKLOG, 1_024, 'none', 'connections not yet accepted'),
  int(HIGH_WATER_MARK, 0, 'none', 'not writable above', { unit: 'bytes' }),
  int(LOW_WATER_MARK, 0, 'none', 'writable again below', { unit: 'bytes' }),
  int(CLIENT_ASYNC, 65_535, 'none', 'asynchronous requests sent at a time'),
  int(CLIENT_ONEWAY, 65_535, 'none', 'oneway requests sent at a time'),
  int(CLIENT_WORKERS, 4, 'none', 'threads that encode and decode'),
  int(CLIENT_CONNECT_TIMEOUT, 3_000, 'none', 'time to connect', { unit: 'ms' }),
  int(CLIENT_MAX_IDLE, 120, 'none', 'close a silent connection', { unit: 's' }),
  boolean(CLIENT_CLOSE_IF_TIMEOUT, true, 'none', 'close after a timeout'),
  nullable('rocketmq.namesrv.addr', 'none', 'NameServers of the cluster-test mode'),
  string('rocketmq.namesrv.domain', 'jmenv.tbsite.net', 'none', 'host that knows them'),
  string('rocketmq.namesrv.domain.subgroup', 'nsaddr', 'none', 'path at that host'),
  word(
    'tls.server.mode',
    ['permissive', 'disabled', 'enforcing'],
    'permissive',
    'none',
    'TLS allowed, refused or demanded',
    { absent: { value: 'enforcing', what: 'TLS', refuse: true } },
  ),
  nullable('tls.enable', 'none', 'TLS on outgoing connections'),
  string('tls.config.file', '/etc/rocketmq/tls.properties', 'none', 'file of the keys below'),
  boolean('tls.test.mode.enable', true, 'none', 'certificate made up at the start'),
  string('tls.server.need.client.auth', 'none', 'none', 'client certificate: none, optional or require'),
  nullable('tls.server.keyPath', 'none', 'private key, PEM'),
  nullable('tls.server.keyPassword', 'none', 'its password', { secret: true }),
  nullable('tls.server.certPath', 'none', 'certificate chain, PEM'),
  boolean('tls.server.authClient', false, 'none', 'verify client certificates'),
  nullable('tls.server.trustCertPath', 'none', 'trusted certificates, PEM'),
  nullable('tls.client.keyPath', 'none', 'private key for outgoing connections, PEM'),
  nullable('tls.client.keyPassword', 'none', 'its password', { secret: true }),
  nullable('tls.client.certPath', 'none', 'certificate chain for outgoing connections, PEM'),
  boolean('tls.client.authServer', false, 'none', 'verify server certificates'),
  nullable('tls.client.trustCertPath', 'none', 'trusted certificates, PEM'),
  nullable('tls.ciphers', 'none', 'ciphers, separated by commas'),
  nullable('tls.protocols', 'none', 'protocol versions, separated by commas'),
] as const

const OWN = [
  word('serializeType', ['JSON', 'ROCKETMQ'], 'JSON', 'start', 'header form of commands sent', {
    alias: 'rocketmq.serialize.type',
    variable: 'ROCKETMQ_SERIALIZE_TYPE',
  }),
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
    67_108_864,
    'start',
    'registrations kept to compare the next ones of their brokers with; 0 keeps none',
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
] as const

/**
 * Fields of Java's NettyClientConfig that it shares by name with NettyServerConfig, and the field after which it declares them:
 * one key sets both.
 */
export const SHARED_WITH_NETTY_CLIENT = {
  after: 'socksProxyConfig',
  keys: ['writeBufferHighWaterMark', 'writeBufferLowWaterMark'],
} as const

function owned(owner: ConfigOwner, keys: readonly ConfigKey[]): OwnedConfigKey[] {
  return keys.map((key) => ({ ...key, owner }))
}

/**
 * Every key there is: the fields of Java's NamesrvConfig, NettyServerConfig and NettyClientConfig, the JVM's system properties
 * that Java's NameServer reads, and this program's own.
 */
export const CONFIG_KEYS: readonly OwnedConfigKey[] = [
  ...owned('namesrv', NAMESRV),
  ...owned('nettyServer', NETTY_SERVER),
  ...owned('nettyClient', NETTY_CLIENT),
  ...owned('system', SYSTEM),
  ...owned('own', OWN),
]

type Row =
  | (typeof NAMESRV)[number]
  | (typeof NETTY_SERVER)[number]
  | (typeof NETTY_CLIENT)[number]
  | (typeof SYSTEM)[number]
  | (typeof OWN)[number]

/** The value of every key, by name: numbers, booleans and strings; undefined only where Java has a null. */
export type NamesrvValues = {
  readonly [R in Row as R['key']]: R extends ConfigKey<string, infer V> ? V : never
}

const byName = new Map<string, OwnedConfigKey>(
  CONFIG_KEYS.flatMap((row) =>
    [row.key, ...(row.alias === undefined ? [] : [row.alias])].map((name) => [name, row]),
  ),
)

/** The row of a key, or of an alias. */
export function findConfigKey(name: string): OwnedConfigKey | undefined {
  return byName.get(name)
}

/** All names a value can be given by, aliases among them. */
export const CONFIG_NAMES: readonly string[] = [...byName.keys()]
