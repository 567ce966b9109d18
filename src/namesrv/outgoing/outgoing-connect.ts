import { connect as connectPlain } from 'node:net'
import type { Logger } from 'pino'
import type { Connect } from '../../remoting/client/outgoing-connection.ts'
import type { Configuration } from '../config/configuration.ts'
import { nameLookup } from './name-lookup.ts'

/** Opens connections in plaintext. */
export const plainConnect: Connect = (address, onReady) =>
  connectPlain({ ...address, noDelay: true, lookup: nameLookup.lookup }, onReady)

/**
 * How the connections are opened that this server opens itself: in plaintext, or over TLS where `useTLS` says so. Files are read
 * for each connection, so that new certificates count from the next one on.
 *
 * @throws {ConfigError} (rejects) Protocols or ciphers that cannot be used.
 * @throws {TlsContextError} (rejects) Files that cannot be used.
 */
export async function outgoingConnect(configuration: Configuration, logger: Logger): Promise<Connect> {
  if (!configuration.values.useTLS) return plainConnect
  // Loaded only when wanted: it takes time at the start.
  const [tls, { clientTlsOptions }, { privateKeyReader }] = await Promise.all([
    import('node:tls'),
    import('../tls/client-tls-options.ts'),
    import('../tls/private-key.ts'),
  ])
  const readKey = privateKeyReader()
  const weakness = clientTlsOptions(configuration, readKey)?.weakness
  if (weakness !== undefined) logger.warn({ weakness }, 'weak certificate in tls.client.certPath; replace it')
  const { lookup } = nameLookup
  return (address, onReady) => {
    const { options } = clientTlsOptions(configuration, readKey) ?? {}
    const socket = tls.connect({ ...address, ...options, lookup }, onReady)
    return socket.setNoDelay(true)
  }
}
