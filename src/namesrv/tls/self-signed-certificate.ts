import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'

/** The content of a certificate. */
export interface CertificateRequest {
  readonly commonName: string
  readonly publicKey: KeyObject
  /** The signer: the subject itself, if it is self-signed. The key is an EC or RSA one. */
  readonly issuer: { readonly commonName: string; readonly privateKey: KeyObject }
  /** True if it may sign others; default false. */
  readonly isAuthority?: boolean
  /** Host names of the holder; default none. */
  readonly dnsNames?: readonly string[]
  /** End of its validity; default none. */
  readonly notAfter?: Date
}

/** Key and certificate, PEM. */
export interface KeyAndCertificate {
  readonly key: string
  readonly cert: string
}

/**
 * A key pair and a self-signed certificate for it, for the test mode: traffic is encrypted, but the server's identity is not
 * authenticated. Takes about a millisecond with an EC key.
 *
 * @see SelfSignedCertificate in netty/netty, with which Java's NameServer makes it
 */
export function selfSignedCertificate(commonName: string, keyType: 'ec' | 'rsa' = 'ec'): KeyAndCertificate {
  const { publicKey, privateKey } =
    keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: signCertificate({
      commonName,
      publicKey,
      issuer: { commonName, privateKey },
      dnsNames: [commonName],
    }),
  }
}

/**
 * An X.509 certificate (RFC 5280), PEM: version 3, signed with SHA-256, valid since the year 2000, so that clocks need not
 * agree.
 */
export function signCertificate(request: CertificateRequest): string {
  const { commonName, publicKey, issuer, notAfter } = request
  const algorithm = signatureAlgorithm(issuer.privateKey)
  const content = sequence(
    explicit(0, integer(Buffer.of(2))),
    // A random positive serial number.
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    name(issuer.commonName),
    sequence(time(new Date(Date.UTC(2000, 0))), time(notAfter)),
    name(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(request))),
  )
  const signature = createSign('sha256').update(content).sign(issuer.privateKey)
  const der = sequence(content, algorithm, bitString(signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

const OID = {
  commonName: '550403',
  ecdsaWithSha256: '2a8648ce3d040302',
  sha256WithRsa: '2a864886f70d01010b',
  basicConstraints: '551d13',
  subjectAltName: '551d11',
}

function signatureAlgorithm({ asymmetricKeyType }: KeyObject): Buffer {
  if (asymmetricKeyType === 'rsa') return sequence(oid(OID.sha256WithRsa), tagged(0x05))
  return sequence(oid(OID.ecdsaWithSha256))
}

function extensions({ isAuthority = false, dnsNames = [] }: CertificateRequest): Buffer[] {
  // DER omits what is false.
  const constraints = isAuthority ? sequence(tagged(0x01, Buffer.of(0xff))) : sequence()
  const names = dnsNames.map((dnsName) => tagged(0x82, Buffer.from(dnsName, 'latin1')))
  return [
    sequence(oid(OID.basicConstraints), tagged(0x01, Buffer.of(0xff)), octetString(constraints)),
    ...(names.length === 0 ? [] : [sequence(oid(OID.subjectAltName), octetString(sequence(...names)))]),
  ]
}

function name(commonName: string): Buffer {
  const attribute = sequence(oid(OID.commonName), tagged(0x0c, Buffer.from(commonName)))
  return sequence(tagged(0x31, attribute))
}

/** UTCTime up to 2049, then GeneralizedTime, as in RFC 5280; without a date its value for "no end". */
function time(date: Date | undefined): Buffer {
  if (date === undefined) return tagged(0x18, Buffer.from('99991231235959Z'))
  const text = date.toISOString().replace(/\.\d+|[-:T]/g, '')
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(text.slice(2)))
    : tagged(0x18, Buffer.from(text))
}

function sequence(...content: Buffer[]): Buffer {
  return tagged(0x30, ...content)
}

function explicit(number: number, content: Buffer): Buffer {
  return tagged(0xa0 | number, content)
}

/** @param bytes - Big-endian, without sign; the first one is less than 128 and, unless it is the only one, not 0. */
function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes)
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.of(0), bytes)
}

function octetString(content: Buffer): Buffer {
  return tagged(0x04, content)
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'))
}

/** A DER value: tag, length, content. */
function tagged(tag: number, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content)
  return Buffer.concat([Buffer.of(tag, ...lengthOf(bytes.length)), bytes])
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  return [0x82, length >> 8, length & 0xff]
}
