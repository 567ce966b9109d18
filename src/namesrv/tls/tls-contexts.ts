import { X509Certificate } from 'node:crypto'
import {
  type ConnectionOptions,
  createSecureContext,
  type PeerCertificate,
  type SecureContextOptions,
} from 'node:tls'
import type { WatchedCertificate } from '../../inspect/sources.ts'
import { TlsAcceptor, type TlsServerSettings } from '../../remoting/server/tls-acceptor.ts'
import type { Configuration } from '../config/configuration.ts'
import { readPrivateKey } from './private-key.ts'
import { selfSignedCertificate } from './self-signed-certificate.ts'
import { tlsOffer } from './tls-offer.ts'
import { readTlsFile, readTlsSettings, TlsContextError, type TlsSettings } from './tls-settings.ts'
import { atSecurityLevel, type Leveled, pemBlocks, weaknessOfPeer } from './weak-certificates.ts'

/** The common name of the self-signed certificate, as with Java. */
const TEST_COMMON_NAME = 'localhost'

/**
 * Makes the acceptor of TLS clients from settings and the files they name; in test mode with a self-signed certificate.
 *
 * @throws {ConfigError} Protocols or ciphers that cannot be used.
 * @throws {TlsContextError} Files that cannot be used.
 * @see TlsHelper#buildSslContext in apache/rocketmq
 */
export function createTlsAcceptor(
  settings: TlsSettings,
  allowWeak: boolean,
): Leveled<TlsAcceptor> & { readonly certificates: readonly WatchedCertificate[] } {
  const offer = tlsOffer(settings)
  const { values } = settings
  const own = values['tls.test.mode.enable'] ? testIdentity(offer.ciphers) : serverIdentity(values)
  const verifiesClients = own.verifyClient && own.clientAuth !== 'none'
  const path = values['tls.server.certPath'] ?? ''
  const acceptor = atSecurityLevel(
    (leveled) =>
      new TlsAcceptor({ ...own, weaknessOf: weaknessOfPeer, context: { ...own.context, ...leveled } }),
    {
      offer,
      chain: own.chain,
      chainPath: path,
      isLowered: verifiesClients && allowWeak,
      mayBeLowered: !verifiesClients,
    },
  )
  const trustPath = values['tls.server.trustCertPath'] ?? ''
  const certificates: WatchedCertificate[] = []
  if (own.chain !== undefined) certificates.push({ use: 'server', path, notAfterMs: notAfterMs(own.chain) })
  if (verifiesClients && own.ca !== undefined)
    certificates.push({ use: 'client_ca', path: trustPath, notAfterMs: notAfterMs(own.ca) })
  return { ...acceptor, certificates }
}

/** When the first certificate of a file expires, PEM, in milliseconds since the epoch. */
function notAfterMs(chain: Buffer): number {
  return Math.min(...pemBlocks(chain).map((block) => Date.parse(new X509Certificate(block).validTo)))
}

/**
 * The options of an HTTPS server with the same certificate; it asks for no client certificates.
 * @throws {ConfigError | TlsContextError} As {@link createTlsAcceptor}.
 */
export function createHttpsOptions(settings: TlsSettings): SecureContextOptions {
  const offer = tlsOffer(settings)
  const { values } = settings
  const { chain, context } = values['tls.test.mode.enable']
    ? { ...testIdentity(offer.ciphers), chain: undefined }
    : serverIdentity(values)
  const { key, cert } = context
  const make = (leveled: Partial<SecureContextOptions>): SecureContextOptions => {
    const options = { ...(key && { key }), ...(cert && { cert }), ...leveled } as SecureContextOptions
    createSecureContext(options)
    return options
  }
  const chainPath = values['tls.server.certPath']
  return atSecurityLevel(make, { offer, chain, chainPath, isLowered: false, mayBeLowered: true }).context
}

/** Settings of the acceptor, and the certificate chain if it comes from a file. */
type ServerIdentity = TlsServerSettings & { readonly chain?: Buffer; readonly ca?: Buffer }

/** As in Java, a client may present a certificate; here it is not looked at. */
function testIdentity(ciphers: string | undefined): ServerIdentity {
  // Generating an RSA key takes a tenth of a second, so it is done only if the ciphers leave no other choice.
  const keyType = ciphers === undefined || /\bTLS_|ECDSA/.test(ciphers) ? 'ec' : 'rsa'
  const context = selfSignedCertificate(TEST_COMMON_NAME, keyType)
  return { context, clientAuth: 'optional', verifyClient: false }
}

function serverIdentity(values: TlsSettings['values']): ServerIdentity {
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
  return {
    chain: cert,
    ...(ca && { ca }),
    context: { key, cert, ...(ca && { ca }) },
    clientAuth,
    verifyClient,
  }
}

/** How outgoing connections are opened, and why the own certificate is weak, if it is. */
export interface ClientTls {
  readonly options: ConnectionOptions
  readonly weakness: string | undefined
}

/**
 * Options for outgoing connections of the NameServer over TLS. Reads the files at each call.
 *
 * The names in a server's certificate are not compared with its address, as in Java: brokers register by address.
 *
 * @param readKey - Decrypts `tls.client.keyPath`.
 * @throws {ConfigError} Protocols or ciphers that cannot be used, or a `tls.config.file` that cannot be read.
 * @throws {TlsContextError} Files that cannot be used.
 * @see TlsHelper#buildSslContext in apache/rocketmq
 */
export function clientTlsOptions(configuration: Configuration, readKey?: typeof readPrivateKey): ClientTls {
  const settings = readTlsSettings(configuration)
  const { values } = settings
  const { tlsAllowWeakCertificates } = configuration.values
  const isTest = values['tls.test.mode.enable']
  const verifiesServer = !isTest && values['tls.client.authServer']
  const { key, cert } = isTest ? {} : readIdentity('client', values, readKey)
  // Without `ca` Node would parse all its root certificates for a context that never uses them.
  const ca = verifiesServer ? readTlsFile(values, 'tls.client.trustCertPath') : []
  const own: SecureContextOptions = { ...(key && { key }), ...(cert && { cert }), ...(ca && { ca }) }
  const { context, weakness, isLowered } = atSecurityLevel(
    (leveled) => createSecureContext({ ...own, ...leveled }),
    {
      offer: tlsOffer(settings),
      chain: cert,
      chainPath: values['tls.client.certPath'],
      isLowered: verifiesServer && tlsAllowWeakCertificates,
      // Weak certificates of servers are rejected after the handshake.
      mayBeLowered: true,
    },
  )
  const rejectsWeak = isLowered && !tlsAllowWeakCertificates
  return {
    options: {
      secureContext: context,
      rejectUnauthorized: verifiesServer,
      // Node calls it for a server that it has verified, at the level of the context.
      checkServerIdentity: (_, certificate) => (rejectsWeak ? weakServer(certificate) : undefined),
    },
    weakness,
  }
}

/** Why a server is rejected, if a certificate of its chain is weak. */
function weakServer(certificate: PeerCertificate): Error | undefined {
  const weakness = weaknessOfPeer(certificate)
  return weakness === undefined
    ? undefined
    : new Error(`the server's certificate is not trusted: ${weakness}`)
}

/** Reads key and certificate chain of one side, PEM; undefined for each whose file is not set. */
function readIdentity(
  side: 'server' | 'client',
  values: TlsSettings['values'],
  readKey: typeof readPrivateKey = readPrivateKey,
): { readonly key?: string | undefined; readonly cert?: Buffer | undefined } {
  const passwordKey = `tls.${side}.keyPassword` as const
  const password = values[passwordKey] || undefined
  const path = values[`tls.${side}.keyPath`] ?? ''
  const pem = readTlsFile(values, `tls.${side}.keyPath`)
  const cert = readTlsFile(values, `tls.${side}.certPath`)
  return { key: pem && readKey({ pem, path, passwordKey, password }), cert }
}
