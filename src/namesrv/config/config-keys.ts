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
import { FRAME_LIMIT, OWN_CONFIG_KEYS } from './own-config-keys.ts'
import { bindAddressProblem } from './places.ts'
import { IDLE_SECONDS, MAX_TIMER_MS, SERVICE_WAIT_SECONDS, TIME_MS, TIME_SECONDS } from './time-ranges.ts'

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

const PATH = { place: 'path' } as const

/** In Java's order of declaration, as the tables after it: it is the order in which they are printed. */
const NAMESRV = [
  nullable('rocketmqHome', 'start', 'installation folder; reported, and needed for nothing here', {
    alias: 'rocketmq.home.dir',
    variable: 'ROCKETMQ_HOME',
    place: 'path',
  }),
  string('kvConfigPath', inHome('kvConfig.json'), 'start', 'file of the key-value table', {
    required: true,
    place: 'path',
  }),
  string(
    'configStorePath',
    inHome('namesrv.properties'),
    'start',
    'file to which an update is written; the file of `-c`, if given',
    { required: true, place: 'path' },
  ),
  string('productEnvName', 'center', 'start', 'name of the product environment of the cluster-test mode'),
  boolean('clusterTest', false, 'start', 'cluster-test mode: ask a product environment for unknown topics'),
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
    absent: {
      value: 'true',
      advice: (file) =>
        `asks for a controller, which this server does not run: run "mqcontroller -c ${file}" beside it and set the key to false`,
    },
  }),
  boolean('needWaitForService', false, 'live', 'refuse route lookups for a while after the start'),
  int(
    'waitSecondsForService',
    45,
    'live',
    'seconds after the start during which lookups are rejected, if `needWaitForService` is on',
    SERVICE_WAIT_SECONDS,
  ),
  boolean('deleteTopicWithBrokerRegistration', false, 'live', 'a registration removes the topics it lacks'),
  string(
    'configBlackList',
    'configBlackList;configStorePath;kvConfigPath',
    'start',
    'more keys that an update must not name, separated by `;`',
  ),
] as const

const NETTY_SERVER = [
  string(
    'bindAddress',
    '0.0.0.0',
    'start',
    'address to listen on: a host name, IPv4 or IPv6 (`::1` or `[::1]`)',
    {
      required: true,
      place: 'host',
      check: bindAddressProblem,
    },
  ),
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
    IDLE_SECONDS,
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
  int(
    'shutdownWaitTimeSeconds',
    30,
    'live',
    'seconds that clients have to leave at a shutdown, if `enableShutdownGracefully` is on',
    SERVICE_WAIT_SECONDS,
  ),
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
  int(
    'clientOnewaySemaphoreValue',
    sameAs(CLIENT_ONEWAY, 65_535),
    'start',
    'oneway requests that may wait to be sent',
    { min: 1 },
  ),
  int(
    'clientAsyncSemaphoreValue',
    sameAs(CLIENT_ASYNC, 65_535),
    'start',
    'requests sent that may wait for answers',
    { min: 1 },
  ),
  int('connectTimeoutMillis', sameAs(CLIENT_CONNECT_TIMEOUT, 3_000), 'start', 'time to connect', TIME_MS),
  long('channelNotActiveInterval', 60_000, 'none', 'not used by Java either', { unit: 'ms' }),
  boolean('scanAvailableNameSrv', true, 'none', 'look for NameServers that answer'),
  int(
    'clientChannelMaxIdleTimeSeconds',
    sameAs(CLIENT_MAX_IDLE, 120),
    'start',
    'close a connection of ours that was silent for so long; 0: never',
    TIME_SECONDS,
  ),
  int('clientSocketSndBufSize', sameAs(SND_BUF, 0), 'none', 'send buffer of a socket', { unit: 'bytes' }),
  int('clientSocketRcvBufSize', sameAs(RCV_BUF, 0), 'none', 'receive buffer of a socket', { unit: 'bytes' }),
  boolean('clientPooledByteBufAllocatorEnable', false, 'none', 'pool buffers'),
  boolean(
    'clientCloseSocketIfTimeout',
    sameAs(CLIENT_CLOSE_IF_TIMEOUT, true),
    'start',
    'close a connection of ours on which an answer did not come in time',
  ),
  boolean(
    'useTLS',
    {
      text: '`tls.enable`; if that is not set, whether `tls.server.mode` is `enforcing`',
      of: (context) => {
        const enabled = context.value('tls.enable')
        if (enabled === undefined) return context.value('tls.server.mode') === 'enforcing'
        return String(enabled).toLowerCase() === 'true'
      },
    },
    'start',
    'TLS on outgoing connections',
  ),
  string('socksProxyConfig', '{}', 'none', 'SOCKS proxies by address, JSON; there may be passwords in it', {
    secret: true,
  }),
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
    { required: true, place: 'path' },
  ),
  int(FRAME_LIMIT, 16_777_216, 'start', 'longest frame, its length word included', {
    unit: 'bytes',
    min: 8,
  }),
  boolean('com.rocketmq.remoting.nettyPooledByteBufAllocatorEnable', false, 'none', 'pool buffers'),
  int(SND_BUF, 0, 'none', 'send buffer of a socket', { unit: 'bytes' }),
  int(RCV_BUF, 0, 'none', 'receive buffer of a socket', { unit: 'bytes' }),
  int(BACKLOG, 1_024, 'none', 'connections not yet accepted'),
  int(HIGH_WATER_MARK, 0, 'none', 'not writable above', { unit: 'bytes' }),
  int(LOW_WATER_MARK, 0, 'none', 'writable again below', { unit: 'bytes' }),
  int(CLIENT_ASYNC, 65_535, 'start', 'default of `clientAsyncSemaphoreValue`', { min: 1 }),
  int(CLIENT_ONEWAY, 65_535, 'start', 'default of `clientOnewaySemaphoreValue`', { min: 1 }),
  int(CLIENT_WORKERS, 4, 'none', 'threads that encode and decode'),
  int(CLIENT_CONNECT_TIMEOUT, 3_000, 'start', 'default of `connectTimeoutMillis`', TIME_MS),
  int(CLIENT_MAX_IDLE, 120, 'start', 'default of `clientChannelMaxIdleTimeSeconds`', TIME_SECONDS),
  boolean(CLIENT_CLOSE_IF_TIMEOUT, true, 'start', 'default of `clientCloseSocketIfTimeout`'),
  nullable(
    'rocketmq.namesrv.addr',
    'start',
    'NameServers of the product environment, `host:port;host:port`; if not set, the address server is asked',
    { variable: 'NAMESRV_ADDR', place: 'hosts' },
  ),
  string(
    'rocketmq.namesrv.domain',
    'jmenv.tbsite.net',
    'start',
    'address server: `host:port`, or a host, whose port is 8080 then',
    { place: 'host' },
  ),
  string('rocketmq.namesrv.domain.subgroup', 'nsaddr', 'start', 'page of the address server'),
  word(
    'tls.server.mode',
    ['permissive', 'disabled', 'enforcing'],
    'permissive',
    'start',
    'TLS allowed, refused or demanded',
    { exact: true },
  ),
  nullable('tls.enable', 'start', 'TLS on outgoing connections, unless `useTLS` is set', {
    exact: true,
    // Any other word is false to Java, and so is this one with spaces.
    check: (text) => (/^(?:true\s+|\s+true\s*)$/i.test(text) ? 'is neither true nor false' : undefined),
  }),
  string(
    'tls.config.file',
    '/etc/rocketmq/tls.properties',
    'start',
    'file of the keys below, which wins over all else; need not be there',
    { place: 'path' },
  ),
  boolean('tls.test.mode.enable', true, 'start', 'a certificate made up on the spot; nobody is verified'),
  string(
    'tls.server.need.client.auth',
    'none',
    'start',
    'whether clients must show a certificate: `none`, `optional` or `require`',
    {
      exact: true,
      check: (text) =>
        /^(?:none|optional|require)$/i.test(text) ? undefined : 'is not one of none, optional, require',
    },
  ),
  nullable('tls.server.keyPath', 'start', 'private key, PKCS#8 PEM', PATH),
  nullable('tls.server.keyPassword', 'start', 'its password', { secret: true }),
  nullable('tls.server.certPath', 'start', 'certificate chain, PEM', PATH),
  boolean('tls.server.authClient', false, 'start', 'verify client certificates; if not, any will do'),
  nullable(
    'tls.server.trustCertPath',
    'start',
    'certificates against which they are verified, PEM; not set: those Node.js comes with',
    PATH,
  ),
  nullable('tls.client.keyPath', 'start', 'private key for outgoing connections, PKCS#8 PEM', PATH),
  nullable('tls.client.keyPassword', 'start', 'its password', { secret: true }),
  nullable('tls.client.certPath', 'start', 'certificate chain for outgoing connections, PEM', PATH),
  boolean('tls.client.authServer', false, 'start', 'verify server certificates; if not, any will do'),
  nullable(
    'tls.client.trustCertPath',
    'start',
    'certificates against which they are verified, PEM; not set: those Node.js comes with',
    PATH,
  ),
  nullable(
    'tls.ciphers',
    'start',
    'ciphers, separated by commas or colons, by their names in Java or in OpenSSL',
  ),
  nullable('tls.protocols', 'start', '`TLSv1.2`, `TLSv1.3` or both, separated by commas or colons'),
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
  ...owned('own', OWN_CONFIG_KEYS),
]

type Row =
  | (typeof NAMESRV)[number]
  | (typeof NETTY_SERVER)[number]
  | (typeof NETTY_CLIENT)[number]
  | (typeof SYSTEM)[number]
  | (typeof OWN_CONFIG_KEYS)[number]

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
