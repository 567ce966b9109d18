import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ConfigError } from '../../../src/namesrv/config/config-error.ts'
import { type ConfigNotice, variableOf } from '../../../src/namesrv/config/config-key.ts'
import { CONFIG_KEYS } from '../../../src/namesrv/config/config-keys.ts'
import type { KeyText } from '../../../src/namesrv/config/config-layers.ts'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { parseJavaProperties, propertiesText } from '../../../src/namesrv/config/java-properties.ts'

interface Given {
  file?: string
  env?: Record<string, string>
  args?: KeyText[]
}

function resolve({ file, ...layers }: Given): { configuration: Configuration; notices: ConfigNotice[] } {
  return Configuration.resolve({
    ...layers,
    file: file === undefined ? undefined : { path: 'ns.conf', bytes: Buffer.from(file, 'latin1') },
    homeDirectory: '/home/user',
    processors: 2,
  })
}

function errorOf(given: Given): ConfigError {
  try {
    resolve(given)
  } catch (error) {
    return error as ConfigError
  }
  throw new Error('the configuration was accepted')
}

function fixture(name: string): string {
  return readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
}

describe('the value of a key', () => {
  const file = 'listenPort=1'
  const env = { MQNAMESRV_LISTEN_PORT: '2' }
  const args = [
    { key: 'listenPort', value: '3' },
    { key: 'listenPort', value: '4' },
  ]

  test.each([
    ['the default without any layer', {}, 9876, 'default'],
    ['that of the file over the default', { file }, 1, 'ns.conf:1'],
    ['that of the environment over the file', { file, env }, 2, 'environment variable MQNAMESRV_LISTEN_PORT'],
    ['that of the last option over all others', { file, env, args }, 4, 'option --listenPort'],
  ])('is %s', (_, given, port, source) => {
    const { configuration } = resolve(given)
    expect(configuration.values.listenPort).toBe(port)
    expect(configuration.sourceOf('listenPort')?.place).toBe(source)
  })

  test('has the type of the key', () => {
    const { values } = resolve({
      file: 'orderMessageEnable=TRUE\nscanNotActiveBrokerInterval=+050\nproductEnvName= a ',
    }).configuration
    expect(values).toMatchObject({
      orderMessageEnable: true,
      scanNotActiveBrokerInterval: 50,
      productEnvName: 'a',
      rocketmqHome: undefined,
      'com.rocketmq.remoting.frameMaxLength': 16_777_216,
      logLevel: 'info',
    })
  })

  test('is, for configStorePath, the file of -c, unless a layer over the file sets it', () => {
    const given = { file: 'configStorePath=/elsewhere' }
    expect(resolve({}).configuration.values.configStorePath).toBe('/home/user/namesrv/namesrv.properties')
    expect(resolve(given).configuration.values.configStorePath).toBe('ns.conf')
    expect(
      resolve({ ...given, args: [{ key: 'configStorePath', value: 'x' }] }).configuration.values
        .configStorePath,
    ).toBe('x')
  })

  test('has no source for an unknown key', () => {
    expect(resolve({ file: 'foo=1' }).configuration.sourceOf('foo')).toBeUndefined()
  })
})

describe('the environment', () => {
  test.each([
    [{ ROCKETMQ_HOME: '/opt/a' }, '/opt/a'],
    [{ ROCKETMQ_HOME: '/opt/a', MQNAMESRV_ROCKETMQ_HOME: '/opt/b' }, '/opt/b'],
    [{ ROCKETMQ_HOME: '' }, undefined],
  ])('with %j sets rocketmqHome to %s', (env, home) => {
    expect(resolve({ env }).configuration.values.rocketmqHome).toBe(home)
  })

  test('may set ROCKETMQ_SERIALIZE_TYPE to JSON or ROCKETMQ, in capitals', () => {
    expect(resolve({ env: { ROCKETMQ_SERIALIZE_TYPE: 'ROCKETMQ' } }).configuration.values.serializeType).toBe(
      'ROCKETMQ',
    )
    expect(errorOf({ env: { ROCKETMQ_SERIALIZE_TYPE: 'json' } })).toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      message:
        'environment variable ROCKETMQ_SERIALIZE_TYPE: serializeType="json" must be one of JSON, ROCKETMQ',
    })
  })

  test('causes a warning for a mistyped variable, but not for those of Kubernetes and of other programs', () => {
    const env = {
      MQNAMESRV_LISTEN_PRT: '1',
      MQNAMESRV_SERVICE_HOST: '10.0.0.1',
      MQNAMESRV_SERVICE_PORT_HTTP: '1',
      MQNAMESRV_PORT: 'tcp://10.0.0.1:9876',
      MQNAMESRV_PORT_9876_TCP_ADDR: '10.0.0.1',
      PATH: '/bin',
    }
    expect(resolve({ env }).notices).toEqual([
      {
        level: 'warn',
        message: 'unknown environment variable ignored',
        fields: { variable: 'MQNAMESRV_LISTEN_PRT', didYouMean: 'MQNAMESRV_LISTEN_PORT' },
      },
    ])
  })

  test('names the variables with JVM options, which are ignored, and the keys among their system properties', () => {
    const env = {
      JAVA_OPT: '  ',
      JAVA_OPT_EXT: '-server -Xmx4g -Dtls.server.mode=disabled -Dmy.own=1 -DserverSelectorThreads=4',
      HEAP_OPTS: '-Xmn2g -Duser.home=/data',
      JAVA_HOME: '/usr/java',
    }
    expect(resolve({ env }).notices).toEqual([
      { level: 'info', message: 'JVM options ignored', fields: { variables: ['JAVA_OPT_EXT', 'HEAP_OPTS'] } },
      {
        level: 'warn',
        message: 'system properties in JVM options ignored; set these keys in the file',
        fields: { keys: ['tls.server.mode', 'user.home'] },
      },
    ])
  })
})

describe('a default that depends on another key', () => {
  test('puts the port into the path of the route snapshot, and sets no path for port 0', () => {
    const path = (...args: [key: string, value: string][]) =>
      resolve({ args: args.map(([key, value]) => ({ key, value })) }).configuration.values.routeSnapshotPath
    expect(path()).toBe('/home/user/namesrv/routes-9876.snapshot')
    expect(path(['listenPort', '1234'], ['user.home', '/data'])).toBe('/data/namesrv/routes-1234.snapshot')
    expect(path(['listenPort', '0'])).toBe('')
    expect(path(['listenPort', '0'], ['routeSnapshotPath', '/a'])).toBe('/a')
    expect(path(['routeSnapshotPath', ''])).toBe('')
  })

  test('puts the default paths into the directory of user.home', () => {
    const { values } = resolve({ args: [{ key: 'user.home', value: '/data' }] }).configuration
    expect(values.kvConfigPath).toBe('/data/namesrv/kvConfig.json')
    expect(values.configStorePath).toBe('/data/namesrv/namesrv.properties')
  })

  test('comes with the source of the JVM property that sets it, and is overridden by the key itself', () => {
    const property = 'com.rocketmq.remoting.socket.sndbuf.size'
    const { configuration } = resolve({
      file: 'clientSocketSndBufSize=7',
      args: [{ key: property, value: '5' }],
    })
    expect(configuration.values).toMatchObject({ serverSocketSndBufSize: 5, clientSocketSndBufSize: 7 })
    expect(configuration.sourceOf('serverSocketSndBufSize')).toEqual({
      layer: 'option',
      place: `option --${property}`,
    })
  })

  test.each([
    [{}, false],
    [{ file: 'tls.enable=True' }, true],
    [{ file: 'tls.enable=no' }, false],
  ])('with %j makes useTLS %s', (given, useTLS) => {
    expect(resolve(given).configuration.values.useTLS).toBe(useTLS)
  })

  test('does not matter in one layer, where the name of a key overrides its alias', () => {
    const home = (file: string) => resolve({ file }).configuration.values.rocketmqHome
    expect(home('rocketmqHome=/a\nrocketmq.home.dir=/b')).toBe('/a')
    expect(home('rocketmq.home.dir=/b')).toBe('/b')
  })
})

describe('an invalid value', () => {
  test.each([
    [
      'listenPort=8 ',
      'ERR_CONFIG_VALUE',
      'listenPort="8 " must be a whole number (it ends with white space)',
    ],
    ['listenPort=', 'ERR_CONFIG_VALUE', 'listenPort="" must be a whole number'],
    ['listenPort=65536', 'ERR_CONFIG_RANGE', 'listenPort="65536" must be from 0 to 65535'],
    ['listenPort=-1', 'ERR_CONFIG_RANGE', 'listenPort="-1" must be from 0 to 65535'],
    ['listenPort=4294967296', 'ERR_CONFIG_RANGE', 'listenPort="4294967296" must be from 0 to 65535'],
    ['defaultThreadPoolNums=1e3', 'ERR_CONFIG_VALUE', 'defaultThreadPoolNums="1e3" must be a whole number'],
    [
      'scanNotActiveBrokerInterval=0',
      'ERR_CONFIG_RANGE',
      'scanNotActiveBrokerInterval="0" must be from 1 to 2147483647 ms',
    ],
    ['orderMessageEnable=yes', 'ERR_CONFIG_VALUE', 'orderMessageEnable="yes" must be true or false'],
    [
      'orderMessageEnable=true\t',
      'ERR_CONFIG_VALUE',
      'orderMessageEnable="true\\t" must be true or false (it ends with white space)',
    ],
    ['kvConfigPath=', 'ERR_CONFIG_VALUE', 'kvConfigPath="" must not be empty'],
    ['logFormat=xml', 'ERR_CONFIG_VALUE', 'logFormat="xml" must be one of auto, pretty, json'],
    [
      'tls.server.mode=strict',
      'ERR_CONFIG_VALUE',
      'tls.server.mode="strict" must be one of permissive, disabled, enforcing',
    ],
    [
      'tls.server.need.client.auth=required',
      'ERR_CONFIG_VALUE',
      'tls.server.need.client.auth="required" must be one of none, optional, require',
    ],
    [
      'tls.server.need.client.auth=require   ',
      'ERR_CONFIG_VALUE',
      'tls.server.need.client.auth="require   " must be one of none, optional, require (it ends with white space)',
    ],
    [
      'tls.server.mode=enforcing ',
      'ERR_CONFIG_VALUE',
      'tls.server.mode="enforcing " must be one of permissive, disabled, enforcing (it ends with white space)',
    ],
    [
      'tls.enable=true ',
      'ERR_CONFIG_VALUE',
      'tls.enable="true " must be true or false (it ends with white space)',
    ],
    ['bindAddress=[::1', 'ERR_CONFIG_VALUE', 'bindAddress="[::1" must have an IPv6 address in its brackets'],
    [
      'bindAddress=[127.0.0.1]',
      'ERR_CONFIG_VALUE',
      'bindAddress="[127.0.0.1]" must have an IPv6 address in its brackets',
    ],
    [
      'bindAddress=[::1]:9876',
      'ERR_CONFIG_VALUE',
      'bindAddress="[::1]:9876" must not have a port; set it with listenPort',
    ],
    [
      'bindAddress=localhost:9876',
      'ERR_CONFIG_VALUE',
      'bindAddress="localhost:9876" must not have a port; set it with listenPort',
    ],
    [
      'kvConfigPath=D:\\rocketmq\\namesrv\\kvConfig.json',
      'ERR_CONFIG_VALUE',
      'kvConfigPath="D:\\rocketmq\\namesrvkvConfig.json" contains the control character \\r: a single backslash begins an ' +
        'escape; write / or \\\\',
    ],
    [
      'kvConfigPath=D:\\data\\kv.json',
      'ERR_CONFIG_VALUE',
      'kvConfigPath="D:datakv.json" has no / after the drive: a single backslash begins an escape and is lost; write / or \\\\',
    ],
    [
      'kvConfigPath=D:\\users\\kv.json',
      'ERR_CONFIG_SYNTAX',
      'malformed \\uXXXX escape (it needs four hex digits); in a path write / or \\\\ instead of a single backslash',
    ],
    [
      'proxyProtocolTrustedNetworks=10.0.0.0/8, 10.0.0.0/33',
      'ERR_CONFIG_VALUE',
      'proxyProtocolTrustedNetworks="10.0.0.0/8, 10.0.0.0/33" must be a list of networks such as 10.0.0.0/8; "10.0.0.0/33" is not one',
    ],
  ])('such as %s stops the start', (line, code, message) => {
    expect(errorOf({ file: `# comment\n${line}\n` })).toMatchObject({
      name: 'ConfigError',
      code,
      message: `ns.conf:2: ${message}`,
    })
  })

  test.each([
    'rocketmqHome',
    'kvConfigPath',
    'configStorePath',
    'routeSnapshotPath',
    'logPath',
    'user.home',
    'tls.config.file',
    'tls.server.keyPath',
    'tls.server.certPath',
    'tls.server.trustCertPath',
    'tls.client.keyPath',
    'tls.client.certPath',
    'tls.client.trustCertPath',
    'bindAddress',
    'rocketmq.namesrv.addr',
    'rocketmq.namesrv.domain',
  ])('with a control character in %s stops the start, whichever layer it comes from', (key) => {
    const problem = (character: string): string =>
      `contains the control character ${character}: a single backslash begins an escape; write / or \\\\`
    for (const suffix of ['r', 'n', 't', 'f']) {
      const from =
        key === 'configStorePath'
          ? { args: [{ key, value: JSON.parse(`"a\\${suffix}b"`) }] }
          : { file: `${key}=${key === 'rocketmq.namesrv.addr' ? 'a:1;b' : ''}\\${suffix}c` }
      expect(errorOf(from).message).toContain(problem(`\\${suffix}`))
    }
    expect(errorOf({ args: [{ key, value: 'a\x7fb' }] }).message).toContain('contains the control character')
    expect(errorOf({ env: { [variableOf(key)]: '/a\0b' } }).message).toContain(problem('\\u0000'))
  })

  test('is not a path with slashes, with doubled backslashes or with spaces at the end', () => {
    const file = 'kvConfigPath=D:/rocketmq/kv.json \ntls.server.keyPath=D:\\\\rocketmq\\\\key.pem\t'
    expect(resolve({ file }).configuration.values).toMatchObject({
      kvConfigPath: 'D:/rocketmq/kv.json',
      'tls.server.keyPath': 'D:\\rocketmq\\key.pem',
    })
  })

  test('is not a list of hosts on several lines', () => {
    const env = { NAMESRV_ADDR: 'a:1;\n b:2;\n' }
    expect(resolve({ env }).configuration.values['rocketmq.namesrv.addr']).toBe('a:1;\n b:2;')
  })

  test('is reported with its variable or its option', () => {
    expect(errorOf({ env: { MQNAMESRV_LISTEN_PORT: 'x' } }).message).toMatch(
      /^environment variable MQNAMESRV_LISTEN_PORT: /,
    )
    expect(errorOf({ args: [{ key: 'listenPort', value: 'a\nb' }] }).message).toBe(
      'option --listenPort: listenPort="a\\nb" must be a whole number',
    )
  })

  test('is reported together with all others, in the order of the file and then of the layers over it', () => {
    const given = {
      file: 'listenPort=99999\nlogLevel=loud\nscanNotActiveBrokerInterval=0\nenableTopicList=false\nmaxConnections=many',
      env: { MQNAMESRV_MAX_BROKERS: '0' },
      args: [{ key: 'maxTopics', value: '-1' }],
    }
    expect(errorOf(given).problems).toEqual([
      'ns.conf:1: listenPort="99999" must be from 0 to 65535',
      'ns.conf:2: logLevel="loud" must be one of fatal, error, warn, info, debug, trace',
      'ns.conf:3: scanNotActiveBrokerInterval="0" must be from 1 to 2147483647 ms',
      'ns.conf:5: maxConnections="many" must be a whole number',
      'environment variable MQNAMESRV_MAX_BROKERS: maxBrokers="0" must be from 1 to 2147483647',
      'option --maxTopics: maxTopics="-1" must be from 1 to 2147483647',
    ])
    expect(errorOf({ file: 'a=\\u0\nb=1\nc=\\uxyzw' }).problems).toEqual([
      'ns.conf:1: malformed \\uXXXX escape (it needs four hex digits)',
      'ns.conf:3: malformed \\uXXXX escape (it needs four hex digits)',
    ])
  })

  test('is not reported if a higher layer overrides it', () => {
    expect(
      resolve({ file: 'listenPort=x', args: [{ key: 'listenPort', value: '1' }] }).configuration.values
        .listenPort,
    ).toBe(1)
  })
})

describe('a number out of the range of a key that is read while the server runs', () => {
  const LIVE = [
    ['waitSecondsForService', '-1', 0],
    ['waitSecondsForService', '601', 600],
    ['shutdownWaitTimeSeconds', '99999999999', 600],
    ['shutdownWaitTimeSeconds', `-${'9'.repeat(400)}`, 0],
    ['serverChannelMaxIdleTimeSeconds', '2147483648', 86_400],
  ] as const

  test.each(
    LIVE.flatMap(([key, text, value]) => [
      { place: 'ns.conf:1', given: { file: `${key}=${text}` }, key, text, value },
      {
        place: `environment variable ${variableOf(key)}`,
        given: { env: { [variableOf(key)]: text } },
        key,
        text,
        value,
      },
      { place: `option --${key}`, given: { args: [{ key, value: text }] }, key, text, value },
    ]),
  )('in $place: $key=$text is replaced by $value, with a warning', ({ place, given, key, text, value }) => {
    const { configuration, notices } = resolve(given)
    expect(configuration.values[key]).toBe(value)
    expect(configuration.printedLines()).toContain(`${key}=${value}`)
    expect(notices).toEqual([
      {
        level: 'warn',
        message: 'value out of range; nearest value used',
        fields: { source: place, key, value: text, used: value, min: 0, max: expect.any(Number) },
      },
    ])
  })

  test.each(['x', '1e3', '8 ', ''])('stops the start if it is no number, as %j', (text) => {
    expect(errorOf({ file: `waitSecondsForService=${text}` }).code).toBe('ERR_CONFIG_VALUE')
  })
})

describe('a notice', () => {
  test('warns of an unknown key of the file, which is kept, and names the nearest known key', () => {
    const { configuration, notices } = resolve({ file: 'listenPrt=1\nfoo.unknown=bar ' })
    const message = 'unknown key has no effect'
    expect(notices).toEqual([
      { level: 'warn', message, fields: { source: 'ns.conf:1', key: 'listenPrt', didYouMean: 'listenPort' } },
      { level: 'warn', message, fields: { source: 'ns.conf:2', key: 'foo.unknown' } },
    ])
    expect(configuration.fileText(configuration.state)).toMatch(/^foo\.unknown=bar $[\s\S]*^listenPrt=1$/m)
  })

  test.each([
    ['kvConfigPath="/data/kv.json"', '"/data/kv.json"'],
    ['kvConfigPath=~/kv.json', '~/kv.json'],
    ['kvConfigPath=$' + '{HOME}/kv.json', '$' + '{HOME}/kv.json'],
    ["bindAddress='127.0.0.1'", "'127.0.0.1'"],
  ])('warns of what means nothing in a path or a host, which is used as it stands: %s', (file, value) => {
    const { configuration, notices } = resolve({ file })
    const [key = ''] = file.split('=')
    expect(notices).toMatchObject([{ level: 'warn', fields: { source: 'ns.conf:1', key, value } }])
    expect(configuration.keys().find((each) => each.key.name === key)?.value).toBe(value)
  })

  test('warns of a byte order mark, which is part of the first line', () => {
    const { notices } = resolve({ file: '\xef\xbb\xbf# A comment' })
    expect(notices.map(({ message }) => message)).toEqual([
      'the file begins with a byte order mark, which is part of its first line; save it without',
      'unknown key has no effect',
    ])
  })

  test.each<[string, string, number]>([
    ['one port for two servers on overlapping addresses', '', 1],
    ['one port for two servers on one address', 'bindAddress=127.0.0.1', 1],
    ['no more of one port on different addresses', 'bindAddress=127.0.0.2', 0],
  ])('warns of %s', (_, more, warnings) => {
    const { notices } = resolve({ file: `listenPort=9999\nhttpListenPort=9999\n${more}` })
    const message = 'listenPort and httpListenPort are the same; give one of them another'
    const warning = { level: 'warn', message, fields: { port: 9999 } }
    expect(notices).toEqual(Array.from({ length: warnings }, () => warning))
  })

  test('lists the keys that have no effect, in one line and only if they are set', () => {
    expect(resolve({}).notices).toEqual([])
    const { notices } = resolve({ file: 'useEpollNativeSelector=true\nserverWorkerThreads=4\nlistenPort=1' })
    expect(notices).toEqual([
      {
        level: 'info',
        message: 'keys without effect here',
        fields: { keys: ['serverWorkerThreads', 'useEpollNativeSelector'] },
      },
    ])
  })

  test('is not enough for enableControllerInNamesrv=true, which stops the start and says what to run', () => {
    const key = 'enableControllerInNamesrv'
    const advice =
      `${key}="true" asks for a controller, which this server does not run: run "mqcontroller -c FILE" beside it ` +
      'and set the key to false'
    expect(errorOf({ file: `${key}=true` }).message).toBe(`ns.conf:1: ${advice}`)
    expect(errorOf({ args: [{ key, value: 'true' }] }).message).toBe(`option --${key}: ${advice}`)
    expect(resolve({ file: `${key}=false` }).notices).toMatchObject([{ level: 'info' }])
    expect(resolve({ file: `${key}=true`, args: [{ key, value: 'false' }] }).configuration.values[key]).toBe(
      false,
    )
  })

  test('lists the keys of the controller, which are kept as the file has them', () => {
    const file = fixture('controller.properties')
    const { configuration, notices } = resolve({ file })
    expect(notices.filter(({ level }) => level === 'warn')).toEqual([])
    expect(notices[0]).toMatchObject({
      level: 'info',
      message: 'controller keys without effect here',
      fields: { keys: expect.arrayContaining(['controllerType', 'jRaftGroupId', 'mappedFileSize']) },
    })
    const kept = configuration.fileText(configuration.state).split('\n')
    expect(kept).toEqual(expect.arrayContaining(file.trim().split('\n')))
  })

  test.each(['false   ', 'FALSE\t', 'false\\r', 'false\\u0020'])(
    'warns of a boolean %j, which is false as in Java',
    (text) => {
      const key = 'tls.test.mode.enable'
      const { configuration, notices } = resolve({ file: `${key}=${text}\r\n` })
      expect(configuration.values[key]).toBe(false)
      expect(notices).toEqual([
        {
          level: 'warn',
          message: 'value has spaces around it; read as false',
          fields: { source: 'ns.conf:1', key, value: expect.stringMatching(/^false\s/i), used: false },
        },
      ])
    },
  )

  test('is not needed for a false in a Windows file, and the other layers may have spaces too', () => {
    expect(resolve({ file: 'useTLS=false\r\n' }).notices).toEqual([])
    expect(resolve({ env: { MQNAMESRV_USE_TLS: 'false\r' } }).configuration.values.useTLS).toBe(false)
    expect(resolve({ args: [{ key: 'useTLS', value: ' false' }] }).configuration.values.useTLS).toBe(false)
    const file = 'tls.enable=false  \ntls.server.mode=enforcing'
    expect(resolve({ file }).configuration.values.useTLS).toBe(false)
  })
})

/** Java's text as a properties file, which it prints without escapes. */
function escaped(text: string): string {
  return text.replace('中', '\\u4e2d')
}

describe('the lines of the configuration', () => {
  /** The fixtures are what Java 5.5.0 made of the same file, with user.home=/home/user on two processors. */
  const { configuration } = Configuration.resolve({
    file: { path: 'namesrv.conf', bytes: Buffer.from(fixture('namesrv.conf'), 'latin1') },
    homeDirectory: '/home/user',
    processors: 2,
  })

  test('are those that GET_NAMESRV_CONFIG of Java shows, but for the values of unknown keys', () => {
    expect(
      configuration
        .storedLines()
        .map((line) => `${line}\n`)
        .join(''),
    ).toBe(escaped(fixture('namesrv-319.txt')).replace('foo.unknown=bar ', 'foo.unknown=******'))
  })

  test('are printed by -p as Java prints them, but for one name that no file may have, and then the other keys', () => {
    const lines = configuration.printedLines()
    const java = escaped(fixture('namesrv-p.txt')).replace('isScanAvail', 'scanAvail').trimEnd().split('\n')
    expect(lines.slice(0, java.length)).toEqual(java)
    const own = lines.slice(java.length)
    expect(own.slice(0, 3)).toEqual([
      'user.home=/home/user',
      'com.rocketmq.remoting.frameMaxLength=99999',
      'com.rocketmq.remoting.nettyPooledByteBufAllocatorEnable=false',
    ])
    expect(own).toEqual(expect.arrayContaining(['tls.enable=', 'serializeType=JSON', 'logLevel=info']))
  })

  test('hide the passwords that may be in socksProxyConfig, but not its default', () => {
    const given = Configuration.resolve({
      args: [{ key: 'socksProxyConfig', value: '{"0.0.0.0/0":{"password":"p"}}' }],
      homeDirectory: '/home/user',
      processors: 2,
    })
    expect(given.configuration.printedLines()).toContain('socksProxyConfig=******')
    const none = Configuration.resolve({ homeDirectory: '/home/user', processors: 2 })
    expect(none.configuration.printedLines()).toContain('socksProxyConfig={}')
  })

  test('leave out nulls, and keys of no Java object that are not in the file', () => {
    const keys = resolve({ args: [{ key: 'logLevel', value: 'debug' }] })
      .configuration.storedLines()
      .map((line) => line.split('=', 1)[0])
    expect(keys).not.toContain('logLevel')
    expect(keys).not.toContain('rocketmqHome')
    expect(resolve({ file: 'logLevel=debug' }).configuration.storedLines()).toContain('logLevel=debug')
  })

  test('hide the values of unknown keys, which may be passwords', () => {
    const { configuration: unknown } = resolve({ file: 'db.password=pw\ntls.server.keyPasword=pw\nempty=' })
    expect(unknown.storedLines()).toEqual(
      expect.arrayContaining(['db.password=******', 'tls.server.keyPasword=******', 'empty=']),
    )
  })

  test('hide passwords', () => {
    const { configuration: secret } = resolve({ file: 'tls.server.keyPassword=pw' })
    expect(secret.storedLines()).toContain('tls.server.keyPassword=******')
    expect(secret.printedLines()).toContain('tls.server.keyPassword=******')
    const { configuration: none } = resolve({ file: 'tls.server.keyPassword=\nsocksProxyConfig={}' })
    expect(none.storedLines()).toContain('tls.server.keyPassword=')
    expect(none.printedLines()).toEqual(
      expect.arrayContaining(['tls.server.keyPassword=', 'tls.client.keyPassword=', 'socksProxyConfig={}']),
    )
  })

  test.each(['D:\\rocketmq\\nfoo', '  two', 'a\nlistenPort=1', 'é中😀', '# = : !'])(
    'are read by java.util.Properties as they are: %j',
    (value) => {
      const { configuration: odd } = resolve({ file: propertiesText([[`k ${value}`, value]]) })
      const read = parseJavaProperties(Buffer.from(odd.fileText(odd.state)))
      expect(read.get(`k ${value}`)?.value).toBe(value)
    },
  )

  test('that -p prints start a server with the same values, and asterisks never replace a secret', () => {
    const given = {
      file: 'productEnvName=a\\\\b\\u4e2d\ntls.server.keyPath=/etc/key\nlistenPort=1\nwaitSecondsForService=9999\nuseTLS=true',
      env: { ROCKETMQ_HOME: '/opt/é' },
    }
    const printed = (from: Configuration): string => `${from.printedLines().join('\n')}\n`
    const { configuration: first } = resolve(given)
    const { configuration: second, notices } = resolve({ file: printed(first) })
    expect({ ...second.values, configStorePath: '' }).toEqual({ ...first.values, configStorePath: '' })
    expect(printed(second)).toBe(printed(first))
    expect(notices.filter(({ level }) => level === 'warn')).toEqual([])

    const secret = resolve({ ...given, args: [{ key: 'tls.server.keyPassword', value: 'pw' }] })
    const file = printed(secret.configuration)
    const line = file.split('\n').indexOf('tls.server.keyPassword=******') + 1
    const again = resolve({ file })
    expect(again.configuration.values['tls.server.keyPassword']).toBeUndefined()
    expect(again.notices.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: 'asterisks in place of a secret ignored; set the secret itself',
        fields: { source: `ns.conf:${line}`, key: 'tls.server.keyPassword' },
      },
    ])
    const args = [{ key: 'tls.server.keyPassword', value: '******' }]
    expect(
      resolve({ file: 'tls.server.keyPassword=pw', args }).configuration.values['tls.server.keyPassword'],
    ).toBe('pw')
  })

  test('that -p prints without a home directory start a server without one', () => {
    const homeless = { homeDirectory: undefined, processors: 2 }
    const { configuration: first } = Configuration.resolve(homeless)
    const paths = ['kvConfigPath=/kv.json', 'routeSnapshotPath=']
    const bytes = Buffer.from([...first.printedLines(), ...paths].join('\n'))
    const { configuration: second } = Configuration.resolve({ ...homeless, file: { path: 'ns.conf', bytes } })
    expect(second.values).toMatchObject({ kvConfigPath: '/kv.json', routeSnapshotPath: '' })
    expect(second.values['user.home']).toBeUndefined()
    expect(second.keysWithoutHome()).toEqual([])
  })

  test('that -p prints have every key', () => {
    const keys = [...parseJavaProperties(Buffer.from(configuration.printedLines().join('\n'))).keys()]
    expect(keys.sort()).toEqual(CONFIG_KEYS.map(({ name }) => name).sort())
  })
})

describe('the black list', () => {
  const ALWAYS = ['configBlackList', 'configStorePath', 'kvConfigPath', 'rocketmqHome']

  test.each([
    ['', ['', ...ALWAYS]],
    [';;', ALWAYS],
    ['a;;b;', ['', 'a', 'b', ...ALWAYS]],
    ['a ; b', [' b', 'a ', ...ALWAYS]],
  ])('of %j is %j', (text, keys) => {
    const { configuration } = resolve({ file: `configBlackList=${text}` })
    expect([...configuration.blackList].sort()).toEqual(keys.sort())
  })
})
