import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VersionedMap } from '../../src/routeinfo/versioned-map.ts'

describe('between two transitions', () => {
  test('snapshotGet returns the present value', () => {
    const map = new VersionedMap<string, number>().set('a', 1)
    expect(map.snapshotGet('a')).toBe(1)
    map.set('b', 2)
    map.delete('a')
    expect([map.snapshotGet('a'), map.snapshotGet('b')]).toEqual([undefined, 2])
    expect(map.isShared('b')).toBe(false)
  })
})

test('during a transition snapshotGet returns the values before it, whatever is set, deleted and set again', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd')
  const change = fc.oneof(
    fc.tuple(fc.constant('set' as const), key, fc.nat(9)),
    fc.tuple(fc.constant('delete' as const), key, fc.constant(0)),
  )
  const entries = fc.array(fc.tuple(key, fc.nat(9)))
  fc.assert(
    fc.property(entries, fc.array(change), (before, changes) => {
      const map = new VersionedMap<string, number>()
      for (const [name, value] of before) map.set(name, value)
      const plain = new Map<string, number>(before)
      const shown = () => ['a', 'b', 'c', 'd'].map((name) => map.snapshotGet(name))
      const shownBefore = shown()
      map.begin()
      for (const [what, name, value] of changes) {
        if (what === 'set') {
          map.set(name, value)
          plain.set(name, value)
        } else {
          expect(map.delete(name)).toBe(plain.delete(name))
        }
        expect(shown()).toEqual(shownBefore)
        if (map.isEmpty) expect(shownBefore.every((each) => each === undefined)).toBe(true)
      }
      map.commit()
      expect([...map]).toEqual([...plain])
      expect(shown()).toEqual(['a', 'b', 'c', 'd'].map((name) => plain.get(name)))
    }),
  )
})
