import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeCommand } from '../../../src/protocol/command-encoder.ts'
import { FrameError } from '../../../src/protocol/errors.ts'
import { decodeRocketMQHeader, encodeRocketMQHeader } from '../../../src/protocol/header/rocketmq-header.ts'
import { StringInterner } from '../../../src/protocol/header/string-interner.ts'
import { LANGUAGE_CODES } from '../../../src/protocol/language-code.ts'
import { type RemotingCommand, SerializeType } from '../../../src/protocol/remoting-command.ts'
import { commandOf, framesOf, hex, int32 } from '../frame-helpers.ts'

/** code 101, JAVA, version 479, opaque 7, flag 0 */
const FIXED = '0065 00 01df 00000007 00000000'
const NO_REMARK = '00000000'

/** An entry: name `namespace` to `n` is 16 bytes, `key` to `k` is 10. */
function entry(name: string, value: string): Buffer {
  const nameLength = Buffer.alloc(2)
  nameLength.writeInt16BE(Buffer.byteLength(name))
  return Buffer.concat([nameLength, Buffer.from(name), int32(Buffer.byteLength(value)), Buffer.from(value)])
}
const ENTRIES = Buffer.concat([entry('namespace', 'n'), entry('key', 'k')])

function header(extFieldsBytes: number, entries: Buffer): Buffer {
  return Buffer.concat([hex(FIXED + NO_REMARK), int32(extFieldsBytes), entries])
}

const interner = new StringInterner()
const decode = (bytes: Buffer): ReturnType<typeof decodeRocketMQHeader> =>
  decodeRocketMQHeader(bytes, interner)

function expectRejected(bytes: Buffer): void {
  try {
    decode(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(FrameError)
    expect((error as FrameError).code).toBe('ERR_HEADER')
    return
  }
  throw new Error('the header was accepted')
}

const command: RemotingCommand = {
  code: 0,
  language: 'JAVA',
  version: 0,
  opaque: 0,
  flag: 0,
  remark: null,
  extFields: null,
  body: null,
}

describe('a binary header', () => {
  test('is read field by field', () => {
    expect(decode(header(ENTRIES.length, ENTRIES))).toEqual({
      code: 101,
      language: 'JAVA',
      version: 479,
      opaque: 7,
      flag: 0,
      remark: null,
      extFields: new Map([
        ['namespace', 'n'],
        ['key', 'k'],
      ]),
    })
  })

  test('has signed code, version, opaque and flag', () => {
    const read = decode(hex('ffff 00 fffe fffffff9 80000000 00000000 00000000'))
    expect(read).toMatchObject({ code: -1, version: -2, opaque: -7, flag: -0x80000000 })
  })

  test.each([
    ['00', 'JAVA'],
    ['07', 'OTHER'],
    ['09', 'GO'],
    ['0d', 'NODE_JS'],
    ['0e', 'OTHER'],
    ['ff', 'OTHER'],
  ])('with language byte %s is of %s', (byte, language) => {
    const read = decode(hex(`0065 ${byte} 01df 00000007 00000000 00000000 00000000`))
    expect(read).toMatchObject({ code: 101, language, version: 479 })
  })

  test('without ext fields has null for them', () => {
    expect(decode(header(0, Buffer.alloc(0))).extFields).toBeNull()
    expect(decode(header(-1, Buffer.alloc(0))).extFields).toBeNull()
    expect(decode(header(-1, ENTRIES)).extFields).toBeNull()
  })

  test('has null for an ext field with an empty value', () => {
    const entries = entry('key', '')
    expect(decode(header(entries.length, entries)).extFields).toEqual(new Map([['key', null]]))
  })

  test('may have an entry without a name, which is skipped', () => {
    const entries = Buffer.concat([entry('', 'x'), entry('key', 'k')])
    expect(decode(header(entries.length, entries)).extFields).toEqual(new Map([['key', 'k']]))
  })

  test('gives the last of two values of one name', () => {
    const entries = Buffer.concat([entry('key', 'k1'), entry('key', 'k2')])
    expect(decode(header(entries.length, entries)).extFields?.get('key')).toBe('k2')
  })

  test('whose last entry reaches beyond the announced length is accepted', () => {
    expect(decode(header(ENTRIES.length - 1, ENTRIES)).extFields?.get('key')).toBe('k')
  })

  test('whose announced length ends after the first entry has no second', () => {
    expect(decode(header(16, ENTRIES)).extFields).toEqual(new Map([['namespace', 'n']]))
  })

  test('may have bytes after its ext fields', () => {
    const bytes = Buffer.concat([header(ENTRIES.length, ENTRIES), hex('0102030405')])
    expect(decode(bytes).extFields?.size).toBe(2)
  })

  test('has replacement characters for bytes that are not UTF-8', () => {
    const invalid = Buffer.concat([hex('0003 6b6579 00000003'), hex('61ff62')])
    expect(decode(header(invalid.length, invalid)).extFields?.get('key')).toBe('a\ufffdb')
  })

  test('keeps a NUL in a value', () => {
    const entries = entry('key', 'a\0b')
    expect(decode(header(entries.length, entries)).extFields?.get('key')).toBe('a\0b')
  })

  test.each([
    ['is empty', ''],
    ['has 4 bytes', '00650001'],
    ['has 20 bytes', `${FIXED}${NO_REMARK}000000`],
    ['has a remark of -1 bytes', `${FIXED}ffffffff00000000`],
    ['has a remark as long as itself', `${FIXED}0000001500000000`],
    ['has a remark of 2,147,483,647 bytes', `${FIXED}7fffffff00000000`],
    ['has more ext field bytes than bytes', `${FIXED}${NO_REMARK}00000100`],
    ['has a name of -1 bytes', `${FIXED}${NO_REMARK}00000007 ffff 00000001 6b`],
    [
      'has a name longer than all ext fields',
      `${FIXED}${NO_REMARK}00000007 0008 6b6b6b6b6b6b6b6b 00000001 6b`,
    ],
    ['has a value of -1 bytes', `${FIXED}${NO_REMARK}00000007 0001 6b ffffffff`],
    [
      'has a value longer than all ext fields',
      `${FIXED}${NO_REMARK}00000008 0001 6b 00000009 6b6b6b6b6b6b6b6b6b`,
    ],
    ['has a value that reaches beyond it', `${FIXED}${NO_REMARK}00000008 0001 6b 00000002 6b`],
    ['ends inside a value length', `${FIXED}${NO_REMARK}00000005 0001 6b 0000`],
  ])('that %s is rejected', (_name, bytes) => {
    expectRejected(hex(bytes))
  })

  test('that is cut off anywhere is rejected', () => {
    const whole = header(ENTRIES.length, ENTRIES)
    for (let length = 0; length < whole.length; length++) expectRejected(whole.subarray(0, length))
  })
})

describe('a written binary header', () => {
  test('leaves out ext fields that are null and has length 0 for none', () => {
    const expected = `0000 00 0000 00000000 00000000 ${NO_REMARK} 00000000`.replaceAll(' ', '')
    expect(encodeRocketMQHeader(command).toString('hex')).toBe(expected)
    expect(encodeRocketMQHeader({ ...command, extFields: new Map() }).toString('hex')).toBe(expected)
    expect(encodeRocketMQHeader({ ...command, extFields: new Map([['a', null]]) }).toString('hex')).toBe(
      expected,
    )
    expect(encodeRocketMQHeader({ ...command, remark: '' }).toString('hex')).toBe(expected)
  })

  test('keeps 16 bits of code and version', () => {
    const bytes = encodeRocketMQHeader({ ...command, code: 0x12345, version: 0x1ffff })
    expect(bytes.subarray(0, 5).toString('hex')).toBe('234500ffff')
  })

  test('counts bytes and not characters', () => {
    const bytes = encodeRocketMQHeader({ ...command, remark: 'é', extFields: new Map([['中', '😀']]) })
    expect(bytes.subarray(13).toString('hex')).toBe('00000002c3a90000000d0003e4b8ad00000004f09f9880')
  })

  test('leaves out a name over 32,767 bytes and keeps one of 32,767', () => {
    const longest = 'a'.repeat(32_767)
    const extFields = new Map([
      [longest, 'x'],
      [`${longest}a`, 'y'],
    ])
    const bytes = encodeRocketMQHeader({ ...command, extFields })
    expect(bytes.length).toBe(21 + 2 + 32_767 + 4 + 1)
    expect(decode(bytes).extFields).toEqual(new Map([[longest, 'x']]))
  })

  test('is decoded as it was', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    const int16 = fc.integer({ min: -0x8000, max: 0x7fff })
    const commands = fc.record({
      code: int16,
      language: fc.constantFrom(...LANGUAGE_CODES),
      version: int16,
      opaque: fc.integer(),
      flag: fc.integer(),
      remark: fc.option(text),
      extFields: fc.option(
        fc.uniqueArray(fc.tuple(text, text), { minLength: 1, selector: ([name]) => name }),
      ),
      body: fc.option(fc.uint8Array({ minLength: 1, maxLength: 20 })),
    })
    fc.assert(
      fc.property(commands, ({ extFields, body, ...rest }) => {
        const sent: RemotingCommand = {
          ...rest,
          extFields: extFields && new Map(extFields),
          body: body && Buffer.from(body),
        }
        const [frame] = framesOf([encodeCommand(sent, SerializeType.ROCKETMQ)])
        expect(commandOf(frame as Buffer)).toEqual(sent)
      }),
      { numRuns: 500 },
    )
  })
})
