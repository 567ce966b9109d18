import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeKVConfigFile,
  encodeKVConfigFile,
  KVConfigManager,
  type KVConfigTable,
} from '../../src/kvconfig/kv-config-manager.ts'
import { JsonError } from '../../src/protocol/errors.ts'

function managerWith(table: KVConfigTable = new Map()) {
  const files: string[] = []
  const disk = { full: false }
  const manager = new KVConfigManager(table, (file) => {
    if (disk.full) throw new Error('no space left')
    files.push(file.toString())
  })
  return { manager, files, disk }
}

const plain = (table: KVConfigTable): unknown =>
  Object.fromEntries([...table].map(([name, entries]) => [name, Object.fromEntries(entries)]))

describe('the table', () => {
  test('a value that was put reads back, in its namespace alone', () => {
    const { manager } = managerWith()
    manager.putKVConfig('N', 'k', 'v')
    expect(manager.getKVConfig('N', 'k')).toBe('v')
    expect(manager.getKVConfig('M', 'k')).toBeNull()
    expect(manager.getKVConfig('N', 'other')).toBeNull()
  })

  test('empty namespaces, keys and values are as good as others', () => {
    const { manager } = managerWith()
    manager.putKVConfig('', '', '')
    expect(manager.getKVConfig('', '')).toBe('')
  })

  test('names that mean something to JavaScript are names like others', () => {
    const { manager } = managerWith()
    expect(manager.getKVConfig('__proto__', 'constructor')).toBeNull()
    manager.putKVConfig('__proto__', 'toString', 'v')
    expect(manager.getKVConfig('__proto__', 'toString')).toBe('v')
  })

  test('no namespace and no key have no value', () => {
    const { manager } = managerWith()
    manager.putKVConfig('N', 'k', 'v')
    expect(manager.getKVConfig(null, 'k')).toBeNull()
    expect(manager.getKVConfig('N', null)).toBeNull()
    expect(manager.getKVListByNamespace(null)).toBeNull()
  })

  test('a null value hides the one before, and is left out of the file', () => {
    const { manager, files } = managerWith()
    manager.putKVConfig('N', 'k', 'v')
    manager.putKVConfig('N', 'k', null)
    expect(manager.getKVConfig('N', 'k')).toBeNull()
    expect(files.at(-1)).toBe('{"configTable":{"N":{}}}')
  })

  test('a namespace stays when its last key goes', () => {
    const { manager, files } = managerWith()
    manager.putKVConfig('N', 'k', 'v')
    manager.deleteKVConfig('N', 'k')
    expect(manager.getKVConfig('N', 'k')).toBeNull()
    expect(manager.getKVListByNamespace('N')).toEqual(new Map())
    expect(files.at(-1)).toBe('{"configTable":{"N":{}}}')
  })

  test.each([
    ['unknown namespace', 'X', 'k'],
    ['unknown key', 'N', 'x'],
    ['no namespace', null, 'k'],
    ['no key', 'N', null],
  ])('deleting what is not there changes nothing and writes the file: %s', (_, namespace, key) => {
    const { manager, files } = managerWith(new Map([['N', new Map([['k', 'v']])]]))
    manager.deleteKVConfig(namespace, key)
    expect(manager.getKVConfig('N', 'k')).toBe('v')
    expect(files).toEqual(['{"configTable":{"N":{"k":"v"}}}'])
  })

  test('a list that was handed out stays as it was', () => {
    const { manager } = managerWith()
    manager.putKVConfig('N', 'k', 'v')
    const list = manager.getKVListByNamespace('N')
    manager.putKVConfig('N', 'k', 'w')
    manager.deleteKVConfig('N', 'k')
    expect(list).toEqual(new Map([['k', 'v']]))
  })
})

describe('when the disk takes nothing, memory and disk still agree', () => {
  test.each<[string, (manager: KVConfigManager) => void]>([
    ['a new namespace', (manager) => manager.putKVConfig('M', 'k', 'v')],
    ['another value', (manager) => manager.putKVConfig('N', 'k', 'w')],
    ['a deletion', (manager) => manager.deleteKVConfig('N', 'k')],
  ])('%s', (_, change) => {
    const { manager, files, disk } = managerWith()
    manager.putKVConfig('N', 'k', 'v')
    disk.full = true
    expect(() => change(manager)).toThrow('no space left')
    expect(manager.getKVListByNamespace('N')).toEqual(new Map([['k', 'v']]))
    expect(manager.getKVListByNamespace('M')).toBeNull()
    expect(files).toEqual(['{"configTable":{"N":{"k":"v"}}}'])
    disk.full = false
    change(manager)
    expect(files).toHaveLength(2)
  })

  test('a deletion that finds nothing reports the disk, too', () => {
    const { manager, disk } = managerWith()
    disk.full = true
    expect(() => manager.deleteKVConfig('X', 'k')).toThrow('no space left')
  })
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

  test('may be laid out by hand and hold fields that are not known', () => {
    const text =
      '{\n  "later": [1, {}],\n  "configTable" : { "N" : { "k" : "v", "gone" : null }, "M" : null }\n}\n'
    expect(plain(decodeKVConfigFile(Buffer.from(text)))).toEqual({ N: { k: 'v', gone: null }, M: {} })
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
  ])('is refused as damaged: %s', (_, text) => {
    expect(() => decodeKVConfigFile(Buffer.from(text))).toThrow(JsonError)
  })

  test('cut anywhere inside is refused, so that a half-written one is never taken for a table', () => {
    const whole = encodeKVConfigFile(new Map([['N', new Map([['k', 'välue']])]]))
    for (let length = 1; length < whole.length; length++) {
      expect(() => decodeKVConfigFile(whole.subarray(0, length))).toThrow(JsonError)
    }
  })

  test('reads back as the table that was written', () => {
    const text = fc.string({ unit: 'grapheme' })
    const tables = fc.dictionary(text, fc.dictionary(text, text))
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
