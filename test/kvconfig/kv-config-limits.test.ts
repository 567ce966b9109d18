import { describe, expect, test } from 'vitest'
import {
  decodeKVConfigFile,
  KVConfigManager,
  type KVConfigTable,
} from '../../src/kvconfig/kv-config-manager.ts'

function boundedManager(
  limits: { maxKVEntries?: number; maxKVBytes?: number },
  table: KVConfigTable = new Map(),
): { manager: KVConfigManager; files: string[]; disk: { full: boolean } } {
  const files: string[] = []
  const disk = { full: false }
  const persist = async (file: Buffer, onStored: () => void): Promise<void> => {
    if (disk.full) throw new Error('no space left')
    files.push(file.toString())
    onStored()
  }
  const all = { maxKVEntries: 100, maxKVBytes: 1_000, maxWaitingChanges: 10, ...limits }
  return { manager: new KVConfigManager(table, persist, all), files, disk }
}

const tooMany = (limit: string): unknown =>
  expect.objectContaining({ name: 'LimitError', busy: false, limit })

describe('the table', () => {
  test('takes maxKVEntries entries; one more is rejected, and neither memory nor disk has it', async () => {
    const { manager, files } = boundedManager({ maxKVEntries: 2 })
    await manager.putKVConfig('N', 'a', '1')
    await manager.putKVConfig('M', 'b', '2')
    await expect(manager.putKVConfig('N', 'c', '3')).rejects.toEqual(tooMany('maxKVEntries'))
    await expect(manager.putKVConfig('N', 'c', null)).rejects.toEqual(tooMany('maxKVEntries'))
    expect(manager.getKVConfig('N', 'c')).toBeNull()
    expect(files.at(-1)).toBe('{"configTable":{"N":{"a":"1"},"M":{"b":"2"}}}')
    expect(files).toHaveLength(2)
    await manager.putKVConfig('N', 'a', '4')
    await manager.deleteKVConfig('M', 'b')
    await manager.putKVConfig('N', 'c', '3')
    expect([manager.entries, manager.getKVConfig('N', 'c')]).toEqual([2, '3'])
  })

  test('does not count namespaces whose keys were deleted, neither as entries nor in bytes', async () => {
    const { manager, files } = boundedManager({ maxKVEntries: 3, maxKVBytes: 20 })
    for (const namespace of ['n0', 'n1', 'n2', 'ORDER_TOPIC_CONFIG']) {
      await manager.putKVConfig(namespace, 'k', '')
      await manager.deleteKVConfig(namespace, 'k')
    }
    expect([manager.entries, manager.bytes]).toEqual([0, 0])
    for (const namespace of ['m0', 'm1', 'm2']) await manager.putKVConfig(namespace, 'k', 'v')
    expect([manager.entries, manager.bytes]).toEqual([3, 12])
    expect(files.at(-1)).toBe(
      '{"configTable":{"ORDER_TOPIC_CONFIG":{},"m0":{"k":"v"},"m1":{"k":"v"},"m2":{"k":"v"}}}',
    )
  })

  test('does not count namespaces that are empty in the file after a restart', async () => {
    const table = decodeKVConfigFile(Buffer.from('{"configTable":{"n0":{},"n1":{},"n2":{"k":"v"}}}'))
    const { manager } = boundedManager({ maxKVEntries: 2, maxKVBytes: 8 }, table)
    expect([manager.entries, manager.bytes]).toEqual([1, 4])
    await manager.putKVConfig('m0', 'k', 'v')
    await expect(manager.putKVConfig('m1', 'k', 'v')).rejects.toEqual(tooMany('maxKVEntries'))
  })

  test('takes maxKVBytes bytes of namespaces, keys and values, and not one more', async () => {
    const { manager, files } = boundedManager({ maxKVBytes: 10 })
    await manager.putKVConfig('N', 'é', 'vvvv')
    expect(manager.bytes).toBe(7)
    await manager.putKVConfig('N', 'é', '1234567')
    expect(manager.bytes).toBe(10)
    await expect(manager.putKVConfig('N', 'é', '12345678')).rejects.toEqual(tooMany('maxKVBytes'))
    await expect(manager.putKVConfig('N', 'k', '')).rejects.toEqual(tooMany('maxKVBytes'))
    expect([manager.getKVConfig('N', 'é'), files.length, manager.bytes]).toEqual(['1234567', 2, 10])
    await manager.deleteKVConfig('N', 'é')
    expect(manager.bytes).toBe(0)
  })

  test('keeps what the file has beyond the limits; it may shrink and not grow', async () => {
    const table = new Map([
      [
        'N',
        new Map([
          ['a', '12345'],
          ['b', '12345'],
          ['c', '1'],
        ]),
      ],
    ])
    const { manager } = boundedManager({ maxKVEntries: 2, maxKVBytes: 5 }, table)
    expect([manager.entries, manager.bytes]).toEqual([3, 15])
    await manager.putKVConfig('N', 'a', '123')
    expect(manager.bytes).toBe(13)
    await expect(manager.putKVConfig('N', 'a', '1234')).rejects.toEqual(tooMany('maxKVBytes'))
    await expect(manager.putKVConfig('N', 'd', '')).rejects.toEqual(tooMany('maxKVEntries'))
  })

  test('does not count what was not written to disk', async () => {
    const { manager, disk } = boundedManager({ maxKVEntries: 1 })
    disk.full = true
    await expect(manager.putKVConfig('N', 'k', 'v')).rejects.toThrow('no space left')
    expect([manager.entries, manager.bytes]).toEqual([0, 0])
    disk.full = false
    await manager.putKVConfig('N', 'k', 'v')
    disk.full = true
    await expect(manager.deleteKVConfig('N', 'k')).rejects.toThrow('no space left')
    expect([manager.entries, manager.bytes]).toEqual([1, 3])
  })
})
