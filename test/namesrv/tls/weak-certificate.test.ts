import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { weaknessOf } from '../../../src/namesrv/tls/weak-certificate.ts'
import { legacyFile } from '../../support/legacy-tls.ts'

test.each([
  ['server-sha1.pem', 'CN=old server is signed with SHA-1'],
  ['server-md5.pem', 'CN=old server is signed with MD5'],
  ['pss-sha1.pem', 'CN=PSS is signed with SHA-1'],
  ['same-name.pem', 'CN=same name is signed with SHA-1'],
  ['short.pem', 'CN=short key has an RSA key of 1024 bits'],
  ['short-pss.pem', 'CN=short PSS key has an RSA key of 1024 bits'],
  ['server-sha256.pem', undefined],
  ['pss-sha256.pem', undefined],
  ['ca.pem', undefined],
])('the weakness of the certificate %s is %s', (name, weakness) => {
  expect(weaknessOf(new X509Certificate(legacyFile(name)))).toBe(weakness)
})
