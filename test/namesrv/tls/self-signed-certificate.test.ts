import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { selfSignedCertificate } from '../../../src/namesrv/tls/self-signed-certificate.ts'
import { certificateAuthority } from '../../support/certificates.ts'

describe.each(['ec', 'rsa'] as const)('a self-signed certificate with an %s key', (keyType) => {
  test('is read by OpenSSL, signed by its own key, valid for its name and without end', () => {
    const { key, cert } = selfSignedCertificate('localhost', keyType)
    const certificate = new X509Certificate(cert)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true)
    expect(certificate.checkHost('localhost')).toBe('localhost')
    expect([certificate.subject, certificate.issuer, certificate.ca]).toEqual([
      'CN=localhost',
      'CN=localhost',
      false,
    ])
    expect([certificate.validFrom, certificate.validTo]).toEqual([
      'Jan  1 00:00:00 2000 GMT',
      'Dec 31 23:59:59 9999 GMT',
    ])
  })

  test('has a new serial number each time', () => {
    const numbers = [1, 2].map(
      () => new X509Certificate(selfSignedCertificate('localhost').cert).serialNumber,
    )
    expect(new Set(numbers).size).toBe(2)
    for (const number of numbers) expect(number).toMatch(/^01[0-9A-F]{30}$/)
  })
})

test('a certificate signed by a CA is verified by the certificate of the CA', () => {
  const authority = certificateAuthority('Test CA')
  const issuer = new X509Certificate(authority.cert)
  expect(issuer.ca).toBe(true)
  const certificate = new X509Certificate(authority.issue('x').cert)
  expect(certificate.checkIssued(issuer)).toBe(true)
  expect(certificate.verify(issuer.publicKey)).toBe(true)
})
