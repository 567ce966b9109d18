import { describe, expect, it } from 'vitest'
import { NamePatterns } from '../../src/access/name-patterns.ts'

describe('A pattern of names', () => {
  it.each<[pattern: string, matching: string[], other: string[]]>([
    ['broker-a', ['broker-a'], ['broker-ab', 'xbroker-a', 'BROKER-A']],
    ['broker-*', ['broker-', 'broker-a'], ['broker', 'xbroker-a']],
    ['*', ['', 'a'], []],
    ['%RETRY%*', ['%RETRY%g'], ['RETRY']],
    ['a*a', ['aa', 'aba'], ['a', 'ab']],
    ['a*b*c', ['abc', 'a-b-c', 'abbc'], ['acb', 'abcd', 'ac']],
    ['a.c', ['a.c'], ['abc']],
    ['*.mq.example', ['a.mq.example'], ['amq.example', 'a.mq.example.evil']],
  ])('%s matches %o and not %o', (pattern, matching, other) => {
    const patterns = new NamePatterns([pattern])
    expect(matching.filter((name) => !patterns.has(name))).toEqual([])
    expect(other.filter((name) => patterns.has(name))).toEqual([])
  })

  it('takes no longer for a hostile name', () => {
    const patterns = new NamePatterns([`${'a*'.repeat(100)}b`])
    expect(patterns.has('a'.repeat(200_000))).toBe(false)
  })
})
