import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TextChunks } from '../../../src/protocol/json/text-chunks.ts'

describe('a text in pieces', () => {
  test('is the same as in one, however long', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.nat(9_000).map((letters) => '中'.repeat(letters)),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const chunks = new TextChunks()
        for (const each of pieces) chunks.add(each)
        expect(chunks.toBuffer().equals(Buffer.from(pieces.join('')))).toBe(true)
      }),
    )
  })

  test('of which there are none is empty', () => {
    expect(new TextChunks().toBuffer()).toHaveLength(0)
  })
})
