/** Bytes and texts that are nearly what they were. */
import { oddJson } from './names.ts'
import type { Random } from './random.ts'

/** What text mutations put in: the marks of the formats at hand. */
const TOKENS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '""',
  '\\u',
  '\\u00',
  '/*',
  '*/',
  '//',
  "'",
  '\0',
  '\n',
  '-',
  '.',
  'e',
  '\ufeff',
]

/** Changes a text in one to three places. */
export function mutateText(random: Random, text: string): string {
  let changed = text
  for (let left = 1 + random.below(3); left > 0; left--) changed = changeText(random, changed)
  return changed
}

function changeText(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + 1 + random.below(random.oneIn(4) ? 64 : 4))
  const [before, middle, after] = [text.slice(0, at), text.slice(at, end), text.slice(end)]
  switch (random.below(7)) {
    case 0:
      return before + after
    case 1:
      return before + middle + middle + after
    case 2:
      return before + random.pick(TOKENS) + middle + after
    case 3:
      return before + random.pick(TOKENS) + after
    case 4:
      return before
    case 5:
      return before + oddJson(random) + after
    default:
      return before + String.fromCharCode(random.below(random.oneIn(2) ? 0x80 : 0x1_0000)) + after
  }
}

/** Numbers at which lengths and counts change their meaning. */
const EDGES = [
  0, 1, 2, 3, 4, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0xff_ffff, 0x7fff_ffff, -1,
  -2, -0x8000_0000,
]

/** An int32 that was a length, and is one no more. */
export function lyingLength(random: Random, length: number): number {
  return random.oneIn(2) ? length + random.within(-9, 9) : random.pick(EDGES)
}

/** Changes bytes in one to three places. The length may change. */
export function mutateBytes(random: Random, bytes: Buffer): Buffer {
  let changed: Buffer = Buffer.from(bytes)
  for (let left = 1 + random.below(3); left > 0; left--) changed = changeBytes(random, changed)
  return changed
}

function changeBytes(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return random.bytes(random.below(8))
  const at = random.below(bytes.length)
  const end = Math.min(bytes.length, at + 1 + random.below(random.oneIn(4) ? 64 : 4))
  switch (random.below(7)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      return bytes
    case 1:
      bytes[at] = random.next()
      return bytes
    case 2:
      if (bytes.length >= 4) bytes.writeInt32BE(random.pick(EDGES), Math.min(at, bytes.length - 4))
      return bytes
    case 3:
      return bytes.subarray(0, at)
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    case 5:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)])
    default:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at)])
  }
}
