/** What a TLS server should not get: a handshake that is cut short, wrong, or followed by what does not belong there. */
import { clientHello } from './client-hello.ts'
import { mutateBytes } from './mutate.ts'
import { prefaceBytes } from './prefaces.ts'
import type { Random } from './random.ts'

const CHANGE_CIPHER_SPEC = 20
const ALERT = 21
const HANDSHAKE = 22
const APPLICATION_DATA = 23
const HEARTBEAT = 24

/** Of what is called a version on the wire. */
const RECORD_VERSIONS = [0x0301, 0x0301, 0x0303, 0x0300, 0x0304, 0x0200, 0x0002, 0xfeff, 0xffff, 0]
/** A record may have 16,384 bytes of plaintext and 256 more. */
const RECORD_LENGTHS = [0, 1, 3, 4, 16_384, 16_385, 16_640, 16_641, 0x7fff, 0xffff]
/** OpenSSL gives up at this number of empty records or warnings. */
const MOST_IDLE_RECORDS = 40

/**
 * A connection's worth of bytes, nearly all of which begin a handshake; the server may close at any of them.
 * @param frames - Plaintext frames, for where they do not belong.
 */
export function tlsBytes(random: Random, frames: Buffer): Buffer {
  const message = clientHello(random)
  const hello = records(random, message)
  switch (random.below(12)) {
    case 0:
      return mutateBytes(random, hello)
    case 1:
      return hello.subarray(0, 1 + random.below(hello.length))
    case 2:
      hello.writeUInt16BE(random.pick(RECORD_LENGTHS), 3)
      return Buffer.concat([hello, random.bytes(random.below(random.oneIn(4) ? 70_000 : 300))])
    case 3:
      hello.writeUInt16BE(random.pick(RECORD_VERSIONS), 1)
      return hello
    case 4:
      message.writeUIntBE(random.pick([0, 1, message.length, 0x4000, 0x01_ffff, 0xff_ffff]), 1, 3)
      return records(random, message)
    case 5:
      // The records are right, and what is in them is not.
      return records(random, mutateBytes(random, message))
    case 6:
      return Buffer.concat([hello, frames])
    case 7:
      return Buffer.concat([hello, records(random, clientHello(random))])
    case 8:
      return Buffer.concat([hello, record(APPLICATION_DATA, 0x0303, frames.subarray(0, 16_384)), frames])
    case 9:
      return Buffer.concat([hello, ...strangeRecords(random)])
    case 10:
      return Buffer.concat([prefaceBytes(random).bytes, hello, random.oneIn(2) ? frames : Buffer.alloc(0)])
    default:
      return Buffer.concat([...strangeRecords(random, HANDSHAKE), hello, random.bytes(random.below(2_000))])
  }
}

/** A message in one record, in a few, or in one for each byte. */
export function records(random: Random, message: Buffer): Buffer {
  const most = random.oneIn(3) ? 1 + random.below(random.oneIn(3) ? 2 : message.length) : message.length
  const version = random.oneIn(6) ? 0x0303 : 0x0301
  const pieces: Buffer[] = []
  for (let from = 0; from < message.length; from += most) {
    pieces.push(record(HANDSHAKE, version, message.subarray(from, from + most)))
  }
  return Buffer.concat(pieces)
}

/** Alerts, changes of the cipher, heartbeats, empty ones, in any number. @param first - Type of the first one. */
function strangeRecords(random: Random, first?: number): Buffer[] {
  const count = 1 + random.below(random.oneIn(4) ? MOST_IDLE_RECORDS : 4)
  const type = random.pick([CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT])
  return Array.from({ length: count }, (_, index) => {
    const own = index === 0 && first !== undefined ? first : random.oneIn(4) ? random.below(256) : type
    return record(
      own,
      0x0303,
      random.pick([hex('01'), hex('0100'), hex('0200'), hex(''), random.bytes(random.below(40))]),
    )
  })
}

function record(type: number, version: number, data: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(type, 0)
  head.writeUInt16BE(version, 1)
  head.writeUInt16BE(data.length, 3)
  return Buffer.concat([head, data])
}

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')
