import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, connect, createSecureContext } from 'node:tls'
import { describeErrno } from '../common/describe-errno.ts'
import { shownValue } from '../common/shown-value.ts'
import type { Connect } from '../remoting/client/outgoing-connection.ts'
import { AdminError } from './admin-error.ts'
import type { AdminTls } from './admin-options.ts'
import { checkNames } from './check-arguments.ts'

/**
 * Connects by TLS.
 * @throws {AdminError} `usage`: certificates and key cannot be used.
 */
export function tlsConnect({ ca, cert, key, serverName }: AdminTls): Connect {
  if (serverName !== undefined && ca === undefined)
    throw new AdminError('usage', 'serverName needs ca: without it no certificate is checked')
  if ((cert === undefined) !== (key === undefined))
    throw new AdminError('usage', 'cert and key belong together')
  if (serverName !== undefined) checkNames('createAdmin', { 'tls.serverName': serverName })
  const options: ConnectionOptions = {
    rejectUnauthorized: ca !== undefined,
    ...(ca !== undefined && { ca: pem('ca', ca) }),
    ...(cert !== undefined && { cert: pem('cert', cert) }),
    ...(key !== undefined && { key: pem('key', key) }),
  }
  try {
    createSecureContext(options)
  } catch (error) {
    throw new AdminError('usage', `cannot use the TLS files: ${describeErrno(error)}`)
  }
  return (address, onReady) => {
    const checked = serverName ?? address.host
    const servername = isIP(checked) === 0 ? checked : ''
    const checkIdentity: ConnectionOptions['checkServerIdentity'] = (_, certificate) =>
      checkServerIdentity(checked, certificate)
    const socket = connect(
      { ...address, ...options, servername, checkServerIdentity: checkIdentity },
      onReady,
    )
    return socket.setNoDelay(true)
  }
}

function pem(name: string, content: string | Uint8Array): string | Buffer {
  if (typeof content === 'string') return content
  if (content instanceof Uint8Array) return Buffer.from(content)
  throw new AdminError(
    'usage',
    `createAdmin: tls.${name} must be PEM as text or bytes, not ${shownValue(content)}`,
  )
}
