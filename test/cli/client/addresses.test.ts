import { describe, expect, test } from 'vitest'
import { parseAddresses } from '../../../src/cli/client/addresses.ts'

describe('addresses of NameServers', () => {
  test.each([
    ['a:9876', ['a:9876']],
    ['a', ['a:9876']],
    ['10.0.0.1', ['10.0.0.1:9876']],
    ['a:1;b:2,c', ['a:1', 'b:2', 'c:9876']],
    [' a:1 ; ; b:2 ;', ['a:1', 'b:2']],
    ['a:1;a:1;a', ['a:1', 'a:9876']],
    ['[::1]:9877', ['[::1]:9877']],
    ['[::1]', ['[::1]:9876']],
    ['::1', ['[::1]:9876']],
    ['fe80::1%eth0', ['[fe80::1%eth0]:9876']],
    ['http://a:9876', ['a:9876']],
  ])('%j are %j', (text, expected) => {
    expect(parseAddresses(text)).toEqual(expected)
  })

  test.each([
    ['', 'no NameServer address given (-n host:port)'],
    [' ; ', 'no NameServer address given (-n host:port)'],
    ['a:0', '"a:0" is not a NameServer address (host:port)'],
    ['a:99999', '"a:99999" is not a NameServer address (host:port)'],
    ['a:b', '"a:b" is not a NameServer address (host:port)'],
    ['a b', '"a b" is not a NameServer address (host:port)'],
    [':9876', '":9876" is not a NameServer address (host:port)'],
    ['[::1', '"[::1" is not a NameServer address (host:port)'],
    [`a:1;${'x'.repeat(300)} y`, `"${'x'.repeat(100)}" is not a NameServer address (host:port)`],
  ])('reject %j', (text, message) => {
    expect(() => parseAddresses(text)).toThrow(expect.objectContaining({ code: 'usage', message }))
  })
})
