import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonDialect } from '../../src/protocol/json/json-text.ts'
import { EncodedRouteCache } from '../../src/routeinfo/encoded-route-cache.ts'
import { PLAIN_VARIANT } from './route-helpers.ts'

const LEGACY = { ...PLAIN_VARIANT, dialect: 'legacy' } as const
const body = (length: number): Buffer => Buffer.alloc(length, 'x')

describe('an encoded route is not returned for', () => {
  test.each([
    ['another topic', 'U', PLAIN_VARIANT],
    ['another dialect', 'T', LEGACY],
    ['another order configuration', 'T', { ...PLAIN_VARIANT, orderTopicConf: 'broker-a:4' }],
    ['acting masters shown', 'T', { ...PLAIN_VARIANT, supportActingMaster: true }],
  ])('%s', (_, topic, variant) => {
    const cache = new EncodedRouteCache(10_000)
    const route = body(10)
    cache.set('T', PLAIN_VARIANT, route)
    expect(cache.get('T', PLAIN_VARIANT)).toBe(route)
    expect(cache.get(topic, variant)).toBeUndefined()
  })
})

describe('EncodedRouteCache drops', () => {
  test('the given topics, in both dialects', () => {
    const cache = new EncodedRouteCache(10_000)
    for (const topic of ['T', 'U'])
      for (const variant of [PLAIN_VARIANT, LEGACY]) cache.set(topic, variant, body(10))
    cache.drop(['T', 'unknown'])
    expect(cache.get('T', PLAIN_VARIANT)).toBeUndefined()
    expect(cache.get('T', LEGACY)).toBeUndefined()
    expect(cache.get('U', PLAIN_VARIANT)).toBeDefined()
    cache.drop('every')
    expect(cache.get('U', LEGACY)).toBeUndefined()
    expect(cache.bytes).toBe(0)
  })

  test('the oldest entries beyond the limit', () => {
    const cache = new EncodedRouteCache(1_000)
    for (const topic of ['A', 'B', 'C', 'D']) cache.set(topic, PLAIN_VARIANT, body(150))
    expect(['A', 'B', 'C', 'D'].map((topic) => cache.get(topic, PLAIN_VARIANT) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ])
  })

  test('a route larger than the limit, and keeps the others; with a limit of 0 it drops everything', () => {
    const cache = new EncodedRouteCache(1_000)
    cache.set('T', PLAIN_VARIANT, body(10))
    cache.set('U', PLAIN_VARIANT, body(1_000))
    expect(cache.get('T', PLAIN_VARIANT)).toBeDefined()
    expect(cache.get('U', PLAIN_VARIANT)).toBeUndefined()
    const none = new EncodedRouteCache(0)
    none.set('T', PLAIN_VARIANT, body(0))
    expect(none.get('T', PLAIN_VARIANT)).toBeUndefined()
  })

  test('the smaller route that a larger one replaces', () => {
    const cache = new EncodedRouteCache(10_000)
    cache.set('T', PLAIN_VARIANT, body(10))
    const before = cache.bytes
    cache.set('T', PLAIN_VARIANT, body(30))
    expect(cache.bytes).toBe(before + 20)
  })

  test.each([
    ['legacy', 'standard'],
    ['standard', 'legacy'],
  ] as const)('a cache full of %s routes makes room for %s ones', (full, rare) => {
    const cache = new EncodedRouteCache(2_000)
    for (let index = 0; index < 100; index++)
      cache.set(`T${index}`, { ...PLAIN_VARIANT, dialect: full }, body(10))
    cache.set('T0', { ...PLAIN_VARIANT, dialect: rare }, body(10))
    expect(cache.get('T0', { ...PLAIN_VARIANT, dialect: rare })).toBeDefined()
  })
})

test('EncodedRouteCache stays within its limit, and keeps the route just made if it fits by itself', () => {
  const dialect = fc.constantFrom<JsonDialect>('legacy', 'standard')
  const entry = fc.tuple(fc.constantFrom('A', 'B', 'C', 'D', 'E'), dialect, fc.nat({ max: 900 }))
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
      const cache = new EncodedRouteCache(1_000)
      for (const [topic, ofDialect, length] of entries) {
        const variant = { ...PLAIN_VARIANT, dialect: ofDialect }
        cache.set(topic, variant, body(length))
        expect(cache.bytes).toBeLessThanOrEqual(1_000)
        expect(cache.get(topic, variant) !== undefined).toBe(length + 2 + 160 <= 1_000)
      }
      cache.drop(['A', 'B', 'C', 'D', 'E'])
      expect(cache.bytes).toBe(0)
    }),
  )
})
