import { type ConnectionOptions, getCiphers } from 'node:tls'
import { tlsOffer } from './cipher-names.ts'
import { readTlsFile, textOrNothing } from './tls-files.ts'
import { readTlsSettings, type TlsConfiguration } from './tls-settings.ts'

/**
 * Options for connections that the NameServer opens itself, or null if they are to be plain (`useTLS`). Reads the files anew.
 *
 * Who stands at an address is not compared with the names of its certificate, as in Java: brokers register by address.
 *
 * @throws {ConfigError} Protocols or ciphers that cannot be used, or a `tls.config.file` that cannot be read.
 * @throws {TlsContextError} `ERR_TLS_FILE`
 * @see TlsHelper#buildSslContext in apache/rocketmq
 */
export function clientTlsOptions(configuration: TlsConfiguration): ConnectionOptions | null {
  if (!configuration.values.useTLS) return null
  const settings = readTlsSettings(configuration)
  const { values } = settings
  const offer = tlsOffer(settings, getCiphers())
  const trustEverybody = { rejectUnauthorized: false, checkServerIdentity: () => undefined, ca: [] }
  if (values['tls.test.mode.enable']) return { ...offer, ...trustEverybody }

  const key = readTlsFile('tls.client.keyPath', values['tls.client.keyPath'])
  const cert = readTlsFile('tls.client.certPath', values['tls.client.certPath'])
  const passphrase = textOrNothing(values['tls.client.keyPassword'])
  const own = { ...(key && { key }), ...(cert && { cert }), ...(passphrase && { passphrase }) }
  if (!values['tls.client.authServer']) return { ...offer, ...trustEverybody, ...own }
  const ca = readTlsFile('tls.client.trustCertPath', values['tls.client.trustCertPath'])
  return { ...offer, ...own, checkServerIdentity: () => undefined, ...(ca && { ca }) }
}
