import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { RawClient } from './raw-client.ts'

export interface TlsClientOptions extends ConnectionOptions {
  /** Sent in plaintext before the handshake. */
  readonly before?: Buffer
  /** Every byte is a write of its own. */
  readonly isCut?: boolean
}

/**
 * A peer that speaks TLS and believes any server.
 * @throws {Error} The handshake failed.
 */
export async function connectTls(
  port: number,
  options: TlsClientOptions = {},
): Promise<{ client: RawClient; socket: TLSSocket }> {
  const { before, isCut = false, ...tls } = options
  const transport = connectPlain(port, '127.0.0.1')
  transport.setNoDelay(true)
  onTestFinished(() => {
    transport.destroy()
  })
  await once(transport, 'connect')
  if (before !== undefined) transport.write(before)
  const socket = connect({
    rejectUnauthorized: false,
    // Only who signed the certificate counts here.
    checkServerIdentity: () => undefined,
    ...tls,
    socket: isCut ? inPieces(transport) : transport,
  })
  const client = RawClient.over(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed before the handshake was over')))
  })
  return { client, socket }
}

/** A stream whose writes reach the socket byte by byte, each in a turn of its own. */
function inPieces(transport: Duplex): Duplex {
  const pieces = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      void (async () => {
        for (const byte of chunk) {
          transport.write(Buffer.of(byte))
          await new Promise(setImmediate)
        }
        done()
      })()
    },
    final(done) {
      transport.end(done)
    },
    destroy(error, done) {
      transport.destroy()
      done(error)
    },
  })
  transport.on('data', (chunk) => pieces.push(chunk))
  transport.on('close', () => pieces.destroy())
  return pieces
}
