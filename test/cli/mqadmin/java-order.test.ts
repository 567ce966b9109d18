import { describe, expect, test } from 'vitest'
import {
  concurrentHashMapOrder,
  hashMapOrder,
  hashOfLong,
  javaHash,
} from '../../../src/cli/mqadmin/java-order.ts'

// All expected orders were printed by Java 17.
const keys = Array.from({ length: 60 }, (_, index) => `key.${index * index}`)
const indices = (ordered: readonly string[]): number[] => ordered.map((key) => keys.indexOf(key))

describe('the order of Java', () => {
  test('of a HashMap that has grown three times', () => {
    expect(indices(hashMapOrder(keys, javaHash))).toEqual([
      ...[
        41, 55, 33, 6, 24, 16, 43, 37, 40, 38, 39, 42, 36, 7, 14, 10, 12, 9, 15, 52, 44, 28, 25, 30, 48, 45,
      ],
      ...[
        50, 58, 59, 4, 19, 26, 54, 32, 46, 57, 35, 5, 8, 1, 21, 0, 22, 11, 53, 18, 29, 47, 2, 20, 31, 13, 17,
      ],
      ...[3, 51, 27, 34, 56, 23, 49],
    ])
  })

  test('of a ConcurrentHashMap differs where keys share a bucket that was split', () => {
    expect(indices(concurrentHashMapOrder(keys, javaHash))).toEqual([
      ...[
        41, 55, 33, 6, 24, 16, 43, 37, 40, 39, 38, 42, 36, 7, 14, 10, 12, 15, 9, 52, 44, 28, 25, 30, 48, 45,
      ],
      ...[
        50, 58, 59, 4, 19, 26, 54, 32, 46, 57, 35, 5, 8, 1, 21, 0, 22, 11, 53, 18, 29, 47, 31, 20, 2, 17, 13,
      ],
      ...[3, 51, 27, 34, 56, 23, 49],
    ])
  })

  test('of a HashMap that was created small', () => {
    const addresses = [0, 1, 4, 9, 16].map((number) => `10.0.0.${number}:9876`)
    const ordered = hashMapOrder(addresses, javaHash, 4)
    expect(ordered.map((address) => addresses.indexOf(address))).toEqual([3, 4, 0, 2, 1])
  })

  test('of a HashMap with broker ids', () => {
    const ids = [0n, 1n, 16n, 33n, -1n, 1n << 40n, -(1n << 63n), (1n << 33n) + 5n]
    expect(hashMapOrder(ids, hashOfLong).map((id) => ids.indexOf(id))).toEqual([0, 2, 4, 5, 6, 1, 3, 7])
  })
})

test.each([
  ['中é😀', 598_204_095],
  ['', 0],
  ['polygenelubricants', -2_147_483_648],
])('the hash code of %j is %i', (text, hash) => {
  expect(javaHash(text)).toBe(hash)
})
