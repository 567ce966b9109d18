import { describe, expect, test } from 'vitest'
import { BufferPool } from '../../src/protocol/buffer-pool.ts'
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts'
import { int32, MAX_FRAME_BYTES } from './frame-helpers.ts'

const MIB = 1024 * 1024

describe('a pool of buffers', () => {
  test('gives the smallest spare buffer that is large enough', () => {
    const pool = new BufferPool()
    const [small, large] = [Buffer.alloc(MIB), Buffer.alloc(2 * MIB)]
    pool.release(large)
    pool.release(small)
    expect(pool.acquire(MIB, MIB, 4 * MIB)).toBe(small)
    expect(pool.acquire(MIB, MIB, 4 * MIB)).toBe(large)
    expect(pool.acquire(MIB, MIB, 4 * MIB)).toHaveLength(MIB)
  })

  test('gives no buffer that is larger than what has come of a frame allows', () => {
    const pool = new BufferPool()
    pool.release(Buffer.alloc(8 * MIB))
    expect(pool.acquire(1_000, 4_000, 4_000)).toHaveLength(4_000)
  })

  test('keeps at most 16 MiB, and no small buffers', () => {
    const pool = new BufferPool()
    const small = Buffer.alloc(1_000)
    pool.release(small)
    expect(pool.acquire(1_000, 1_000, 1_000)).not.toBe(small)
    const buffers = Array.from({ length: 17 }, () => Buffer.alloc(MIB))
    for (const buffer of buffers) pool.release(buffer)
    const kept = new Set(Array.from({ length: 17 }, () => pool.acquire(MIB, MIB, MIB)))
    expect(buffers.filter((buffer) => kept.has(buffer))).toHaveLength(16)
  })
})

describe('a large frame in several chunks', () => {
  /** A frame whose body has this byte throughout. */
  function frameOf(byte: number): Buffer {
    const body = Buffer.alloc(MIB, byte)
    return Buffer.concat([int32(body.length + 4), Buffer.alloc(4), body])
  }
  function decode(decoder: FrameDecoder, frame: Buffer): Buffer {
    for (let from = 0; from < frame.length; from += 64 * 1024) {
      decoder.append(frame.subarray(from, from + 64 * 1024))
      const whole = decoder.next()
      if (whole !== undefined) return whole
    }
    throw new Error('the frame is not complete')
  }

  test('is assembled where an earlier frame was, once that has been processed', () => {
    const decoder = new FrameDecoder(MAX_FRAME_BYTES, new BufferPool())
    const first = decode(decoder, frameOf(1))
    expect(first.subarray(4).every((byte) => byte === 1)).toBe(true)
    const second = decode(decoder, frameOf(2))
    expect(second.subarray(4).every((byte) => byte === 2)).toBe(true)
    expect(second.buffer).toBe(first.buffer)
  })

  test('stays as it is without a pool, whatever comes after it', () => {
    const decoder = new FrameDecoder(MAX_FRAME_BYTES)
    const first = decode(decoder, frameOf(1))
    decode(decoder, frameOf(2))
    expect(first.subarray(4).every((byte) => byte === 1)).toBe(true)
  })

  test('stays as it is while it is processed, although its connection closes and others send', () => {
    const pool = new BufferPool()
    const decoder = new FrameDecoder(MAX_FRAME_BYTES, pool)
    const first = decode(decoder, frameOf(1))
    decoder.release()
    decode(new FrameDecoder(MAX_FRAME_BYTES, pool), frameOf(2))
    expect(first.subarray(4).every((byte) => byte === 1)).toBe(true)
  })
})
