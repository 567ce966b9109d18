import { describe, expect, test } from 'vitest'
import { describeSource } from '../../../src/namesrv/config/config-source.ts'
import { type UpdatedConfigState, updatedConfigState } from '../../../src/namesrv/config/config-update.ts'
import { Configuration, configFileText } from '../../../src/namesrv/config/configuration.ts'

interface Updating {
  readonly configuration: Configuration
  /** What was stored last. */
  stored: string
  update(pairs: Record<string, string>): UpdatedConfigState
}

function configured(file = 'foo.unknown=bar\ntls.server.keyPassword=pw\nlogLevel=info'): Updating {
  const { configuration } = Configuration.resolve({
    file: { path: 'ns.conf', bytes: Buffer.from(file) },
    homeDirectory: '/home/user',
    processors: 2,
  })
  const updating: Updating = {
    configuration,
    stored: '',
    update: (pairs) => {
      const source = { layer: 'update', peer: '10.0.0.7:1' } as const
      const next = updatedConfigState(configuration.state, Object.entries(pairs), source)
      updating.stored = configFileText(next)
      configuration.putInForce(next)
      return next
    },
  }
  return updating
}

describe('an update', () => {
  test('changes values where they are read at every use', () => {
    const { configuration, update } = configured()
    const { values } = configuration
    expect(update({ orderMessageEnable: 'TRUE', waitSecondsForService: '+7' }).changes).toEqual([
      { key: 'orderMessageEnable', from: 'false', to: 'true' },
      { key: 'waitSecondsForService', from: '45', to: '7' },
    ])
    expect(values).toMatchObject({ orderMessageEnable: true, waitSecondsForService: 7 })
    expect(configuration.values).toBe(values)
    expect(describeSource(configuration.sourceOf('orderMessageEnable') ?? { layer: 'default' })).toBe(
      'update by 10.0.0.7:1',
    )
  })

  test('stores all items, with what is secret, and shows all but that', () => {
    const updating = configured()
    updating.update({ 'tls.server.keyPassword': 'new pw', 'foo.unknown': '中' })
    expect(updating.stored).toContain('\ntls.server.keyPassword=new pw\n')
    expect(updating.stored).toContain('\nfoo.unknown=\\u4e2d\n')
    const shown = updating.configuration.items()
    expect(shown).toContain('tls.server.keyPassword=******')
    expect(shown).toContain('foo.unknown=中')
    const keys = updating.stored
      .trimEnd()
      .split('\n')
      .map((line) => line.split('=', 1)[0])
    expect(keys).toEqual(shown.map((line) => line.split('=', 1)[0]))
  })

  test('drops keys of no item, numbers that are none, and a secret that was only shown', () => {
    const { configuration, update } = configured()
    const before = configuration.items()
    const { changes, ignored } = update({
      unknown: '1',
      scanAvailableNameSrv: 'false',
      'rocketmq.home.dir': '/x',
      listenPort: '1 ',
      'tls.server.keyPassword': '******',
      waitSecondsForService: '45',
    })
    expect(changes).toEqual([])
    expect(ignored).toEqual([
      'unknown',
      'scanAvailableNameSrv',
      'rocketmq.home.dir',
      'listenPort',
      'tls.server.keyPassword',
    ])
    expect(configuration.items()).toEqual(before)
  })

  test('changes nothing until it is put in force', () => {
    const { configuration } = configured()
    const before = configuration.items()
    updatedConfigState(configuration.state, [['orderMessageEnable', 'true']], { layer: 'update', peer: 'x' })
    expect(configuration.items()).toEqual(before)
    expect(configuration.values.orderMessageEnable).toBe(false)
  })

  test('that is laid over another comes into force together with it', () => {
    const { configuration } = configured()
    const source = { layer: 'update', peer: 'x' } as const
    const first = updatedConfigState(configuration.state, [['orderMessageEnable', 'true']], source)
    const second = updatedConfigState(first, [['enableTopicList', 'false']], source)
    configuration.putInForce(second)
    expect(configuration.values).toMatchObject({ orderMessageEnable: true, enableTopicList: false })
  })

  test('never shows a secret among its changes', () => {
    expect(configured().update({ 'tls.server.keyPassword': 'x' }).changes).toEqual([
      { key: 'tls.server.keyPassword', from: '******', to: '******' },
    ])
  })

  test('tells what the next start will refuse', () => {
    const { warnings } = configured().update({
      listenPort: '65536',
      scanNotActiveBrokerInterval: '0',
      bindAddress: ' ',
      logLevel: 'loud',
      waitSecondsForService: '-1',
      'foo.unknown': 'x',
    })
    expect(warnings).toEqual([
      'listenPort="65536" is not within 0 and 65535',
      'scanNotActiveBrokerInterval="0" is not within 1 and 2147483647 ms',
      'bindAddress="" must not be empty',
      'logLevel="loud" is not one of fatal, error, warn, info, debug, trace',
    ])
  })

  test('of a key that is read at the start does not reach who reads it later', () => {
    const { configuration, update } = configured()
    update({ 'com.rocketmq.remoting.frameMaxLength': '8', logLevel: 'debug' })
    expect(configuration.values).toMatchObject({
      'com.rocketmq.remoting.frameMaxLength': 16_777_216,
      logLevel: 'info',
    })
    expect(configuration.items()).toContain('logLevel=debug')
  })
})

describe('a number that is read while the server runs', () => {
  test.each([
    ['waitSecondsForService', '-1', 0],
    ['waitSecondsForService', '2147483647', 2_147_000],
    ['shutdownWaitTimeSeconds', '-2147483648', 0],
    ['shutdownWaitTimeSeconds', '2147483647', 2_147_000],
    ['serverChannelMaxIdleTimeSeconds', '-5', 0],
    ['serverChannelMaxIdleTimeSeconds', '2147483647', 2_147_000],
  ])('%s=%s is shown as it is, and counts as %i, also at a start', (key, text, value) => {
    const updated = configured()
    expect(updated.update({ [key]: text }).warnings).toEqual([])
    const started = configured(updated.stored)
    for (const { configuration } of [updated, started]) {
      expect(configuration.values).toMatchObject({ [key]: value })
      expect(configuration.items()).toContain(`${key}=${text}`)
    }
  })

  test('and is out of range is told of at a start', () => {
    const { notices } = Configuration.resolve({
      file: { path: 'ns.conf', bytes: Buffer.from('waitSecondsForService=-1') },
      homeDirectory: '/home/user',
      processors: 2,
    })
    expect(notices).toEqual([
      {
        level: 'warn',
        message: 'ns.conf:1: waitSecondsForService=-1 is out of range; 0 is in force',
        keys: ['waitSecondsForService'],
      },
    ])
  })
})

describe('the black list', () => {
  const ALWAYS = [
    'configBlackList',
    'configStorePath',
    'kvConfigPath',
    'logPath',
    'rocketmqHome',
    'routeSnapshotPath',
  ]

  test.each([
    ['', ['', ...ALWAYS]],
    [';;', ALWAYS],
    ['a;;b;', ['', 'a', 'b', ...ALWAYS]],
    ['a ; b', [' b', 'a ', ...ALWAYS]],
  ])('of %j is %j', (text, keys) => {
    const { configuration } = configured(`configBlackList=${text}`)
    expect([...configuration.blackList].sort()).toEqual(keys.sort())
  })
})
