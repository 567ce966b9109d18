import { describe, expect, test } from 'vitest'
import { privateKeyReader, readPrivateKey } from '../../../src/namesrv/tls/private-key.ts'
import { LEGACY_PASSWORD, legacyFile } from '../../support/legacy-tls.ts'

const plain = legacyFile('plain.key').toString()

function read(pem: Buffer, password?: string): string {
  return readPrivateKey({ pem, path: '/etc/old.key', passwordKey: 'tls.server.keyPassword', password })
}

describe('a private key', () => {
  test.each([
    'PBE-SHA1-RC4-128',
    'PBE-SHA1-RC4-40',
    'PBE-SHA1-RC2-128',
    'PBE-SHA1-RC2-40',
    'PBE-SHA1-RC2-64',
    'PBE-MD5-RC2-64',
    'PBE-MD5-DES',
    'PBE-SHA1-DES',
    'PBE-SHA1-3DES',
    'v2-aes256',
    'traditional-aes256',
  ])('encrypted with %s is read with its password, and rejected with a wrong or missing one', (name) => {
    const pem = legacyFile(`${name}.key`)
    expect(read(pem, LEGACY_PASSWORD)).toBe(plain)
    const wrong = 'tls.server.keyPassword does not decrypt the private key in /etc/old.key'
    expect(() => read(pem, 'wrong')).toThrow(wrong)
    const missing = 'the private key in /etc/old.key is encrypted: set tls.server.keyPassword'
    expect(() => read(pem)).toThrow(missing)
  })

  test.each(['v2-des', 'v2-rc2', 'v2-rc4', 'v2-bf', 'v2-cast', 'v2-seed', 'traditional-des', 'iterations'])(
    'encrypted as in %s.key is rejected with the command that converts it',
    (name) => {
      expect(() => read(legacyFile(`${name}.key`), LEGACY_PASSWORD)).toThrow(
        expect.objectContaining({
          code: 'ERR_TLS_KEY',
          message:
            'the private key in /etc/old.key is encrypted with an unsupported cipher, or with more than 100000 iterations; ' +
            'convert it with: openssl pkcs8 -provider legacy -provider default -topk8 -v2 aes256 -in /etc/old.key -out NEW',
        }),
      )
    },
  )

  test('without encryption is read whether or not a password is set, and after other text', () => {
    for (const password of [undefined, 'unused']) expect(read(Buffer.from(plain), password)).toBe(plain)
    expect(read(Buffer.from(`Bag Attributes\r\n${plain.replaceAll('\n', '\r\n')}`))).toBe(plain)
  })

  test('whose password is not ASCII is read as OpenSSL encrypted it', () => {
    expect(read(legacyFile('cyrillic.key'), 'пароль')).toBe(plain)
  })

  test('that is missing, truncated or damaged is rejected with its file', () => {
    expect(() => read(Buffer.from('no key'))).toThrow('/etc/old.key has no private key in PEM format')
    const cut = plain.replace(/^(-.*\n.{40})[^-]*/, '$1\n')
    expect(() => read(Buffer.from(cut))).toThrow('the private key in /etc/old.key cannot be read: ')
    const body = legacyFile('PBE-SHA1-RC4-128.key').toString()
    for (let length = 30; length < body.length - 40; length += 16) {
      const damaged = `${body.slice(0, length)}\n-----END ENCRYPTED PRIVATE KEY-----\n`
      expect(() => read(Buffer.from(damaged), LEGACY_PASSWORD)).toThrow(
        expect.objectContaining({ code: 'ERR_TLS_KEY', message: expect.stringContaining('/etc/old.key') }),
      )
    }
  })
})

test('privateKeyReader decrypts a key again only if its file or its password has changed', () => {
  let decrypted = 0
  const readKey = privateKeyReader((source) => {
    decrypted++
    return readPrivateKey(source)
  })
  const readAgain = (name: string, password = LEGACY_PASSWORD): string =>
    readKey({ pem: legacyFile(name), path: name, passwordKey: 'tls.client.keyPassword', password })
  expect([readAgain('PBE-SHA1-RC4-128.key'), readAgain('PBE-SHA1-RC4-128.key')]).toEqual([plain, plain])
  expect(decrypted).toBe(1)
  expect(readAgain('PBE-SHA1-DES.key')).toBe(plain)
  expect(decrypted).toBe(2)
  expect(() => readAgain('PBE-SHA1-DES.key', 'wrong')).toThrow('does not decrypt')
  expect(readAgain('PBE-SHA1-DES.key')).toBe(plain)
})
