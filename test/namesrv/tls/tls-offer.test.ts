import { getCiphers } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { opensslName, parseCiphers, tlsOffer } from '../../../src/namesrv/tls/tls-offer.ts'
import type { TlsSettings } from '../../../src/namesrv/tls/tls-settings.ts'

function settings(values: Partial<TlsSettings['values']>): TlsSettings {
  return {
    values: values as TlsSettings['values'],
    configFile: undefined,
    ignoredKeys: [],
    warnings: [],
    describe: (key) => `ns.conf:3: ${key}=${JSON.stringify(values[key])}`,
  }
}

describe('tls.ciphers', () => {
  // Names of RFC 5246 and its successors, and of `openssl ciphers -stdname`.
  test.each([
    ['TLS_AES_256_GCM_SHA384', 'TLS_AES_256_GCM_SHA384'],
    ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'ECDHE-RSA-AES256-SHA384'],
    ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
    ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 'DHE-RSA-AES128-SHA'],
    ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
    ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
    ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ])('accepts %s as %s', (name, expected) => {
    expect(opensslName(name)).toBe(expected)
    expect(getCiphers()).toContain(expected.toLowerCase())
  })

  test.each([
    ' TLS_AES_256_GCM_SHA384 ,, TLS_RSA_WITH_AES_128_CBC_SHA ',
    'TLS_AES_256_GCM_SHA384:TLS_RSA_WITH_AES_128_CBC_SHA',
    'TLS_AES_256_GCM_SHA384:AES128-SHA:',
    'TLS_AES_256_GCM_SHA384 AES128-SHA',
  ])('keeps the order of %j, with commas as in Java or colons or spaces as in OpenSSL', (text) => {
    expect(parseCiphers(settings({ 'tls.ciphers': text }))).toEqual(['TLS_AES_256_GCM_SHA384', 'AES128-SHA'])
  })

  test('counts as not set if it has only empty parts', () => {
    for (const nothing of [undefined, '', ' , ', ':']) {
      expect(parseCiphers(settings({ 'tls.ciphers': nothing }))).toBeUndefined()
    }
  })

  test('rejects an unknown cipher with its name', () => {
    const text = 'TLS_AES_256_GCM_SHA384,TLS_RSA_WITH_RC4_128_MD5'
    expect(() => parseCiphers(settings({ 'tls.ciphers': text }))).toThrow(
      `ns.conf:3: tls.ciphers="${text}" has "TLS_RSA_WITH_RC4_128_MD5", which OpenSSL does not know`,
    )
  })
})

describe('tls.protocols', () => {
  test.each([
    [undefined, {}],
    ['', {}],
    ['TLSv1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    ['TLSv1.3, TLSv1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }],
    ['TLSv1.2:TLSv1.3', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }],
    ['TLSv1.3', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }],
    ['TLSv1,TLSv1.1,TLSv1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
  ])('offers, set to %j, %j', (text, expected) => {
    expect(tlsOffer(settings({ 'tls.protocols': text }))).toEqual(expected)
  })

  test.each([
    ['TLSv1.4', 'has "TLSv1.4", which is not one of TLSv1.2, TLSv1.3, TLSv1, TLSv1.1'],
    ['TLSv1,TLSv1.1', 'must have TLSv1.2 or TLSv1.3'],
  ])('rejects %j', (text, message) => {
    expect(() => tlsOffer(settings({ 'tls.protocols': text }))).toThrow(
      `ns.conf:3: tls.protocols="${text}" ${message}`,
    )
  })
})

describe('tls.ciphers and tls.protocols together', () => {
  const [new1, old1] = ['TLS_AES_256_GCM_SHA384', 'ECDHE-RSA-AES128-GCM-SHA256']

  test.each([
    [undefined, undefined, {}],
    [undefined, 'TLSv1.3', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }],
    [
      `${new1},${old1}`,
      undefined,
      { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', ciphers: `${new1}:${old1}` },
    ],
    [
      `${new1},${old1}`,
      'TLSv1.2',
      { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: `${new1}:${old1}` },
    ],
    [old1, undefined, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: old1 }],
    [new1, 'TLSv1.2,TLSv1.3', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: new1 }],
  ])('with %j and %j offer %j', (ciphers, protocols, expected) => {
    const both = settings({ 'tls.ciphers': ciphers, 'tls.protocols': protocols })
    expect(tlsOffer(both)).toEqual(expected)
  })

  test('are rejected if no cipher belongs to a protocol', () => {
    const both = settings({ 'tls.ciphers': old1, 'tls.protocols': 'TLSv1.3' })
    expect(() => tlsOffer(both)).toThrow(
      `ns.conf:3: tls.ciphers="${old1}" has no cipher for ns.conf:3: tls.protocols="TLSv1.3": add one, or change the protocols`,
    )
  })
})
