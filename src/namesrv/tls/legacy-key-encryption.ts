import { createDecipheriv, hash } from 'node:crypto'
import { DerTag, readDer, readSequence } from './der.ts'

/**
 * Decryption of old private key files: password-based schemes with RC4, RC2 and DES, which OpenSSL 3 has moved to a provider
 * that Node.js does not load. The ciphers are broken: nothing may be encrypted with them, and only key files are read.
 */

/** More would block the event loop for over half a second; OpenSSL writes 2048. */
export const MAX_ITERATIONS = 100_000

type KeyDerivation = (salt: Buffer, iterations: number, password: string) => { key: Buffer; iv: Buffer }
type Decryption = (key: Buffer, iv: Buffer, text: Buffer) => Buffer

/** Encryptions of RFC 8018 (PBES1) and RFC 7292 that Node.js cannot decrypt, by object identifier. */
const SCHEMES: ReadonlyMap<string, readonly [KeyDerivation, Decryption]> = new Map([
  // PBE-MD5-DES, PBE-MD5-RC2-64, PBE-SHA1-DES and PBE-SHA1-RC2-64, by the names of OpenSSL's command line.
  ['2a864886f70d010503', [pbkdf1('md5'), decryptDes]],
  ['2a864886f70d010506', [pbkdf1('md5'), decryptRc2Cbc]],
  ['2a864886f70d01050a', [pbkdf1('sha1'), decryptDes]],
  ['2a864886f70d01050b', [pbkdf1('sha1'), decryptRc2Cbc]],
  // PBE-SHA1-RC4-128, PBE-SHA1-RC4-40, PBE-SHA1-RC2-128 and PBE-SHA1-RC2-40.
  ['2a864886f70d010c0101', [pkcs12Kdf(16), decryptRc4]],
  ['2a864886f70d010c0102', [pkcs12Kdf(5), decryptRc4]],
  ['2a864886f70d010c0105', [pkcs12Kdf(16), decryptRc2Cbc]],
  ['2a864886f70d010c0106', [pkcs12Kdf(5), decryptRc2Cbc]],
])

/**
 * Decrypts an `EncryptedPrivateKeyInfo` (RFC 5958), DER; returns the PKCS#8 key, or undefined if the encryption is another one or
 * has more than {@link MAX_ITERATIONS} iterations. A wrong password may return anything.
 * @throws {Error} The bytes are not such a structure, or the password is wrong.
 */
export function decryptLegacyKey(der: Buffer, password: string): Buffer | undefined {
  const [algorithm, text] = readSequence(readDer(der)[0], DerTag.SEQUENCE, DerTag.OCTET_STRING)
  const [id, params] = readDer(algorithm as Buffer)
  const scheme = SCHEMES.get(id?.content.toString('hex') ?? '')
  if (scheme === undefined) return undefined
  const [salt, count] = readSequence(params, DerTag.OCTET_STRING, DerTag.INTEGER) as [Buffer, Buffer]
  const iterations = Number.parseInt(count.toString('hex'), 16)
  if (iterations > MAX_ITERATIONS) return undefined
  const [derive, decrypt] = scheme
  const { key, iv } = derive(salt, iterations, password)
  return decrypt(key, iv, text as Buffer)
}

/** RFC 8018, section 5.1: eight bytes of key, eight of initial vector. */
function pbkdf1(digest: 'md5' | 'sha1'): KeyDerivation {
  return (salt, iterations, password) => {
    const bytes = hashOften(digest, iterations, Buffer.concat([Buffer.from(password), salt]))
    return { key: bytes.subarray(0, 8), iv: bytes.subarray(8, 16) }
  }
}

/** RFC 7292, appendix B.2, with SHA-1; one hash has all bytes that are needed here. */
function pkcs12Kdf(keyBytes: number): KeyDerivation {
  return (salt, iterations, password) => {
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

/** RC4, whose encryption and decryption are the same. */
function decryptRc4(key: Buffer, _iv: Buffer, text: Buffer): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index)
  const swap = (a: number, b: number): void => {
    const value = state[a] as number
    state[a] = state[b] as number
    state[b] = value
  }
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + (state[i] as number) + (key[i % key.length] as number)) & 0xff
    swap(i, j)
  }
  const result = Buffer.alloc(text.length)
  for (let at = 0, i = 0, j = 0; at < text.length; at++) {
    i = (i + 1) & 0xff
    j = (j + (state[i] as number)) & 0xff
    swap(i, j)
    const mask = state[((state[i] as number) + (state[j] as number)) & 0xff] as number
    result[at] = (text[at] as number) ^ mask
  }
  return result
}

/**
 * RC2 (RFC 2268) in CBC mode; the key's length is its effective length.
 * @throws {RangeError} The padding is wrong, as with a wrong key.
 */
function decryptRc2Cbc(key: Buffer, iv: Buffer, text: Buffer): Buffer {
  const words = expandRc2Key(key)
  const result = Buffer.alloc(text.length)
  let previous = iv
  for (let at = 0; at + 8 <= text.length; at += 8) {
    const block = text.subarray(at, at + 8)
    const plain = decryptRc2Block(words, block)
    for (let i = 0; i < 8; i++) result[at + i] = (plain[i] as number) ^ (previous[i] as number)
    previous = block
  }
  const padding = result.at(-1) ?? 0
  const isPadded = padding >= 1 && padding <= 8 && result.subarray(-padding).every((byte) => byte === padding)
  if (text.length % 8 !== 0 || !isPadded) throw new RangeError('wrong padding')
  return result.subarray(0, -padding)
}

/** RFC 2268, section 2. */
function expandRc2Key(key: Buffer): Uint16Array {
  const bytes = new Uint8Array(128)
  bytes.set(key)
  const pi = (index: number): number => PI_TABLE[index & 0xff] as number
  const at = (index: number): number => bytes[index] as number
  for (let i = key.length; i < 128; i++) bytes[i] = pi(at(i - 1) + at(i - key.length))
  bytes[128 - key.length] = pi(at(128 - key.length))
  for (let i = 127 - key.length; i >= 0; i--) bytes[i] = pi(at(i + 1) ^ at(i + key.length))
  return Uint16Array.from({ length: 64 }, (_, index) => at(2 * index) | (at(2 * index + 1) << 8))
}

/** RFC 2268, section 4. */
function decryptRc2Block(words: Uint16Array, block: Buffer): Buffer {
  const r = Uint16Array.from({ length: 4 }, (_, index) => block.readUInt16LE(2 * index))
  const at = (index: number): number => r[index & 3] as number
  const word = (index: number): number => words[index] as number
  const ROTATIONS = [1, 2, 3, 5] as const
  for (let round = 15; round >= 0; round--) {
    for (let i = 3; i >= 0; i--) {
      const rotation = ROTATIONS[i] as number
      const rotated = (at(i) >>> rotation) | (at(i) << (16 - rotation))
      const mixed = (at(i + 3) & at(i + 2)) + (~at(i + 3) & at(i + 1))
      r[i] = (rotated & 0xffff) - word(4 * round + i) - mixed
    }
    if (round !== 11 && round !== 5) continue
    for (let i = 3; i >= 0; i--) r[i] = at(i) - word(at(i + 3) & 63)
  }
  return Buffer.from(r.buffer)
}

/** RFC 2268's permutation of 0 to 255, made from the digits of pi. */
const PI_TABLE = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
)
