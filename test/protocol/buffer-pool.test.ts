import { describe, expect, test } from 'vitest'
import { BufferPool } from '../../src/protocol/buffer-pool.ts'
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts'
import { int32, MAX_FRAME_BYTES } from './support.ts'

const MIB = 1024 * 1024

/** Puts a frame of so many bytes together, in chunks as they come from a socket. */
function receive(decoder: FrameDecoder, bytes: number, from = 0, to = bytes): void {
  if (from === 0) decoder.append(int32(bytes))
  for (let at = from; at < to; at += 256 * 1024) decoder.append(Buffer.alloc(Math.min(256 * 1024, to - at)))
}

describe('the memory of large frames', () => {
  test('is used again, the smallest piece that has room for the whole frame first', () => {
    const buffers = new BufferPool()
    const pieces = [4, 1, 2].map((mib) => Buffer.alloc(mib * MIB))
    for (const piece of pieces) buffers.giveBack(piece)
    expect(buffers.take(MIB, 2 * MIB)).toBe(pieces[2])
    expect(buffers.take(MIB, 9 * MIB)).toBe(pieces[1])
    expect(buffers.take(MIB, MIB)).toBe(pieces[0])
    expect(buffers.take(MIB, 2 * MIB).length).toBe(MIB)
    expect(buffers.spareBytes).toBe(0)
  })

  test('is kept up to the size of one frame of the default limit: of more, the smallest pieces go', () => {
    const buffers = new BufferPool()
    for (let piece = 0; piece < 20; piece++) buffers.giveBack(Buffer.alloc(MIB))
    const large = Buffer.alloc(3 * MIB)
    buffers.giveBack(large)
    expect(buffers.spareBytes).toBe(16 * MIB)
    expect(buffers.take(MIB, 3 * MIB)).toBe(large)
    buffers.giveBack(Buffer.alloc(17 * MIB))
    expect(buffers.spareBytes).toBe(13 * MIB)
  })

  test('is used again after a burst of frames at the same time', () => {
    const buffers = new BufferPool()
    const decoders = Array.from({ length: 20 }, () => new FrameDecoder(MAX_FRAME_BYTES, buffers))
    for (let from = 0; from < 3 * MIB; from += MIB) {
      for (const decoder of decoders) {
        receive(decoder, 3 * MIB, from, from + MIB)
        if (decoder.advance()) buffers.giveBack(decoder.frameMemory as Buffer)
      }
    }
    const decoder = new FrameDecoder(MAX_FRAME_BYTES, buffers)
    const seen = new Set<ArrayBufferLike>()
    for (let frame = 0; frame < 20; frame++) {
      receive(decoder, 3 * MIB, 0, MIB)
      expect(decoder.advance()).toBe(false)
      receive(decoder, 3 * MIB, MIB)
      expect(decoder.advance()).toBe(true)
      const memory = decoder.frameMemory as Buffer
      seen.add(memory.buffer)
      buffers.giveBack(memory)
    }
    expect(seen.size).toBe(1)
  })

  test('that was used before counts as a whole, and goes back when no more bytes will come', () => {
    const buffers = new BufferPool()
    buffers.giveBack(Buffer.alloc(8 * MIB))
    const decoder = new FrameDecoder(MAX_FRAME_BYTES, buffers)
    receive(decoder, 8 * MIB, 0, 128 * 1024)
    expect(decoder.advance()).toBe(false)
    expect(decoder.bufferedBytes).toBe(8 * MIB)
    decoder.release()
    expect([decoder.bufferedBytes, buffers.spareBytes]).toEqual([0, 8 * MIB])
    const fresh = new FrameDecoder(MAX_FRAME_BYTES)
    receive(fresh, 8 * MIB, 0, 128 * 1024)
    expect(fresh.advance()).toBe(false)
    expect(fresh.bufferedBytes).toBe(128 * 1024)
  })
})
