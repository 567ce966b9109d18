import { describe, expect, test } from 'vitest'
import { hintFor, nearestName } from '../../src/common/nearest-name.ts'
import { CONFIG_NAMES } from '../../src/namesrv/config/config-keys.ts'

describe('nearestName', () => {
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
    expect(nearestName(name, CONFIG_NAMES)).toBe(key)
  })

  test.each(['foo.unknown', 'x', '', 'brokerClusterName', 'a'.repeat(10_000)])(
    'finds no known key near %.20s',
    (name) => {
      expect(nearestName(name, CONFIG_NAMES)).toBeUndefined()
    },
  )

  test('returns the nearest candidate', () => {
    expect(nearestName('abcde', ['abcxe', 'abcde'])).toBe('abcde')
  })

  test('counts two swapped characters as one change', () => {
    expect(nearestName('pign', ['ping'])).toBe('ping')
    expect(nearestName('ipgn', ['ping'])).toBeUndefined()
  })
})

test('hintFor asks for the nearest candidate, if there is one', () => {
  expect(hintFor('lits', ['show', 'list'])).toBe('; did you mean list?')
  expect(hintFor('frobnicate', ['show', 'list'])).toBe('')
})
