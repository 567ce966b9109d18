/** What may stand before the first frame of a connection: PROXY headers and TLS, whole, cut short, or wrong. */
import { mutateBytes } from './mutate.ts'
import type { Random } from './random.ts'

export interface Preface {
  readonly bytes: Buffer
  /** True if frames may follow it: a PROXY header as it should be. */
  readonly isWhole: boolean
}

const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n')

/** The first record of OpenSSL's handshake, up to its random bytes; what follows never makes it a whole one. */
const CLIENT_HELLO = Buffer.from('16030100f4010000f00303', 'hex')

export function prefaceBytes(random: Random): Preface {
  const dice = random.below(8)
  if (dice === 0)
    return { bytes: Buffer.concat([CLIENT_HELLO, random.bytes(random.below(260))]), isWhole: false }
  const whole = dice < 4 ? version1(random) : version2(random)
  if (random.oneIn(2)) return { bytes: whole, isWhole: true }
  if (random.oneIn(2)) return { bytes: mutateBytes(random, whole), isWhole: false }
  return { bytes: whole.subarray(0, random.below(whole.length)), isWhole: false }
}

function version1(random: Random): Buffer {
  const address = random.pick(['TCP4 10.0.0.1 10.0.0.2', 'TCP6 2001:db8::1 2001:db8::2'])
  return Buffer.from(
    random.oneIn(6) ? 'PROXY UNKNOWN\r\n' : `PROXY ${address} ${1 + random.below(65_535)} 9876\r\n`,
  )
}

function version2(random: Random): Buffer {
  const [family, bytes] = random.pick([
    [0x11, 12],
    [0x21, 36],
    [0x31, 216],
    [0x00, 0],
  ] as const)
  // An entry after the addresses: of no known type, three bytes long.
  const entry = family !== 0 && random.oneIn(2) ? Buffer.from('ee0003616263', 'hex') : Buffer.alloc(0)
  const rest = Buffer.concat([random.bytes(bytes), entry])
  const fixed = Buffer.alloc(4)
  fixed.writeUInt8(random.oneIn(4) ? 0x20 : 0x21, 0)
  fixed.writeUInt8(family, 1)
  fixed.writeUInt16BE(rest.length, 2)
  return Buffer.concat([V2_SIGNATURE, fixed, rest])
}
