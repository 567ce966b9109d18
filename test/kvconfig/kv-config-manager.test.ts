import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeKVConfigFile,
  encodeKVConfigFile,
  KVConfigManager,
  type KVConfigTable,
  type PersistKVConfig,
} from '../../src/kvconfig/kv-config-manager.ts'
import { JsonError } from '../../src/protocol/errors.ts'

const LIMITS = { maxKVEntries: 1_000, maxKVBytes: 1_000_000, maxWaitingChanges: 1_000 }

function managerWith(table: KVConfigTable = new Map()) {
  const files: string[] = []
  const disk = { full: false }
  const persist: PersistKVConfig = async (file, onStored) => {
    if (disk.full) throw new Error('no space left')
    files.push(file.toString())
    onStored()
  }
  const manager = new KVConfigManager(table, persist, LIMITS)
  return { manager, files, disk }
}

const plain = (table: KVConfigTable): unknown =>
  Object.fromEntries([...table].map(([name, entries]) => [name, Object.fromEntries(entries)]))

describe('the table', () => {
  test('a value that was put reads back, in its namespace alone', async () => {
    const { manager } = managerWith()
    await manager.putKVConfig('N', 'k', 'v')
    expect(manager.getKVConfig('N', 'k')).toBe('v')
    expect(manager.getKVConfig('M', 'k')).toBeNull()
    expect(manager.getKVConfig('N', 'other')).toBeNull()
  })

  test('empty namespaces, keys and values are ordinary ones', async () => {
    const { manager } = managerWith()
    await manager.putKVConfig('', '', '')
    expect(manager.getKVConfig('', '')).toBe('')
  })

  test('names with a meaning in JavaScript are ordinary names', async () => {
    const { manager } = managerWith()
    expect(manager.getKVConfig('__proto__', 'constructor')).toBeNull()
    await manager.putKVConfig('__proto__', 'toString', 'v')
    expect(manager.getKVConfig('__proto__', 'toString')).toBe('v')
  })

  test('a null namespace or key has no value', async () => {
    const { manager } = managerWith()
    await manager.putKVConfig('N', 'k', 'v')
    expect(manager.getKVConfig(null, 'k')).toBeNull()
    expect(manager.getKVConfig('N', null)).toBeNull()
    expect(manager.getKVListByNamespace(null)).toBeNull()
  })

  test('a null value replaces the one before and is left out of the file', async () => {
    const { manager, files } = managerWith()
    await manager.putKVConfig('N', 'k', 'v')
    await manager.putKVConfig('N', 'k', null)
    expect(manager.getKVConfig('N', 'k')).toBeNull()
    expect(files.at(-1)).toBe('{"configTable":{"N":{}}}')
  })

  test('a namespace is removed with its last key, from memory and from the file', async () => {
    const { manager, files } = managerWith()
    await manager.putKVConfig('N', 'k', 'v')
    await manager.putKVConfig('N', 'l', 'v')
    await manager.deleteKVConfig('N', 'k')
    expect(manager.getKVListByNamespace('N')).toEqual(new Map([['l', 'v']]))
    await manager.deleteKVConfig('N', 'l')
    expect(manager.getKVConfig('N', 'l')).toBeNull()
    expect(manager.getKVListByNamespace('N')).toBeNull()
    expect(files.at(-1)).toBe('{"configTable":{}}')
    await manager.putKVConfig('N', 'k', 'w')
    expect(files.at(-1)).toBe('{"configTable":{"N":{"k":"w"}}}')
  })

  test('the order configuration stays when its last topic is deleted, so that brokers are sent an empty table', async () => {
    const { manager, files } = managerWith()
    await manager.putKVConfig('ORDER_TOPIC_CONFIG', 'T', 'b:4')
    await manager.deleteKVConfig('ORDER_TOPIC_CONFIG', 'T')
    expect(manager.getKVListByNamespace('ORDER_TOPIC_CONFIG')).toEqual(new Map())
    expect(files.at(-1)).toBe('{"configTable":{"ORDER_TOPIC_CONFIG":{}}}')
    const restarted = managerWith(decodeKVConfigFile(Buffer.from(`${files.at(-1)}`))).manager
    expect(restarted.getKVListByNamespace('ORDER_TOPIC_CONFIG')).toEqual(new Map())
  })

  test.each([
    ['unknown namespace', 'X', 'k'],
    ['unknown key', 'N', 'x'],
    ['no namespace', null, 'k'],
    ['no key', 'N', null],
  ])('deleting what is not there changes nothing and writes the file: %s', async (_, namespace, key) => {
    const { manager, files } = managerWith(new Map([['N', new Map([['k', 'v']])]]))
    await manager.deleteKVConfig(namespace, key)
    expect(manager.getKVConfig('N', 'k')).toBe('v')
    expect(files).toEqual(['{"configTable":{"N":{"k":"v"}}}'])
  })

  test('a returned list does not change', async () => {
    const { manager } = managerWith()
    await manager.putKVConfig('N', 'k', 'v')
    const list = manager.getKVListByNamespace('N')
    await manager.putKVConfig('N', 'k', 'w')
    await manager.deleteKVConfig('N', 'k')
    expect(list).toEqual(new Map([['k', 'v']]))
  })
})

describe('when writing fails, memory and disk still agree:', () => {
  test.each<[string, (manager: KVConfigManager) => Promise<void>]>([
    ['a new namespace', (manager) => manager.putKVConfig('M', 'k', 'v')],
    ['another value', (manager) => manager.putKVConfig('N', 'k', 'w')],
    ['a deletion', (manager) => manager.deleteKVConfig('N', 'k')],
  ])('%s', async (_, change) => {
    const { manager, files, disk } = managerWith()
    await manager.putKVConfig('N', 'k', 'v')
    disk.full = true
    await expect(change(manager)).rejects.toThrow('no space left')
    expect(manager.getKVListByNamespace('N')).toEqual(new Map([['k', 'v']]))
    expect(manager.getKVListByNamespace('M')).toBeNull()
    expect(files).toEqual(['{"configTable":{"N":{"k":"v"}}}'])
    disk.full = false
    await change(manager)
    expect(files).toHaveLength(2)
  })

  test('a deletion of nothing reports the failure, too', async () => {
    const { manager, disk } = managerWith()
    disk.full = true
    await expect(manager.deleteKVConfig('X', 'k')).rejects.toThrow('no space left')
  })
})

/** What a caller asks for: a value, or its removal. */
type Change = readonly [namespace: string, key: string, value: string | undefined]

test('through any failures, memory equals the disk: every change that succeeded, in order', async () => {
  const name = fc.constantFrom('a', 'b')
  const change: fc.Arbitrary<Change> = fc.tuple(name, name, fc.option(fc.string(), { nil: undefined }))
  /** How each write ends: well, badly, or in place and then badly. */
  const ends = fc.infiniteStream(fc.constantFrom('well', 'well', 'badly', 'late'))
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 30 }),
      ends,
      fc.scheduler(),
      async (changes, how, turns) => {
        let disk: KVConfigTable = new Map()
        /** Changes that ended well, and those that were told of a failure but may be in place. */
        const stored: Change[] = []
        const manager: KVConfigManager = new KVConfigManager(
          disk,
          async (file, onStored) => {
            expect(manager.getKVListByNamespace('a')).toEqual(disk.get('a') ?? null)
            const end = how.next().value
            await turns.schedule(Promise.resolve(), 'the disk')
            if (end === 'badly') throw new Error('no space left')
            disk = decodeKVConfigFile(file)
            onStored()
            await turns.schedule(Promise.resolve(), 'the folder')
            if (end === 'late') throw new Error('the folder fails')
          },
          LIMITS,
        )
        const made = changes.map(async (each) => {
          await turns.schedule(Promise.resolve(), 'a caller')
          const [namespace, key, value] = each
          try {
            if (value === undefined) await manager.deleteKVConfig(namespace, key)
            else await manager.putKVConfig(namespace, key, value)
            stored.push(each)
          } catch (error) {
            if ((error as Error).message === 'the folder fails') stored.push(each)
          }
        })
        await turns.waitFor(Promise.all(made))
        const expected = new Map<string, Map<string, string>>()
        for (const [namespace, key, value] of stored) {
          const entries = expected.get(namespace) ?? new Map<string, string>()
          if (value !== undefined) expected.set(namespace, entries.set(key, value))
          else if (entries.delete(key) && entries.size === 0) expected.delete(namespace)
        }
        for (const namespace of ['a', 'b']) {
          expect(manager.getKVListByNamespace(namespace)).toEqual(disk.get(namespace) ?? null)
          expect(disk.get(namespace)).toEqual(expected.get(namespace))
        }
      },
    ),
  )
})

describe('the file', () => {
  test('is the JSON that Java writes', () => {
    const orders = new Map([['TopicX', 'broker-a:4;broker-b:4']])
    const table = new Map([
      ['ORDER_TOPIC_CONFIG', orders],
      ['N', new Map([['quo"te', 'line\nfeed']])],
    ])
    expect(encodeKVConfigFile(table).toString()).toBe(
      '{"configTable":{"ORDER_TOPIC_CONFIG":{"TopicX":"broker-a:4;broker-b:4"},"N":{"quo\\"te":"line\\nfeed"}}}',
    )
  })

  test.each([
    ['nothing at all', ''],
    ['blanks', ' \n'],
    ['an empty array', '[]'],
    ['an empty table', '{"configTable":{}}'],
  ])('with %s is an empty table', (_, text) => {
    expect(decodeKVConfigFile(Buffer.from(text))).toEqual(new Map())
  })

  test('may be formatted by hand and have unknown fields', () => {
    const text =
      '{\n  "later": [1, {}],\n  "configTable" : { "N" : { "k" : "v", "gone" : null }, "M" : null }\n}\n'
    expect(plain(decodeKVConfigFile(Buffer.from(text)))).toEqual({ N: { k: 'v', gone: null } })
  })

  test.each([
    ['null', 'null'],
    ['no table', '{}'],
    ['a table that is null', '{"configTable":null}'],
    ['a table that is a list', '{"configTable":[]}'],
    ['a namespace that is text', '{"configTable":{"N":"v"}}'],
    ['a cut end', '{"configTable":{"N":{"k":"v"'],
    ['a second value', '{"configTable":{}}{}'],
    ['other text', 'kvconfig'],
    ['zero bytes', '\0\0\0\0'],
  ])('is rejected as damaged: %s', (_, text) => {
    expect(() => decodeKVConfigFile(Buffer.from(text))).toThrow(JsonError)
  })

  test('cut off anywhere is rejected, so that a half-written one is never loaded', () => {
    const whole = encodeKVConfigFile(new Map([['N', new Map([['k', 'välue']])]]))
    for (let length = 1; length < whole.length; length++) {
      expect(() => decodeKVConfigFile(whole.subarray(0, length))).toThrow(JsonError)
    }
  })

  test('may have empty namespaces like a file of Java, which are dropped', () => {
    const text = '{"configTable":{"N":{},"ORDER_TOPIC_CONFIG":{},"M":{"k":"v"}}}'
    expect(plain(decodeKVConfigFile(Buffer.from(text)))).toEqual({ ORDER_TOPIC_CONFIG: {}, M: { k: 'v' } })
  })

  test('reads back as the table that was written', () => {
    const text = fc.string({ unit: 'grapheme' })
    const tables = fc.dictionary(text, fc.dictionary(text, text, { minKeys: 1 }))
    fc.assert(
      fc.property(tables, (wanted) => {
        const table = new Map(
          Object.entries(wanted).map(([name, list]) => [name, new Map(Object.entries(list))]),
        )
        expect(decodeKVConfigFile(encodeKVConfigFile(table))).toEqual(table)
      }),
    )
  })
})
