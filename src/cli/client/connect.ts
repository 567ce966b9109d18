import { readFileSync } from 'node:fs'
import { isIP, connect as plainConnect } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { describeErrno } from '../../common/describe-errno.ts'
import type { Connect } from '../../remoting/client/outgoing-connection.ts'
import { CommandError } from '../command-error.ts'

/** The TLS options of a command. Any of them but `isTls` turns TLS on. */
export interface TlsFiles {
  readonly isTls: boolean
  /** PEM files. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** The name that the server's certificate must have, in place of the host. */
  readonly serverName?: string | undefined
}

/**
 * How a command connects. With `--tls-ca` the certificate of the server is checked; without it it is not, as mqadmin does
 * by default: RocketMQ's own certificates are self-signed.
 *
 * @throws {CommandError} (rejects) `usage`: an unreadable file.
 */
export async function commandConnect(
  files: TlsFiles,
): Promise<{ readonly connect: Connect; readonly isTls: boolean }> {
  const { ca, cert, key, serverName } = files
  if (!files.isTls && [ca, cert, key, serverName].every((value) => value === undefined)) {
    const connect: Connect = (address, onReady) => plainConnect({ ...address, noDelay: true }, onReady)
    return { connect, isTls: false }
  }
  if (serverName !== undefined && ca === undefined)
    throw new CommandError('usage', '--tls-server-name needs --tls-ca: without it no certificate is checked')
  if ((cert === undefined) !== (key === undefined))
    throw new CommandError('usage', '--tls-cert and --tls-key belong together')
  // Loaded only if needed: it slows down the start.
  const tls = await import('node:tls')
  const options: ConnectionOptions = {
    rejectUnauthorized: ca !== undefined,
    ...(ca !== undefined && { ca: readAuthorities(ca) }),
    ...(cert !== undefined && { cert: readPem(cert, '--tls-cert') }),
    ...(key !== undefined && { key: readPem(key, '--tls-key') }),
  }
  try {
    tls.createSecureContext(options)
  } catch (error) {
    throw new CommandError('usage', `cannot use the TLS files: ${describeErrno(error)}`)
  }
  const connect: Connect = (address, onReady) => {
    const checked = serverName ?? address.host
    const servername = isIP(checked) === 0 ? checked : ''
    const checkServerIdentity: ConnectionOptions['checkServerIdentity'] = (_, certificate) =>
      tls.checkServerIdentity(checked, certificate)
    return tls.connect({ ...address, ...options, servername, checkServerIdentity }, onReady).setNoDelay(true)
  }
  return { connect, isTls: true }
}

/** OpenSSL takes a file without a certificate for an empty list. */
function readAuthorities(path: string): Buffer {
  const pem = readPem(path, '--tls-ca')
  if (!/-BEGIN [A-Z0-9 ]*CERTIFICATE-/.test(pem.toString('latin1')))
    throw new CommandError('usage', `${path} (--tls-ca) has no certificate (PEM)`)
  return pem
}

function readPem(path: string, option: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new CommandError('usage', `cannot read ${path} (${option}): ${describeErrno(error)}`)
  }
}
