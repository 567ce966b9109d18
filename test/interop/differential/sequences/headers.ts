import type { RequestStep, Sequence } from '../sequence.ts'

const hexFrame = (...parts: string[]): string => parts.join('')

/** Frames that end the connection, and those that look as if they should. */
const FRAMES: readonly RequestStep[] = [
  'ffffffff0000000000000000',
  '000000000000000000000000',
  '000000030102030000000000',
  '000000040000000000000000',
  hexFrame('0000000c', '00000000', '7b7d7b7d7b7d7b7d'),
  hexFrame('0000000c', '00000009', '7b7d7b7d7b7d7b7d'),
  hexFrame('0000000c', '02000008', '7b7d7b7d7b7d7b7d'),
  hexFrame('0000000c', 'ff000008', '7b7d7b7d7b7d7b7d'),
  '00fffffd0000000000000000',
  // Binary headers: remark, map and entry lengths that do not fit.
  binary('0065', '00000000', '00000000'),
  binary('0065', 'ffffffff', '00000000'),
  binary('0065', '00000040', '00000000'),
  binary('0065', '00000000', 'ffffffff'),
  binary('0065', '00000000', '00000040'),
  binary('0065', '00000000', '0000000c', '00036b6579', '00000001', '6b', '0000'),
  binary('0065', '00000000', '0000000a', '00036b6579', '00000001', '6b'),
  binary('0065', '00000000', '00000009', '00036b6579', '00000001', '6b'),
  binary('0065', '00000000', '0000000a', 'ffff6b6579', '00000001', '6b'),
  binary('0065', '00000000', '0000000a', '00036b6579', 'ffffffff', '6b'),
  binary('0065', '00000000', '0000000a', '00036b6579', '00000021', '6b'),
  binary('0065', '00000000', '0000000c', '00036b6579', '00000003', '61ff62'),
  hexFrame('00000018', '01000014', '0065', '00', '0201', '00000007', '00000000', '00000000', '000000'),
].map((frameHex) => ({ code: 101, frameHex }))

/** A frame whose binary header (type 1) has this code, remark length, map length and rest. */
function binary(code: string, remarkLength: string, mapLength: string, ...rest: string[]): string {
  const header = [code, '00', '0201', '00000007', '00000000', remarkLength, mapLength, ...rest].join('')
  const int32 = (value: number): string => value.toString(16).padStart(8, '0')
  const headerBytes = header.length / 2
  return [int32(4 + headerBytes), int32(0x0100_0000 | headerBytes), header].join('')
}

/** JSON headers as no client writes them, and frames. Every one has a connection of its own. */
export const headers: Sequence = {
  name: 'headers and frames',
  steps: [...FRAMES].flatMap((step, index) => [{ ...step, on: `c${index}` }, { close: `c${index}` }]),
}

/** Java waits for twelve bytes, because a line of the PROXY protocol may come first. */
export const firstBytes: Sequence = {
  name: 'first bytes of a connection',
  steps: [
    {
      code: 0,
      frameHex: 'ffffffff',
      waitMs: 1_000,
      differs: { id: 'first-bytes-read-at-once', java: 'silent', ours: 'closed' },
    },
  ],
}
