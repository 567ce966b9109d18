import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

export interface FirstBytes {
  /** Sent in plaintext before anything else. */
  readonly before?: Buffer
  /** True, or with what; any server is believed. */
  readonly tls: boolean | ConnectionOptions
}

/** Max time for a response or the end of the connection, ms. */
const TIMEOUT_MS = 20_000

/**
 * Opens a connection, sends one request over it and returns the outcome.
 *
 * @param code - Of the request.
 * @returns `answered`, or `closed` if the connection ended without a response; its bytes as text, and this end's address.
 */
export async function tryConnection(
  nameServer: string,
  { before, tls }: FirstBytes,
  code: number,
  extFields: Readonly<Record<string, string>>,
): Promise<{ outcome: 'answered' | 'closed'; answer: string; address: string }> {
  const [host = '', port = ''] = nameServer.split(':')
  const transport = connect(Number(port), host)
  await once(transport, 'connect')
  const address = `127.0.0.1:${transport.localPort}`
  if (before !== undefined) transport.write(before)
  const socket: Socket =
    tls === false
      ? transport
      : connectTls({ ...(tls === true ? {} : tls), socket: transport, rejectUnauthorized: false })
  let answer = ''
  const outcome = await new Promise<'answered' | 'closed'>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${nameServer}: neither a response nor an end`)),
      TIMEOUT_MS,
    )
    const end = (how: 'answered' | 'closed') => () => {
      clearTimeout(timer)
      resolve(how)
    }
    for (const each of [socket, transport]) each.on('error', end('closed')).on('close', end('closed'))
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      end('answered')()
    })
    socket.write(requestBytes(code, extFields))
  })
  socket.destroy()
  transport.destroy()
  return { outcome, answer, address }
}

/** Tries a second handshake within a session of TLS 1.2. @returns What became of it. */
export async function tryRenegotiation(nameServer: string): Promise<'renegotiated' | 'closed'> {
  const [host = '', port = ''] = nameServer.split(':')
  const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
  await once(socket, 'secureConnect')
  try {
    return await new Promise<'renegotiated' | 'closed'>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${nameServer}: no outcome`)), TIMEOUT_MS)
      const end = (how: 'renegotiated' | 'closed') => () => {
        clearTimeout(timer)
        resolve(how)
      }
      socket.on('error', end('closed')).on('close', end('closed'))
      socket.renegotiate({ rejectUnauthorized: false }, (error) =>
        end(error === null ? 'renegotiated' : 'closed')(),
      )
    })
  } finally {
    socket.destroy()
  }
}

function requestBytes(code: number, extFields: Readonly<Record<string, string>>): Buffer {
  const fields = { code, extFields, flag: 0, language: 'JAVA', opaque: 1, version: 513 }
  const header = Buffer.from(JSON.stringify({ ...fields, serializeTypeCurrentRPC: 'JSON' }))
  const lengths = Buffer.alloc(8)
  lengths.writeInt32BE(4 + header.length, 0)
  lengths.writeInt32BE(header.length, 4)
  return Buffer.concat([lengths, header])
}
