import { plainConnect } from '../../admin/name-server.ts'
import { describeErrno } from '../../common/describe-errno.ts'
import { readFileOrStream } from '../../namesrv/config/read-file.ts'
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
    return { connect: plainConnect, isTls: false }
  }
  if (serverName !== undefined && ca === undefined)
    throw new CommandError('usage', '--tls-server-name needs --tls-ca: without it no certificate is checked')
  if ((cert === undefined) !== (key === undefined))
    throw new CommandError('usage', '--tls-cert and --tls-key belong together')
  const pem = {
    ca: ca === undefined ? undefined : readAuthorities(ca),
    cert: cert === undefined ? undefined : readPem(cert, '--tls-cert'),
    key: key === undefined ? undefined : readPem(key, '--tls-key'),
  }
  // Loaded only if needed: TLS slows down the start.
  const { tlsConnect } = await import('../../admin/tls-connect.ts')
  return { connect: tlsConnect({ ...pem, serverName }), isTls: true }
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
    return readFileOrStream(path)
  } catch (error) {
    throw new CommandError('usage', `cannot read ${path} (${option}): ${describeErrno(error)}`)
  }
}
