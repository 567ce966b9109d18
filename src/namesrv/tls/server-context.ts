import { getCiphers } from 'node:tls'
import { TlsAcceptor, type TlsServerSettings } from '../../remoting/server/tls-acceptor.ts'
import { tlsOffer } from './cipher-names.ts'
import { readPrivateKey } from './private-key.ts'
import { atSecurityLevel, type Leveled } from './security-level.ts'
import { selfSignedCertificate } from './self-signed-certificate.ts'
import { TlsContextError } from './tls-context-error.ts'
import { readTlsFile, textOrNothing } from './tls-files.ts'
import type { TlsSettings } from './tls-settings.ts'
import { weaknessOf } from './weak-certificate.ts'

/** What everybody believes of the throw-away certificate. */
const TEST_COMMON_NAME = 'localhost'

/**
 * Makes what takes TLS clients, from settings and the files they name; in test mode with a certificate made on the spot.
 *
 * @throws {ConfigError} Protocols or ciphers that cannot be used.
 * @throws {TlsContextError} Files that cannot be used.
 * @see TlsHelper#buildSslContext in apache/rocketmq
 */
export function createTlsAcceptor(settings: TlsSettings, allowWeak: boolean): Leveled<TlsAcceptor> {
  const offer = tlsOffer(settings, getCiphers())
  const { values } = settings
  const own = values['tls.test.mode.enable'] ? testIdentity(offer.ciphers) : identityOf(values)
  const verifiesClients = own.verifyClient && own.clientAuth !== 'none'
  return atSecurityLevel(
    (leveled) => new TlsAcceptor({ ...own, weaknessOf, context: { ...own.context, ...leveled } }),
    {
      offer,
      chain: own.chain,
      chainPath: values['tls.server.certPath'],
      isLowered: verifiesClients && allowWeak,
      mayBeLowered: !verifiesClients,
    },
  )
}

/** Settings of the acceptor, and the certificate chain if it comes from a file. */
type OwnIdentity = TlsServerSettings & { readonly chain?: Buffer }

/** A client may show a certificate, as in Java; here nobody looks at it. */
function testIdentity(ciphers: string | undefined): OwnIdentity {
  // Making an RSA key takes a tenth of a second, so there is one only for those who leave no other choice.
  const keyType = ciphers === undefined || /\bTLS_|ECDSA/.test(ciphers) ? 'ec' : 'rsa'
  const context = selfSignedCertificate(TEST_COMMON_NAME, keyType)
  return { context, clientAuth: 'optional', verifyClient: false }
}

function identityOf(values: TlsSettings['values']): OwnIdentity {
  const pem = readTlsFile('tls.server.keyPath', values['tls.server.keyPath'])
  const cert = readTlsFile('tls.server.certPath', values['tls.server.certPath'])
  if (pem === undefined || cert === undefined) {
    throw new TlsContextError(
      'ERR_TLS_NO_CERTIFICATE',
      'tls.test.mode.enable is false, and tls.server.keyPath and tls.server.certPath are not both set',
    )
  }
  const key = readPrivateKey({
    pem,
    path: values['tls.server.keyPath'] ?? '',
    passwordKey: 'tls.server.keyPassword',
    password: textOrNothing(values['tls.server.keyPassword']),
  })
  const verifyClient = values['tls.server.authClient']
  const ca = verifyClient
    ? readTlsFile('tls.server.trustCertPath', values['tls.server.trustCertPath'])
    : undefined
  return {
    chain: cert,
    context: { key, cert, ...(ca && { ca }) },
    clientAuth: clientAuthOf(values['tls.server.need.client.auth']),
    verifyClient,
  }
}

/** Whether clients are asked for a certificate; in any letters, as in Java. */
export function clientAuthOf(text: string): TlsServerSettings['clientAuth'] {
  const word = text.toLowerCase()
  return word === 'optional' || word === 'require' ? word : 'none'
}
