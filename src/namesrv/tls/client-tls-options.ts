import {
  type ConnectionOptions,
  createSecureContext,
  getCiphers,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls'
import { tlsOffer } from './cipher-names.ts'
import { readPrivateKey } from './private-key.ts'
import { atSecurityLevel, type Leveled } from './security-level.ts'
import { readTlsFile, textOrNothing } from './tls-files.ts'
import { readTlsSettings, type TlsConfiguration, type TlsSettings } from './tls-settings.ts'
import { weaknessOfPeer } from './weak-certificate.ts'

/** How connections are opened, and why at a lower security level than usual, if so. */
export interface ClientTls {
  readonly options: ConnectionOptions
  readonly weakness: string | undefined
}

/**
 * Options for connections that the NameServer opens itself, or null if they are to be plain (`useTLS`). Reads the files anew.
 *
 * Who stands at an address is not compared with the names of its certificate, as in Java: brokers register by address.
 *
 * @param readKey - Decrypts `tls.client.keyPath`.
 * @throws {ConfigError} Protocols or ciphers that cannot be used, or a `tls.config.file` that cannot be read.
 * @throws {TlsContextError} Files that cannot be used.
 * @see TlsHelper#buildSslContext in apache/rocketmq
 */
export function clientTlsOptions(
  configuration: TlsConfiguration,
  readKey: typeof readPrivateKey = readPrivateKey,
): ClientTls | null {
  if (!configuration.values.useTLS) return null
  const settings = readTlsSettings(configuration)
  const { values } = settings
  const verifiesServer = !values['tls.test.mode.enable'] && values['tls.client.authServer']
  const { tlsAllowWeakCertificates } = configuration.values
  const made = secureContext(settings, readKey, verifiesServer, tlsAllowWeakCertificates)
  const rejectsWeak = made.isLowered && !tlsAllowWeakCertificates
  return {
    options: {
      secureContext: made.context,
      rejectUnauthorized: verifiesServer,
      // Node calls it for a server that it has verified, at the level of the context.
      checkServerIdentity: (_, certificate) => (rejectsWeak ? weakServer(certificate) : undefined),
    },
    weakness: made.weakness,
  }
}

/** Why a server is not accepted, if a certificate of its chain is weak. */
function weakServer(certificate: PeerCertificate): Error | undefined {
  const weakness = weaknessOfPeer(certificate)
  return weakness === undefined
    ? undefined
    : new Error(`the server's certificate is not trusted: ${weakness}`)
}

function secureContext(
  settings: TlsSettings,
  readKey: typeof readPrivateKey,
  verifiesServer: boolean,
  allowWeak: boolean,
): Leveled<SecureContext> {
  const { values } = settings
  const { key, cert } = values['tls.test.mode.enable'] ? {} : identityOf(values, readKey)
  // Without any `ca` Node would read all root certificates of the world for a context that never looks at them.
  const ca = verifiesServer ? readTlsFile('tls.client.trustCertPath', values['tls.client.trustCertPath']) : []
  return atSecurityLevel(
    (leveled) =>
      createSecureContext({ ...(key && { key }), ...(cert && { cert }), ...(ca && { ca }), ...leveled }),
    {
      offer: tlsOffer(settings, getCiphers()),
      chain: cert,
      chainPath: values['tls.client.certPath'],
      isLowered: verifiesServer && allowWeak,
      // Weak certificates of servers are rejected after the handshake.
      mayBeLowered: true,
    },
  )
}

function identityOf(
  values: TlsSettings['values'],
  readKey: typeof readPrivateKey,
): { key?: string | undefined; cert?: Buffer | undefined } {
  const pem = readTlsFile('tls.client.keyPath', values['tls.client.keyPath'])
  const cert = readTlsFile('tls.client.certPath', values['tls.client.certPath'])
  const key =
    pem &&
    readKey({
      pem,
      path: values['tls.client.keyPath'] ?? '',
      passwordKey: 'tls.client.keyPassword',
      password: textOrNothing(values['tls.client.keyPassword']),
    })
  return { key, cert }
}
