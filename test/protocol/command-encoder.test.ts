import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  constantExtFields,
  encodeCommand,
  maxResponseBytes,
  writeResponse,
} from '../../src/protocol/command-encoder.ts'
import {
  RemarkTemplate,
  type RemotingResponse,
  responseCommand,
  SerializeType,
} from '../../src/protocol/remoting-command.ts'

const CONSTANTS = [
  constantExtFields([]),
  constantExtFields([['changed', 'true']]),
  constantExtFields([['"opaque":', 'é"opaque":0']]),
]

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
    extFields: fc.constantFrom(null, null, null, new Map(), new Map([['a', 'b']]), ...CONSTANTS),
  },
  { requiredKeys: ['code'] },
)
const opaque = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 2_147_483_647, -1, -2_147_483_648),
)

describe('a written response', () => {
  test('has the bytes of an encoded one, and no more than maxResponseBytes', () => {
    fc.assert(
      fc.property(response, opaque, fc.nat(9), (sent, number, from) => {
        const max = maxResponseBytes(sent, SerializeType.JSON)
        const alone = encodeCommand(responseCommand(sent, number), SerializeType.JSON)
        if (max === undefined) {
          expect(sent.extFields).toBeInstanceOf(Map)
          expect(CONSTANTS).not.toContain(sent.extFields)
          return
        }
        const room = Buffer.alloc(from + max, 0xaa)
        const to = writeResponse(room, from, sent, number)
        expect(to).toBeLessThanOrEqual(room.length)
        expect(room.subarray(from, to)).toEqual(alone)
        expect(room.subarray(0, from)).toEqual(Buffer.alloc(from, 0xaa))
      }),
      { numRuns: 3_000 },
    )
  })

  test('has a JSON header: a ROCKETMQ header is encoded', () => {
    expect(maxResponseBytes({ code: 0 }, SerializeType.ROCKETMQ)).toBeUndefined()
  })
})
