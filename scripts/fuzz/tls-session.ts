/** How a case runs in a TLS session. The random plan repeats with its seed; keys and ciphertext differ each time. */
import { clientHello } from './client-hello.ts'
import { prefaceBytes } from './prefaces.ts'
import type { Random } from './random.ts'
import { records } from './tls-bytes.ts'

export interface TlsSession {
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  /** A whole PROXY header in front of the handshake, or nothing. */
  readonly before: Buffer
  /** Max plaintext bytes of one record. */
  readonly recordBytes: number
  /** Offsets at which the bytes for the socket, PROXY header included, are cut into writes, ascending. */
  readonly cuts: readonly number[]
  /** Whether a session that has ended is taken up again, or one whose ticket is no longer what the server gave. */
  readonly resumes: 'none' | 'the last' | 'a wrong one'
  /** Whether a new handshake is tried within the session, after its first piece; only TLS 1.2 has that, and the server rejects it. */
  readonly renegotiates: boolean
  /** After this number of bytes nothing more is sent, wherever the session is. */
  readonly stop: { readonly atByte: number; readonly how: 'ends' | 'aborts' } | undefined
  /** Sent past the session when everything has been answered. */
  readonly after: Buffer | undefined
}

/** What a client sends until it may send its first frame, roughly. */
const HANDSHAKE_BYTES = 700

/** @param plaintext - Everything that is to go through it, to tell where it may be cut. */
export function tlsSession(random: Random, plaintext: Buffer): TlsSession {
  const version = random.oneIn(3) ? 'TLSv1.2' : 'TLSv1.3'
  const before = random.oneIn(8) ? wholeProxyHeader(random) : Buffer.alloc(0)
  const dice = random.below(8)
  return {
    version,
    before,
    recordBytes: random.oneIn(3) ? random.pick([512, 513, 1_000, 4_096]) : 16_384,
    cuts: cutsOf(random, plaintext.length),
    resumes: random.oneIn(5) ? (random.oneIn(3) ? 'a wrong one' : 'the last') : 'none',
    renegotiates: version === 'TLSv1.2' && random.oneIn(6),
    stop: dice === 0 || dice === 1 ? stopOf(random, dice === 0 ? 0 : plaintext.length) : undefined,
    after: dice === 2 ? afterwards(random, plaintext) : undefined,
  }
}

function wholeProxyHeader(random: Random): Buffer {
  for (;;) {
    const { bytes, isWhole } = prefaceBytes(random)
    if (isWhole) return bytes
  }
}

function stopOf(random: Random, bytes: number): TlsSession['stop'] {
  return {
    atByte: (bytes === 0 ? 0 : HANDSHAKE_BYTES) + random.below(bytes === 0 ? HANDSHAKE_BYTES : bytes),
    how: random.oneIn(2) ? 'ends' : 'aborts',
  }
}

/** Noise, another handshake, frames without encryption, a record that is none. */
function afterwards(random: Random, plaintext: Buffer): Buffer {
  switch (random.below(4)) {
    case 0:
      return random.bytes(1 + random.below(400))
    case 1:
      return records(random, clientHello(random))
    case 2:
      return plaintext
    default:
      return Buffer.concat([Buffer.from('170303', 'hex'), random.bytes(2 + random.below(100))])
  }
}

/** None, a few anywhere, or between all bytes of the beginning. */
function cutsOf(random: Random, length: number): number[] {
  if (random.oneIn(2)) return []
  if (random.oneIn(6)) return Array.from({ length: 60 + random.below(300) }, (_, index) => index + 1)
  const cuts = Array.from({ length: 1 + random.below(8) }, () => 1 + random.below(HANDSHAKE_BYTES + length))
  return [...new Set(cuts)].sort((a, b) => a - b)
}
