import { type ConnectionOptions, createSecureContext, getCiphers, type SecureContext } from 'node:tls'
import { tlsOffer } from './cipher-names.ts'
import { readPrivateKey } from './private-key.ts'
import { atSecurityLevel, type Leveled } from './security-level.ts'
import { readTlsFile, textOrNothing } from './tls-files.ts'
import { readTlsSettings, type TlsConfiguration, type TlsSettings } from './tls-settings.ts'

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
 * @throws {ConfigError} Protocols or ciphers that cannot be used, or a `tls.config.file` that cannot be read.
 * @throws {TlsContextError} Files that cannot be used.
 * @see TlsHelper#buildSslContext in apache/rocketmq
 */
export function clientTlsOptions(configuration: TlsConfiguration): ClientTls | null {
  if (!configuration.values.useTLS) return null
  const settings = readTlsSettings(configuration)
  const { values } = settings
  const verifiesServer = !values['tls.test.mode.enable'] && values['tls.client.authServer']
  const { tlsAllowWeakCertificates } = configuration.values
  const { context, weakness } = secureContext(settings, verifiesServer, tlsAllowWeakCertificates)
  return {
    options: {
      secureContext: context,
      rejectUnauthorized: verifiesServer,
      checkServerIdentity: () => undefined,
    },
    weakness,
  }
}

function secureContext(
  settings: TlsSettings,
  verifiesServer: boolean,
  allowWeak: boolean,
): Leveled<SecureContext> {
  const { values } = settings
  const { key, cert } = values['tls.test.mode.enable'] ? {} : identityOf(values)
  // Without any `ca` Node would read all root certificates of the world for a context that never looks at them.
  const ca = verifiesServer ? readTlsFile('tls.client.trustCertPath', values['tls.client.trustCertPath']) : []
  return atSecurityLevel(
    (leveled) =>
      createSecureContext({ ...(key && { key }), ...(cert && { cert }), ...(ca && { ca }), ...leveled }),
    {
      offer: tlsOffer(settings, getCiphers()),
      chain: cert,
      chainPath: values['tls.client.certPath'],
      verifiesPeers: verifiesServer,
      allowWeak,
    },
  )
}

function identityOf(values: TlsSettings['values']): { key?: string | undefined; cert?: Buffer | undefined } {
  const pem = readTlsFile('tls.client.keyPath', values['tls.client.keyPath'])
  const cert = readTlsFile('tls.client.certPath', values['tls.client.certPath'])
  const key =
    pem &&
    readPrivateKey({
      pem,
      path: values['tls.client.keyPath'] ?? '',
      passwordKey: 'tls.client.keyPassword',
      password: textOrNothing(values['tls.client.keyPassword']),
    })
  return { key, cert }
}
