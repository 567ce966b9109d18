import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommandDecoder } from '../../src/protocol/command-decoder.ts'
import { FrameError, type FrameErrorCode } from '../../src/protocol/errors.ts'
import { BufferPool, FrameDecoder } from '../../src/protocol/frame-decoder.ts'
import { byteByByte, framesOf, hex, int32, MAX_FRAME_BYTES } from './frame-helpers.ts'

/** A frame of the given content, which is header word, header and body, with its length word. */
function framed(content: Buffer): Buffer {
  return Buffer.concat([int32(content.length), content])
}

function errorOf(action: () => unknown): FrameErrorCode | 'nothing' {
  try {
    action()
  } catch (error) {
    if (error instanceof FrameError) return error.code
    throw error
  }
  return 'nothing'
}

test('a frame that comes byte by byte costs little more than its bytes', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const used = () => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const content = Buffer.alloc(1_000_000, 'abcdefgh')
  const decoder = new FrameDecoder(MAX_FRAME_BYTES)
  decoder.append(int32(content.length))
  const before = used()
  for (let at = 0; at < content.length - 1; at++) {
    decoder.append(content.subarray(at, at + 1))
    if (decoder.next() !== undefined) expect.fail('a frame before its last byte')
    // The byte was in a buffer that all connections read into.
    decoder.detach()
  }
  expect(used() - before).toBeLessThan(3 * content.length)
  decoder.append(content.subarray(-1))
  expect(decoder.next()?.equals(content)).toBe(true)
})

describe('the length word', () => {
  const afterLength = (length: number, maxFrameBytes = MAX_FRAME_BYTES) =>
    errorOf(() => framesOf([int32(length)], maxFrameBytes))

  test('may announce up to 16,777,212 bytes, which with itself is the limit of 16,777,216', () => {
    expect(afterLength(16_777_212)).toBe('nothing')
  })

  test('of one byte more is refused at once, with nothing but its four bytes there', () => {
    expect(afterLength(16_777_213)).toBe('ERR_FRAME_TOO_LONG')
  })

  test('of the largest int32 is refused', () => {
    expect(afterLength(0x7fffffff)).toBe('ERR_FRAME_TOO_LONG')
  })

  test.each([-1, -4, -0x80000000])('of %d is refused', (length) => {
    expect(afterLength(length)).toBe('ERR_FRAME_TOO_LONG')
  })

  test.each([0, 1, 2, 3])('of %d has no room for the header word and is refused', (length) => {
    expect(afterLength(length)).toBe('ERR_FRAME_TOO_SHORT')
  })

  test('follows the limit the decoder was given', () => {
    expect(afterLength(996, 1000)).toBe('nothing')
    expect(afterLength(997, 1000)).toBe('ERR_FRAME_TOO_LONG')
  })

  test('is judged when its last byte comes, not before', () => {
    const decoder = new FrameDecoder(MAX_FRAME_BYTES)
    for (const byte of byteByByte(hex('ffffff'))) {
      decoder.append(byte)
      expect(decoder.next()).toBeUndefined()
    }
    decoder.append(hex('ff'))
    expect(errorOf(() => decoder.next())).toBe('ERR_FRAME_TOO_LONG')
  })

  test('that is bad is refused after the whole frames in front of it were given', () => {
    const decoder = new FrameDecoder(MAX_FRAME_BYTES)
    decoder.append(Buffer.concat([framed(hex('00000002 7b7d')), int32(-1)]))
    expect(decoder.next()?.toString('hex')).toBe('000000027b7d')
    expect(errorOf(() => decoder.next())).toBe('ERR_FRAME_TOO_LONG')
  })
})

test('a frame of the greatest length is given once its last byte is there', () => {
  const length = MAX_FRAME_BYTES - 4
  const decoder = new FrameDecoder(MAX_FRAME_BYTES)
  decoder.append(int32(length))
  decoder.append(Buffer.alloc(length - 1, 1))
  expect(decoder.next()).toBeUndefined()
  decoder.append(Buffer.from([2]))
  const frame = decoder.next()
  expect(frame?.length).toBe(length)
  expect(frame?.at(-1)).toBe(2)
  expect(decoder.next()).toBeUndefined()
  expect(decoder.bufferedBytes).toBe(0)
})

test('empty chunks change nothing', () => {
  const bytes = framed(hex('00000002 7b7d'))
  const empty = Buffer.alloc(0)
  expect(framesOf([empty, bytes.subarray(0, 5), empty, bytes.subarray(5), empty])).toEqual([
    bytes.subarray(4),
  ])
})

describe('any stream', () => {
  const content = fc.uint8Array({ minLength: 4, maxLength: 60 }).map((bytes) => Buffer.from(bytes))
  const contents = fc.array(content, { maxLength: 12 })

  /** Cuts the bytes at any places; the same place twice makes an empty chunk. */
  function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
    const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
    return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
  }

  test('gives the same frames however it is cut', () => {
    fc.assert(
      fc.property(contents, fc.array(fc.nat(), { maxLength: 40 }), (sent, places) => {
        const chunks = cut(Buffer.concat(sent.map(framed)), places)
        expect(framesOf(chunks)).toEqual(sent)
      }),
      { numRuns: 500 },
    )
  })

  test('gives the same frames when chunks are taken up in groups', () => {
    fc.assert(
      fc.property(
        contents,
        fc.array(fc.nat(), { maxLength: 40 }),
        fc.integer({ min: 2, max: 5 }),
        (sent, places, group) => {
          const decoder = new FrameDecoder(MAX_FRAME_BYTES)
          const frames: Buffer[] = []
          const takeAll = () => {
            for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame)
          }
          cut(Buffer.concat(sent.map(framed)), places).forEach((chunk, index) => {
            decoder.append(chunk)
            if (index % group === 0) takeAll()
          })
          takeAll()
          expect(frames).toEqual(sent)
          expect(decoder.bufferedBytes).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('of random bytes gives frames and commands, or a FrameError, and holds no more than it was given', () => {
    const word = fc.integer({ min: -2, max: 40 }).map((length) => new Uint8Array(int32(length)))
    const chunk = fc.oneof(fc.uint8Array({ maxLength: 30 }), word)
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), (chunks) => {
        const decoder = new FrameDecoder(200)
        const commandDecoder = new CommandDecoder()
        let given = 0
        let taken = 0
        errorOf(() => {
          for (const bytes of chunks) {
            decoder.append(Buffer.from(bytes))
            given += bytes.length
            for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
              taken += 4 + frame.length
              const whole = frame
              errorOf(() => commandDecoder.decode(whole))
            }
            expect(decoder.bufferedBytes).toBeLessThanOrEqual(given - taken)
            // What is kept is one unfinished frame at the most.
            expect(decoder.bufferedBytes).toBeLessThan(200)
          }
        })
        expect(decoder.bufferedBytes).toBeLessThanOrEqual(given)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('memory', () => {
  test('of a quiet connection is a few bytes, not the chunk they came in', () => {
    const decoder = new FrameDecoder(MAX_FRAME_BYTES)
    const chunk = Buffer.concat([framed(Buffer.alloc(1000)), int32(500), hex('0102')])
    decoder.append(chunk)
    expect(decoder.next()?.length).toBe(1000)
    expect(decoder.next()).toBeUndefined()
    expect(decoder.bufferedBytes).toBe(6)
    // The kept bytes are a copy: what happens to the chunk now does not reach them.
    chunk.fill(0xff)
    decoder.append(Buffer.alloc(498))
    expect(decoder.next()?.subarray(0, 3).toString('hex')).toBe('010200')
  })

  test('of a frame in one chunk is the chunk itself', () => {
    const chunk = framed(hex('00000002 7b7d'))
    expect(framesOf([chunk])[0]?.buffer).toBe(chunk.buffer)
  })
})

test('large frames among small ones come out whole, wherever the stream is cut', () => {
  const content = fc.oneof(fc.integer({ min: 4, max: 300 }), fc.integer({ min: 60_000, max: 3_000_000 }))
  const cuts = fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(
      fc.array(content, { minLength: 1, maxLength: 4 }),
      cuts,
      fc.boolean(),
      (sizes, steps, shared) => {
        const contents = sizes.map((size, index) => Buffer.alloc(size, `frame ${index} of ${size}`))
        const stream = Buffer.concat(contents.map(framed))
        const decoder = new FrameDecoder(MAX_FRAME_BYTES)
        const found: Buffer[] = []
        for (let at = 0, step = 0; at < stream.length; step++) {
          const end = Math.min(stream.length, at + (steps[step % steps.length] ?? 1))
          const chunk = Buffer.from(stream.subarray(at, end))
          decoder.append(chunk)
          for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
            found.push(Buffer.from(frame))
          }
          if (shared) {
            decoder.detach()
            chunk.fill(0)
          }
          at = end
        }
        expect(found.length).toBe(contents.length)
        for (const [index, frame] of found.entries())
          expect(frame.equals(contents[index] ?? chunkless)).toBe(true)
        expect(decoder.bufferedBytes).toBe(0)
      },
    ),
    { numRuns: 50 },
  )
})

const chunkless = Buffer.alloc(0)

const MIB = 1024 * 1024

describe('a pool of buffers', () => {
  test('gives the smallest spare buffer that holds what is wanted, or else the largest that is large enough', () => {
    const pool = new BufferPool()
    const [small, large] = [Buffer.alloc(MIB), Buffer.alloc(2 * MIB)]
    pool.release(large)
    pool.release(small)
    expect(pool.acquire(1_000, MIB, 4 * MIB)).toBe(small)
    pool.release(small)
    expect(pool.acquire(1_000, 3 * MIB, 12 * MIB)).toBe(large)
    expect(pool.acquire(2 * MIB, 3 * MIB, 12 * MIB)).toBeUndefined()
    expect(pool.acquire(MIB, MIB, 4 * MIB)).toBe(small)
    expect(pool.acquire(MIB, MIB, 4 * MIB)).toBeUndefined()
  })

  test('gives no buffer that is larger than allowed', () => {
    const pool = new BufferPool()
    pool.release(Buffer.alloc(8 * MIB))
    expect(pool.acquire(1_000, 4_000, 4_000)).toBeUndefined()
  })

  test('keeps at most 16 MiB, and no small buffers', () => {
    const pool = new BufferPool()
    const small = Buffer.alloc(1_000)
    pool.release(small)
    expect(pool.acquire(1_000, 1_000, 1_000)).toBeUndefined()
    const buffers = Array.from({ length: 17 }, () => Buffer.alloc(MIB))
    for (const buffer of buffers) pool.release(buffer)
    const kept = new Set(Array.from({ length: 17 }, () => pool.acquire(MIB, MIB, MIB)))
    expect(buffers.filter((buffer) => kept.has(buffer))).toHaveLength(16)
  })

  test('drops those that have been spare longest, and keeps none that is larger than 16 MiB', () => {
    const pool = new BufferPool()
    const [first, second, third] = [5 * MIB, 10 * MIB, 4 * MIB].map((bytes) => Buffer.alloc(bytes))
    for (const buffer of [first, second, third, Buffer.alloc(17 * MIB)]) pool.release(buffer as Buffer)
    expect(pool.acquire(1, 5 * MIB, 20 * MIB)).toBe(second)
    expect(pool.acquire(1, 5 * MIB, 20 * MIB)).toBe(third)
    expect(pool.acquire(1, 5 * MIB, 20 * MIB)).toBeUndefined()
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

  test('has a spare buffer from its first 64 KiB on, and counts its whole length then', () => {
    const pool = new BufferPool()
    const decoder = new FrameDecoder(MAX_FRAME_BYTES, pool)
    const frame = frameOf(1)
    pool.release(Buffer.alloc(1.2 * MIB))
    decoder.append(frame.subarray(0, 1_000))
    expect(decoder.next()).toBeUndefined()
    expect(decoder.bufferedBytes).toBe(1_000)
    decoder.append(frame.subarray(1_000, 64 * 1024))
    expect(decoder.next()).toBeUndefined()
    expect(decoder.bufferedBytes).toBe(frame.length)
    decoder.append(frame.subarray(64 * 1024))
    expect(decoder.next()).toEqual(frame.subarray(4))
    expect(decoder.bufferedBytes).toBe(0)
  })

  test('leaves a spare buffer alone that is much larger', () => {
    const pool = new BufferPool()
    const spare = Buffer.alloc(2 * MIB)
    pool.release(spare)
    const decoder = new FrameDecoder(MAX_FRAME_BYTES, pool)
    decode(decoder, frameOf(1))
    expect(pool.acquire(1, MIB, 2 * MIB)).toBe(spare)
  })

  test('has the bytes that were sent, whatever other connections with the same pool send meanwhile', () => {
    const bodies = fc.array(fc.integer({ min: 4, max: 400_000 }), { minLength: 1, maxLength: 8 })
    const chunkBytes = fc.integer({ min: 1_000, max: 300_000 })
    fc.assert(
      fc.property(fc.array(bodies, { minLength: 2, maxLength: 3 }), chunkBytes, (connections, step) => {
        const pool = new BufferPool()
        const open = connections.map((sizes, connection) => ({
          decoder: new FrameDecoder(MAX_FRAME_BYTES, pool),
          bytes: Buffer.concat(
            sizes.map((size, index) => framed(Buffer.alloc(size, connection * 16 + index))),
          ),
          sizes,
          frames: 0,
        }))
        for (let from = 0; open.some(({ bytes }) => from < bytes.length); from += step)
          for (const [connection, each] of open.entries()) {
            each.decoder.append(each.bytes.subarray(from, from + step))
            for (let frame = each.decoder.next(); frame !== undefined; frame = each.decoder.next()) {
              expect(
                frame.equals(Buffer.alloc(each.sizes[each.frames] ?? 0, connection * 16 + each.frames)),
              ).toBe(true)
              each.frames++
            }
            each.decoder.detach()
          }
        expect(open.map(({ frames }) => frames)).toEqual(connections.map(({ length }) => length))
      }),
      { numRuns: 100 },
    )
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
