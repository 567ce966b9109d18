import {
  type ConnectionOptions,
  createSecureContext,
  getCiphers,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls'
import { readIdentity, type readPrivateKey } from './private-key.ts'
import { tlsOffer } from './tls-offer.ts'
import { readTlsFile, readTlsSettings, type TlsConfiguration, type TlsSettings } from './tls-settings.ts'
import { atSecurityLevel, type Leveled, weaknessOfPeer } from './weak-certificates.ts'

/** How outgoing connections are opened, and why the own certificate is weak, if it is. */
export interface ClientTls {
  readonly options: ConnectionOptions
  readonly weakness: string | undefined
}

/**
 * Options for outgoing connections of the NameServer, or null if they are plaintext (`useTLS`). Reads the files at each call.
 *
 * The names in a server's certificate are not compared with its address, as in Java: brokers register by address.
 *
 * @param readKey - Decrypts `tls.client.keyPath`.
 * @throws {ConfigError} Protocols or ciphers that cannot be used, or a `tls.config.file` that cannot be read.
 * @throws {TlsContextError} Files that cannot be used.
 * @see TlsHelper#buildSslContext in apache/rocketmq
 */
export function clientTlsOptions(
  configuration: TlsConfiguration,
  readKey?: typeof readPrivateKey,
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

/** Why a server is rejected, if a certificate of its chain is weak. */
function weakServer(certificate: PeerCertificate): Error | undefined {
  const weakness = weaknessOfPeer(certificate)
  return weakness === undefined
    ? undefined
    : new Error(`the server's certificate is not trusted: ${weakness}`)
}

function secureContext(
  settings: TlsSettings,
  readKey: typeof readPrivateKey | undefined,
  verifiesServer: boolean,
  allowWeak: boolean,
): Leveled<SecureContext> {
  const { values } = settings
  const { key, cert } = values['tls.test.mode.enable']
    ? { key: undefined, cert: undefined }
    : readIdentity('client', values, readKey)
  // Without `ca` Node would parse all its root certificates for a context that never uses them.
  const ca = verifiesServer ? readTlsFile(values, 'tls.client.trustCertPath') : []
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
