import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeCommand, writeResponse } from '../../src/protocol/command-encoder.ts'
import {
  RemarkTemplate,
  type RemotingResponse,
  responseCommand,
  SerializeType,
} from '../../src/protocol/remoting-command.ts'

const EXT_FIELDS = [new Map(), new Map([['changed', 'true']]), new Map([['"opaque":', 'é"opaque":0']])]

const text = fc.string({ unit: 'binary', maxLength: 30 })
const TEMPLATES = [
  new RemarkTemplate('', ''),
  new RemarkTemplate('of "', '"\nand so on \\'),
  new RemarkTemplate('é', '😀'),
]
const remark = fc.oneof(
  text,
  fc
    .tuple(fc.constantFrom(...TEMPLATES), fc.oneof(text, fc.string({ maxLength: 30 })))
    .map(([template, word]) => template.with(word)),
)

const response: fc.Arbitrary<RemotingResponse> = fc.record(
  {
    code: fc.oneof(fc.constantFrom(0, 1, 2, 17, 22), fc.integer({ min: 0, max: 2_000 })),
    remark: fc.option(remark),
    body: fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))),
    extFields: fc.constantFrom(null, null, null, ...EXT_FIELDS),
  },
  { requiredKeys: ['code'] },
)
const opaque = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 2_147_483_647, -1, -2_147_483_648),
)

describe('a written response', () => {
  test('has the bytes of an encoded one', () => {
    fc.assert(
      fc.property(response, opaque, fc.nat(9), (sent, number, from) => {
        const alone = encodeCommand(responseCommand(sent, number), SerializeType.JSON)
        const room = Buffer.alloc(2_000, 0xaa)
        const to = writeResponse(room, from, sent, number)
        expect(room.subarray(from, to)).toEqual(alone)
        expect(room.subarray(0, from)).toEqual(Buffer.alloc(from, 0xaa))
      }),
      { numRuns: 3_000 },
    )
  })

  test('is written whole or not at all, however little room there is', () => {
    fc.assert(
      fc.property(response, opaque, fc.nat(600), (sent, number, size) => {
        const alone = encodeCommand(responseCommand(sent, number), SerializeType.JSON)
        const room = Buffer.alloc(size, 0xaa)
        const to = writeResponse(room, 0, sent, number)
        if (to < 0) expect(room).toEqual(Buffer.alloc(size, 0xaa))
        else expect(room.subarray(0, to)).toEqual(alone)
      }),
      { numRuns: 3_000 },
    )
  })
})
