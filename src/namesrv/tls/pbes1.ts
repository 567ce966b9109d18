import { createDecipheriv, hash } from 'node:crypto'
import { DerTag, readDer, readSequence } from './der.ts'
import { decryptRc2Cbc, rc4 } from './legacy-ciphers.ts'

/** More would block the event loop for longer than half a second; OpenSSL writes 2048. */
const MAX_ITERATIONS = 100_000

type KeyDerivation = (params: PbeParams, password: string) => { key: Buffer; iv: Buffer }

interface PbeParams {
  readonly salt: Buffer
  readonly iterations: number
}

/** A password-based encryption of RFC 8018 (PBES1) or RFC 7292 that Node.js cannot decrypt. */
interface Pbes1Scheme {
  /** The name that OpenSSL's command line has for it. */
  readonly name: string
  readonly derive: KeyDerivation
  readonly decrypt: (key: Buffer, iv: Buffer, text: Buffer) => Buffer
}

/** By the bytes of its object identifier. Those of triple DES are not among them: Node.js decrypts these. */
const SCHEMES: ReadonlyMap<string, Pbes1Scheme> = new Map<string, Pbes1Scheme>([
  ['2a864886f70d010503', { name: 'PBE-MD5-DES', derive: pbkdf1('md5'), decrypt: decryptDes }],
  ['2a864886f70d010506', { name: 'PBE-MD5-RC2-64', derive: pbkdf1('md5'), decrypt: decryptRc2Cbc }],
  ['2a864886f70d01050a', { name: 'PBE-SHA1-DES', derive: pbkdf1('sha1'), decrypt: decryptDes }],
  ['2a864886f70d01050b', { name: 'PBE-SHA1-RC2-64', derive: pbkdf1('sha1'), decrypt: decryptRc2Cbc }],
  ['2a864886f70d010c0101', { name: 'PBE-SHA1-RC4-128', derive: pkcs12Kdf(16), decrypt: decryptRc4 }],
  ['2a864886f70d010c0102', { name: 'PBE-SHA1-RC4-40', derive: pkcs12Kdf(5), decrypt: decryptRc4 }],
  ['2a864886f70d010c0105', { name: 'PBE-SHA1-RC2-128', derive: pkcs12Kdf(16), decrypt: decryptRc2Cbc }],
  ['2a864886f70d010c0106', { name: 'PBE-SHA1-RC2-40', derive: pkcs12Kdf(5), decrypt: decryptRc2Cbc }],
])

/** Schemes and ciphers that neither Node.js nor this file decrypts, by object identifier. */
const UNREADABLE: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010501', 'PBE-MD2-DES'],
  ['2a864886f70d010504', 'PBE-MD2-RC2-64'],
  ['2b0e030207', 'DES-CBC'],
  ['2a864886f70d0302', 'RC2-CBC'],
  ['2a864886f70d0304', 'RC4'],
  ['2a864886f70d0309', 'RC5-CBC'],
  ['2b0601040197550102', 'BF-CBC'],
  ['2a864886f67d07420a', 'CAST5-CBC'],
  ['2b06010401813c07010102', 'IDEA-CBC'],
  ['2a831a8c9a440104', 'SEED-CBC'],
])

const PBES2 = '2a864886f70d01050d'

/** How a PKCS#8 key is encrypted. */
export interface KeyEncryption {
  /** The name of OpenSSL's command line, if it is one that Node.js does not decrypt. */
  readonly legacyName: string | undefined
  /** Gives the unencrypted PKCS#8 key; undefined if only Node.js can decrypt it, or neither can. */
  readonly decrypt: ((password: string) => Buffer) | undefined
}

/**
 * Reads how an `EncryptedPrivateKeyInfo` (RFC 5958) is encrypted.
 * @throws {RangeError} The bytes are not such a structure.
 */
export function readKeyEncryption(der: Buffer): KeyEncryption {
  const [algorithm, text] = readSequence(readDer(der)[0], DerTag.SEQUENCE, DerTag.OCTET_STRING)
  const [id, params] = readDer(algorithm as Buffer)
  const oid = id?.content.toString('hex') ?? ''
  const scheme = SCHEMES.get(oid)
  if (scheme === undefined) {
    const inner =
      oid === PBES2 ? readDer(readSequence(params, DerTag.SEQUENCE, DerTag.SEQUENCE)[1] as Buffer) : []
    const cipher = inner[0]?.content.toString('hex') ?? oid
    return { legacyName: UNREADABLE.get(cipher), decrypt: undefined }
  }
  const [salt, count] = readSequence(params, DerTag.OCTET_STRING, DerTag.INTEGER) as [Buffer, Buffer]
  const iterations = Number.parseInt(count.toString('hex'), 16)
  if (iterations > MAX_ITERATIONS) {
    return { legacyName: `${scheme.name} with ${iterations} iterations`, decrypt: undefined }
  }
  return {
    legacyName: scheme.name,
    decrypt: (password) => {
      const { key, iv } = scheme.derive({ salt, iterations }, password)
      return scheme.decrypt(key, iv, text as Buffer)
    },
  }
}

/** RFC 8018, section 5.1: eight bytes of key, eight of initial vector. */
function pbkdf1(digest: 'md5' | 'sha1'): KeyDerivation {
  return ({ salt, iterations }, password) => {
    const bytes = hashOften(digest, iterations, Buffer.concat([Buffer.from(password), salt]))
    return { key: bytes.subarray(0, 8), iv: bytes.subarray(8, 16) }
  }
}

/** RFC 7292, appendix B.2, with SHA-1; no more bytes are needed here than one hash has. */
function pkcs12Kdf(keyBytes: number): KeyDerivation {
  return ({ salt, iterations }, password) => {
    // UTF-16, big-endian, with a zero at the end.
    const text = Buffer.from(`${password}\0`, 'utf16le').swap16()
    const input = Buffer.concat([repeatToBlocks(salt), repeatToBlocks(text)])
    const derive = (id: number): Buffer =>
      hashOften('sha1', iterations, Buffer.concat([Buffer.alloc(64, id), input]))
    return { key: derive(1).subarray(0, keyBytes), iv: derive(2).subarray(0, 8) }
  }
}

function repeatToBlocks(bytes: Buffer): Buffer {
  return bytes.length === 0 ? bytes : Buffer.alloc(Math.ceil(bytes.length / 64) * 64, bytes)
}

function hashOften(digest: 'md5' | 'sha1', iterations: number, first: Buffer): Buffer {
  let bytes = first
  for (let i = 0; i < iterations; i++) bytes = hash(digest, bytes, 'buffer')
  return bytes
}

/** Triple DES with one key three times is DES, and OpenSSL 3 has kept that. */
function decryptDes(key: Buffer, iv: Buffer, text: Buffer): Buffer {
  const decipher = createDecipheriv('des-ede3-cbc', Buffer.concat([key, key, key]), iv)
  return Buffer.concat([decipher.update(text), decipher.final()])
}

function decryptRc4(key: Buffer, _iv: Buffer, text: Buffer): Buffer {
  return rc4(key, text)
}
