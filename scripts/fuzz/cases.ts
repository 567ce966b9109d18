/** What one connection sends, from its first byte to its last. */
import { fuzzedFrame } from './fuzz-frames.ts'
import { type FuzzRequest, HEARTBEAT_TIMEOUT, validRequest } from './fuzz-requests.ts'
import { HONEST_MARK } from './names.ts'
import { prefaceBytes } from './prefaces.ts'
import { Random } from './random.ts'
import { tlsBytes } from './tls-bytes.ts'
import { type TlsSession, tlsSession } from './tls-session.ts'

/** What the fuzzed peer does when everything is sent. */
export type Ending =
  /** Waits for all its answers, and ends. */
  | 'reads'
  /** Is gone at once. */
  | 'aborts'
  /** Reads nothing for a while, and is gone then. */
  | 'does not read'
  /** Says that nothing more will come, and takes what is answered until the server closes. */
  | 'half-closes'

/** Of a hundred cases so many go through a TLS session, which is dear: two handshakes on one of the processors. */
const IN_SESSIONS = 10
/** And so many are bytes that a TLS server should not get. */
const OF_TLS_BYTES = 5

/** One connection's worth of input. */
export interface FuzzCase {
  readonly index: number
  readonly kind: 'readable' | 'any' | 'preface' | 'raw' | 'tls'
  /** Of a TLS session, what goes through it. */
  readonly bytes: Buffer
  readonly session: TlsSession | undefined
  /** Where the frames begin, behind a whole PROXY header; undefined if it is not to be told what the server makes of it. */
  readonly framesAt: number | undefined
  readonly frames: number
  /** Where the bytes are cut into writes, ascending. */
  readonly cuts: readonly number[]
  readonly ending: Ending
  /** Whether the server may close the connection at any time, because a broker on it has asked for a short timeout. */
  readonly mayExpire: boolean
}

/** The case of this index in the run of this seed, whatever ran before. */
export function caseOf(seed: number, index: number): FuzzCase {
  for (let attempt = 0; ; attempt++) {
    const made = makeCase(Random.ofCase(seed + attempt, index), index)
    if (!made.bytes.includes(HONEST_MARK)) return made
  }
}

function makeCase(random: Random, index: number): FuzzCase {
  const dice = random.below(100)
  if (dice < OF_TLS_BYTES) return tlsBytesCase(random, index)
  const plain = plainCase(random, index)
  if (dice >= OF_TLS_BYTES + IN_SESSIONS) return plain
  // Whatever its first bytes look like, within a session they can only be a frame.
  return { ...plain, framesAt: 0, session: tlsSession(random, plain.bytes) }
}

function plainCase(random: Random, index: number): FuzzCase {
  const dice = random.below(100)
  if (dice < 3) return rawCase(random, index)
  const wildness = dice < 50 ? 'any' : 'readable'
  // A connection ends at its first frame that cannot be read: more after it would not be looked at.
  const frames = wildness === 'any' ? 1 + random.below(12) : 1 + random.below(200)
  const preface = dice < 10 ? prefaceBytes(random) : undefined
  const bytes = Buffer.concat([preface?.bytes ?? Buffer.alloc(0), ...frameList(random, frames, wildness)])
  const framesAt =
    preface === undefined
      ? firstFrameAt(bytes, 0)
      : preface.isWhole
        ? firstFrameAt(bytes, preface.bytes.length)
        : undefined
  const kind = preface === undefined ? wildness : 'preface'
  return { ...sending(random, bytes), index, kind, framesAt, frames }
}

/** How bytes are sent over a plain connection. */
function sending(
  random: Random,
  bytes: Buffer,
): Pick<FuzzCase, 'bytes' | 'session' | 'cuts' | 'ending' | 'mayExpire'> {
  const cuts = cutsOf(random, bytes.length)
  const ending = endingOf(random)
  return { bytes, session: undefined, cuts, ending, mayExpire: bytes.includes(HEARTBEAT_TIMEOUT) }
}

/** Nobody says what a server makes of these, but that it lets the connection end. */
function tlsBytesCase(random: Random, index: number): FuzzCase {
  const frames = 1 + random.below(3)
  const bytes = tlsBytes(random, Buffer.concat(frameList(random, frames, 'readable')))
  return { ...sending(random, bytes), index, kind: 'tls', framesAt: undefined, frames: 0 }
}

/** A lying length word may be the first byte of a TLS handshake or of a PROXY header. */
function firstFrameAt(bytes: Buffer, at: number): number | undefined {
  const first = bytes[at]
  return first === 0x16 || (at === 0 && (first === 0x50 || first === 0x0d)) ? undefined : at
}

function frameList(random: Random, count: number, wildness: 'readable' | 'any'): Buffer[] {
  const frames: Buffer[] = []
  let last: FuzzRequest | undefined
  for (let opaque = 1; opaque <= count; opaque++) {
    // Brokers repeat themselves, and what is kept of their last registration is what the next one is compared with.
    const repeats = last?.code === 103 && random.oneIn(3)
    const request: FuzzRequest = repeats && last !== undefined ? last : validRequest(random)
    if (request.code === 103 || !random.oneIn(3)) last = request
    frames.push(fuzzedFrame(random, request, opaque, wildness))
  }
  return frames
}

/** Bytes of no form at all; some look like the beginning of a frame. */
function rawCase(random: Random, index: number): FuzzCase {
  const bytes = random.bytes(1 + random.below(random.oneIn(10) ? 20_000 : 300))
  if (random.oneIn(2) && bytes.length >= 8) {
    bytes.writeInt32BE(random.below(random.oneIn(2) ? 300 : 20_000_000), 0)
    if (random.oneIn(2)) bytes.writeInt32BE((random.below(2) << 24) | random.below(bytes.length), 4)
  }
  return { ...sending(random, bytes), index, kind: 'raw', framesAt: firstFrameAt(bytes, 0), frames: 1 }
}

function endingOf(random: Random): Ending {
  return ENDINGS[random.below(40)] ?? 'reads'
}

/** What else than reading comes once each in forty cases. */
const ENDINGS: readonly Ending[] = ['aborts', 'does not read', 'half-closes']

/** Mostly none; else anywhere, or for a short stream between all bytes. */
function cutsOf(random: Random, length: number): number[] {
  if (random.oneIn(2) || length < 2) return []
  if (length < 200 && random.oneIn(8)) return Array.from({ length: length - 1 }, (_, index) => index + 1)
  const cuts = Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(length - 1))
  return [...new Set(cuts)].sort((a, b) => a - b)
}
