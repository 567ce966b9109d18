import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ConnectionsPerAddress } from '../../src/remoting/server/connection-limits.ts'

/** Counts connections and keeps them, so that they can close. */
function counting(max: number) {
  const counts = new ConnectionsPerAddress(max)
  const sockets: Socket[] = []
  const add = (host: string): string => {
    const socket = new Socket()
    sockets.push(socket)
    try {
      counts.count(socket, host)
      return 'counted'
    } catch (error) {
      return (error as Error).message
    }
  }
  return { counts, sockets, add }
}

describe('the connections of an address', () => {
  test('are counted up to the limit, for each address on its own', () => {
    const { counts, sockets, add } = counting(2)
    const rejected = 'maxConnectionsPerAddress (2) reached for a'
    expect(['a', 'a', 'a', 'b'].map(add)).toEqual(['counted', 'counted', rejected, 'counted'])
    counts.release(sockets[0] as Socket)
    expect(['a', 'a'].map(add)).toEqual(['counted', rejected])
  })

  test('leave nothing behind when they have closed', () => {
    const { counts, sockets, add } = counting(2)
    for (const host of ['a', 'b', 'a', 'a']) add(host)
    expect(counts.size).toBe(2)
    for (const socket of [...sockets, ...sockets]) counts.release(socket)
    expect(counts.size).toBe(0)
  })

  test('are those of one address, in either notation', () => {
    const { counts, sockets, add } = counting(1)
    expect(['::ffff:10.0.0.1', '10.0.0.1', '::ffff:1'].map((host) => add(host) === 'counted')).toEqual([
      true,
      false,
      true,
    ])
    counts.release(sockets[0] as Socket)
    expect(add('::FFFF:10.0.0.1')).toBe('counted')
  })

  test('count for one address at a time, and for none after a rejection', () => {
    const { counts, sockets, add } = counting(1)
    add('proxy')
    counts.count(sockets[0] as Socket, 'a')
    expect(add('proxy')).toBe('counted')
    expect(() => counts.count(sockets[1] as Socket, 'a')).toThrow(/^maxConnectionsPerAddress/)
    expect(add('proxy')).toBe('counted')
  })
})
