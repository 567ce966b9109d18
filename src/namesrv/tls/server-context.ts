import { getCiphers } from 'node:tls'
import { TlsAcceptor, type TlsServerSettings } from '../../remoting/server/tls-acceptor.ts'
import { readIdentity } from './private-key.ts'
import { selfSignedCertificate } from './self-signed-certificate.ts'
import { tlsOffer } from './tls-offer.ts'
import { readTlsFile, TlsContextError, type TlsSettings } from './tls-settings.ts'
import { atSecurityLevel, type Leveled, weaknessOf } from './weak-certificates.ts'

/** The common name of the self-signed certificate, as with Java. */
const TEST_COMMON_NAME = 'localhost'

/**
 * Makes the acceptor of TLS clients from settings and the files they name; in test mode with a self-signed certificate.
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

/** As in Java, a client may present a certificate; here it is not looked at. */
function testIdentity(ciphers: string | undefined): OwnIdentity {
  // Generating an RSA key takes a tenth of a second, so it is done only if the ciphers leave no other choice.
  const keyType = ciphers === undefined || /\bTLS_|ECDSA/.test(ciphers) ? 'ec' : 'rsa'
  const context = selfSignedCertificate(TEST_COMMON_NAME, keyType)
  return { context, clientAuth: 'optional', verifyClient: false }
}

function identityOf(values: TlsSettings['values']): OwnIdentity {
  const { key, cert } = readIdentity('server', values)
  if (key === undefined || cert === undefined) {
    throw new TlsContextError(
      'ERR_TLS_NO_CERTIFICATE',
      'tls.test.mode.enable is false: set both tls.server.keyPath and tls.server.certPath',
    )
  }
  const verifyClient = values['tls.server.authClient']
  const ca = verifyClient ? readTlsFile(values, 'tls.server.trustCertPath') : undefined
  // Case does not matter, as in Java.
  const clientAuth = values['tls.server.need.client.auth'].toLowerCase() as TlsServerSettings['clientAuth']
  return { chain: cert, context: { key, cert, ...(ca && { ca }) }, clientAuth, verifyClient }
}
