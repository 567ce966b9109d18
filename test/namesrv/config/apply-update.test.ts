import { describe, expect, test } from 'vitest'
import {
  forbiddenKeys,
  readUpdate,
  UPDATABLE_KEYS,
  type UpdatedConfigState,
  updatedConfigState,
} from '../../../src/namesrv/config/apply-update.ts'
import { CONFIG_KEYS } from '../../../src/namesrv/config/config-keys.ts'
import { Configuration, configFileText } from '../../../src/namesrv/config/configuration.ts'
import { parseJavaProperties } from '../../../src/namesrv/config/java-properties.ts'
import { describeSource } from '../../../src/namesrv/config/resolved-key.ts'

const source = { layer: 'update', peer: '10.0.0.7:1' } as const

interface Updating {
  readonly configuration: Configuration
  /** What was stored last. */
  stored: string
  update(text: string): UpdatedConfigState
}

function readText(text: string): ReturnType<typeof readUpdate> {
  return readUpdate(parseJavaProperties(Buffer.from(text)).values(), source)
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
    update: (text) => {
      const next = updatedConfigState(configuration.state, readText(text))
      updating.stored = configFileText(next)
      configuration.putIntoEffect(next)
      return next
    },
  }
  return updating
}

describe('an update', () => {
  test('changes the values of keys that are read at every use', () => {
    const { configuration, update } = configured()
    const { values } = configuration
    expect(update('orderMessageEnable=TRUE\nwaitSecondsForService=+7').changes).toEqual([
      { key: 'orderMessageEnable', from: 'false', to: 'true' },
      { key: 'waitSecondsForService', from: '45', to: '7' },
    ])
    expect(values).toMatchObject({ orderMessageEnable: true, waitSecondsForService: 7 })
    expect(configuration.values).toBe(values)
    expect(describeSource(configuration.sourceOf('orderMessageEnable') ?? { layer: 'default' })).toBe(
      'update by 10.0.0.7:1',
    )
  })

  test('stores all keys with their secrets, which are not shown', () => {
    const updating = configured('foo.unknown=\\u4e2d\ntls.server.keyPassword=pw')
    updating.update('enableTopicList=false')
    expect(updating.stored).toContain('\ntls.server.keyPassword=pw\n')
    expect(updating.stored).toContain('\nfoo.unknown=\\u4e2d\n')
    const shown = updating.configuration.storedLines()
    expect(shown).toContain('tls.server.keyPassword=******')
    const keys = updating.stored
      .trimEnd()
      .split('\n')
      .map((line) => line.split('=', 1)[0])
    expect(keys).toEqual(shown.map((line) => line.split('=', 1)[0]))
  })

  test('that repeats the values in effect changes nothing', () => {
    expect(configured().update('waitSecondsForService=045').changes).toEqual([])
  })

  test('changes nothing until it is put into effect', () => {
    const { configuration } = configured()
    const before = configuration.storedLines()
    updatedConfigState(configuration.state, readText('orderMessageEnable=true'))
    expect(configuration.storedLines()).toEqual(before)
    expect(configuration.values.orderMessageEnable).toBe(false)
  })

  test('that is applied to the result of another takes effect together with it', () => {
    const { configuration } = configured()
    const first = updatedConfigState(configuration.state, readText('orderMessageEnable=true'))
    const second = updatedConfigState(first, readText('enableTopicList=false'))
    configuration.putIntoEffect(second)
    expect(configuration.values).toMatchObject({ orderMessageEnable: true, enableTopicList: false })
  })

  test('with invalid values is rejected with each value and what its key accepts', () => {
    expect(() =>
      readText('waitSecondsForService=601\norderMessageEnable=yes\nshutdownWaitTimeSeconds=8 '),
    ).toThrow(
      expect.objectContaining({
        problems: [
          'waitSecondsForService="601" must be from 0 to 600 s',
          'orderMessageEnable="yes" must be true or false',
          'shutdownWaitTimeSeconds="8 " must be a whole number (it ends with white space)',
        ],
      }),
    )
  })
})

describe('the keys that an update may set', () => {
  test("are exactly Java's fields that are read while the server runs", () => {
    expect([...UPDATABLE_KEYS].sort()).toEqual([
      'deleteTopicWithBrokerRegistration',
      'enableAllTopicList',
      'enableShutdownGracefully',
      'enableTopicList',
      'needWaitForService',
      'notifyMinBrokerIdChanged',
      'orderMessageEnable',
      'returnOrderTopicConfigToBroker',
      'serverChannelMaxIdleTimeSeconds',
      'shutdownWaitTimeSeconds',
      'supportActingMaster',
      'waitSecondsForService',
    ])
    const names = CONFIG_KEYS.flatMap(({ name, alias }) => [name, ...(alias === undefined ? [] : [alias])])
    expect(forbiddenKeys(names)).toEqual(names.filter((name) => !UPDATABLE_KEYS.includes(name)))
  })

  test.each([
    'tls.server.mode=disabled',
    '\\u0074ls.server.mode=disabled',
    'tls.server.mode\\ =disabled',
    '\\ enableTopicList=true',
    'EnableTopicList=true',
    'enabletopiclist=true',
    'enable%54opicList=true',
    'enable\\u0000TopicList=true',
    'proxyProtocolTrustedNetworks=0.0.0.0/0',
    'overloadLagMillis=0',
    'foo.unknown=x',
    '=x',
  ])('are compared exactly, after unescaping: %j sets none of them', (text) => {
    expect(forbiddenKeys(parseJavaProperties(Buffer.from(text)).keys())).toHaveLength(1)
  })

  test.each(['enableTopicList : true', '  enableTopicList true', 'enable\\u0054opicList=true'])(
    'may be written in any form that a .properties file allows: %j',
    (text) => {
      expect(forbiddenKeys(parseJavaProperties(Buffer.from(text)).keys())).toEqual([])
    },
  )

  test('never fail the next start, whatever value an update gives them', () => {
    const updating = configured('foo=bar')
    for (const { name, type, min, max } of CONFIG_KEYS.filter((key) => UPDATABLE_KEYS.includes(key.name))) {
      const texts = type === 'boolean' ? ['true', 'FALSE'] : [`${min}`, `${max}`, '007']
      for (const text of texts) {
        updating.update(`${name}=${text}`)
        expect(configured(updating.stored).configuration.values).toMatchObject({
          [name]: updating.configuration.values[name as 'waitSecondsForService'],
        })
      }
    }
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
    const { configuration } = configured(`configBlackList=${text}`)
    expect([...configuration.blackList].sort()).toEqual(keys.sort())
  })
})
