import { describe, expect, test } from 'vitest'
import { CONFIG_NAMES } from '../../../src/namesrv/config/config-keys.ts'
import { nearestKey } from '../../../src/namesrv/config/nearest-key.ts'

describe('nearestKey', () => {
  test.each([
    ['listenPrt', 'listenPort'],
    ['listenport', 'listenPort'],
    ['lsitenPort', 'listenPort'],
    ['kvConfigpath', 'kvConfigPath'],
    ['scanNotActiveBrokerIntervall', 'scanNotActiveBrokerInterval'],
    ['tls.server.keypath', 'tls.server.keyPath'],
    ['enableControllerInNamesrvv', 'enableControllerInNamesrv'],
    ['rocketmqHom', 'rocketmqHome'],
  ])('takes %s for %s', (name, key) => {
    expect(nearestKey(name, CONFIG_NAMES)).toBe(key)
  })

  test.each(['foo.unknown', 'x', '', 'brokerClusterName', 'a'.repeat(10_000)])(
    'finds no known key near %.20s',
    (name) => {
      expect(nearestKey(name, CONFIG_NAMES)).toBeUndefined()
    },
  )

  test('counts swapped neighbours as one change, and returns the nearest candidate', () => {
    expect(nearestKey('abdc', ['abxx', 'abcd'])).toBe('abcd')
    expect(nearestKey('abcde', ['abcxe', 'abcde'])).toBe('abcde')
  })
})
