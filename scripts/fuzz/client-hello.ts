/** The first message of a TLS client, as OpenSSL writes it: a server answers it with its part of the handshake. */
import type { Random } from './random.ts'

/** Ciphers of TLS 1.3 and 1.2 that every OpenSSL has, and one that does not exist. */
const CIPHERS = ['1301', '1302', '1303', 'c02b', 'c02c', 'c02f', 'c030', 'cca9', '009e', '00ff', 'fefe']

/** Of extensions: 16 bits each. */
const SERVER_NAME = 0
const STATUS_REQUEST = 5
const SUPPORTED_GROUPS = 10
const EC_POINT_FORMATS = 11
const SIGNATURE_ALGORITHMS = 13
const ALPN = 16
const EXTENDED_MASTER_SECRET = 23
const SESSION_TICKET = 35
const PRE_SHARED_KEY = 41
const EARLY_DATA = 42
const SUPPORTED_VERSIONS = 43
const PSK_MODES = 45
const KEY_SHARE = 51
const RENEGOTIATION_INFO = 0xff01

/** A handshake message with a wrong part now and then, whose lengths are right. */
export function clientHello(random: Random): Buffer {
  const version = random.oneIn(10) ? random.bytes(2) : Buffer.from('0303', 'hex')
  const ciphers = Buffer.from(random.oneIn(10) ? random.pick(CIPHERS) : CIPHERS.join(''), 'hex')
  const sessionId = random.bytes(random.oneIn(10) ? random.below(256) : random.pick([0, 32]))
  const body = Buffer.concat([
    version,
    random.bytes(32),
    counted(1, sessionId),
    counted(2, ciphers),
    counted(1, random.oneIn(20) ? random.bytes(random.below(4)) : Buffer.of(0)),
    counted(2, Buffer.concat(extensions(random))),
  ])
  return Buffer.concat([Buffer.of(1), counted(3, body)])
}

function extensions(random: Random): Buffer[] {
  const point = random.bytes(32)
  const list = [
    extension(SERVER_NAME, counted(2, Buffer.concat([Buffer.of(0), counted(2, hostName(random))]))),
    extension(SUPPORTED_GROUPS, counted(2, hex('001d0017'))),
    extension(EC_POINT_FORMATS, counted(1, Buffer.of(0))),
    extension(SIGNATURE_ALGORITHMS, counted(2, hex('040308040401050308050501'))),
    extension(EXTENDED_MASTER_SECRET, Buffer.alloc(0)),
    extension(SESSION_TICKET, random.oneIn(2) ? Buffer.alloc(0) : random.bytes(random.below(300))),
    extension(RENEGOTIATION_INFO, counted(1, random.bytes(random.oneIn(8) ? 12 : 0))),
  ]
  if (!random.oneIn(3)) {
    // Any 32 bytes are a point of x25519; no point of P-256 is all random.
    const [group, key] = random.oneIn(8) ? ['0017', random.bytes(65)] : ['001d', point]
    list.push(
      extension(SUPPORTED_VERSIONS, counted(1, hex(random.oneIn(8) ? '7f1c' : '03040303'))),
      extension(PSK_MODES, counted(1, Buffer.of(1))),
      extension(KEY_SHARE, counted(2, Buffer.concat([hex(group), counted(2, key)]))),
    )
  }
  if (random.oneIn(6)) list.push(extension(ALPN, counted(2, counted(1, random.bytes(random.below(20))))))
  if (random.oneIn(6)) list.push(extension(STATUS_REQUEST, random.bytes(random.below(8))))
  if (random.oneIn(6)) list.push(extension(random.below(0x1_0000), random.bytes(random.below(200))))
  if (random.oneIn(8)) list.push(random.pick(list))
  if (random.oneIn(8)) list.push(extension(EARLY_DATA, Buffer.alloc(0)))
  // Must be the last one.
  if (random.oneIn(6)) list.push(extension(PRE_SHARED_KEY, oneKey(random)))
  return list
}

function hostName(random: Random): Buffer {
  return random.oneIn(8) ? random.bytes(random.below(300)) : Buffer.from('localhost')
}

/** A ticket that no server has issued, its age, and a proof. */
function oneKey(random: Random): Buffer {
  const identity = Buffer.concat([counted(2, random.bytes(random.within(1, 240))), random.bytes(4)])
  return Buffer.concat([counted(2, identity), counted(2, counted(1, random.bytes(random.pick([32, 48, 5]))))])
}

function extension(type: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type >> 8, type & 0xff), counted(2, data)])
}

/** @param sizeBytes - Of the length in front. */
function counted(sizeBytes: number, data: Buffer): Buffer {
  const length = Buffer.alloc(sizeBytes)
  length.writeUIntBE(data.length, 0, sizeBytes)
  return Buffer.concat([length, data])
}

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')
