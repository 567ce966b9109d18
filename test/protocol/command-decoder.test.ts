import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommandDecoder } from '../../src/protocol/command-decoder.ts'
import { FrameError, type FrameErrorCode } from '../../src/protocol/errors.ts'
import { hex, int32 } from './frame-helpers.ts'

const decoder = new CommandDecoder()

function errorOf(action: () => unknown): FrameErrorCode | 'nothing' {
  try {
    action()
  } catch (error) {
    if (error instanceof FrameError) return error.code
    throw error
  }
  return 'nothing'
}

describe('a frame', () => {
  test.each([
    ['an empty header', '00000000', 'ERR_HEADER_LENGTH'],
    ['an empty JSON header in front of a body', '00000000 0102030405060708', 'ERR_HEADER_LENGTH'],
    ['an empty binary header', '01000000', 'ERR_HEADER_LENGTH'],
    ['a header one byte longer than its frame', '00000003 7b7d', 'ERR_HEADER_LENGTH'],
    ['a header of 16,777,215 bytes in a short frame', '00ffffff 7b7d', 'ERR_HEADER_LENGTH'],
    ['serialize type 2', '02000002 7b7d', 'ERR_SERIALIZE_TYPE'],
    ['serialize type 127', '7f000002 7b7d', 'ERR_SERIALIZE_TYPE'],
    ['serialize type 128', '80000002 7b7d', 'ERR_SERIALIZE_TYPE'],
    ['serialize type 255', 'ff000002 7b7d', 'ERR_SERIALIZE_TYPE'],
    ['a JSON header that is not JSON', '00000002 7b7b', 'ERR_HEADER'],
    ['a binary header that is too short', '01000002 7b7d', 'ERR_HEADER'],
  ])('with %s is rejected', (_name, content, code) => {
    expect(errorOf(() => decoder.decode(hex(content)))).toBe(code)
  })

  test('with a header that fills it has no body', () => {
    expect(decoder.decode(hex('00000002 7b7d'))).toMatchObject({ code: 0, body: null })
  })

  test('with bytes after the header has them as its body', () => {
    expect(decoder.decode(hex('00000002 7b7d 00ff')).body).toEqual(hex('00ff'))
  })

  test('with a header longer than maxHeaderBytes is rejected unread', () => {
    const header = Buffer.from(`{"code":105,"remark":"${'x'.repeat(100)}"}`)
    const frame = Buffer.concat([int32(header.length), header])
    const decode = (maxHeaderBytes: number) => () => new CommandDecoder(maxHeaderBytes).decode(frame)
    expect(errorOf(decode(header.length))).toBe('nothing')
    expect(errorOf(decode(header.length - 1))).toBe('ERR_HEADER_TOO_LONG')
  })

  test('is decoded up to its end, whatever follows in its memory', () => {
    const header = '{"code":105,"flag":0,"language":"JAVA","opaque":7,"version":513}'
    const frame = Buffer.concat([int32(header.length), Buffer.from(`${header}body`)])
    const surrounded = Buffer.concat([Buffer.from('}}'), frame, Buffer.from(',"}')])
    expect(decoder.decode(surrounded.subarray(2, 2 + frame.length))).toEqual(decoder.decode(frame))
    const cut = Buffer.concat([int32(header.length - 1), Buffer.from(header)])
    expect(() => decoder.decode(cut.subarray(0, cut.length - 1))).toThrow(/JSON header/)
  })

  test('has its body in memory of its own if that is asked for', () => {
    const frame = hex('00000002 7b7d 00ff')
    const [view, copy] = [decoder.decode(frame).body, decoder.decode(frame, true).body]
    frame.fill(1)
    expect([view, copy]).toEqual([hex('0101'), hex('00ff')])
  })

  test('with a random header gives a command or a FrameError', () => {
    const json = fc.json().map((text) => Buffer.from(text))
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((array) => Buffer.from(array))
    fc.assert(
      fc.property(fc.oneof(json, bytes), fc.constantFrom(0, 1), (header, type) => {
        const code = errorOf(() =>
          decoder.decode(Buffer.concat([int32((type << 24) | header.length), header])),
        )
        expect(['nothing', 'ERR_HEADER']).toContain(code)
      }),
      { numRuns: 2000 },
    )
  })
})
