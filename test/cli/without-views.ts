import { connect, type Socket } from 'node:net'
import { startFakePeer } from '../support/fake-peer.ts'
import { frame } from '../support/raw-client.ts'

const INSPECT = 1450
/** As Java's NameServer responds to a code that it does not have. */
const NOT_SUPPORTED = 3
/** As ours responds to other machines. */
export const NO_PERMISSION = 16

/**
 * Puts something between a server and its clients that rejects request 1450 and passes on everything else.
 * @returns Its address.
 */
export async function startWithoutViews(port: number, code = NOT_SUPPORTED): Promise<string> {
  const servers = new Map<Socket, Socket>()
  const { address } = await startFakePeer(({ bytes, header, socket }) => {
    if (header.code === INSPECT) {
      const { opaque } = header
      const response = { code, flag: 1, language: 'JAVA', opaque, remark: 'not here', version: 513 }
      socket.write(frame(JSON.stringify(response)))
      return
    }
    let server = servers.get(socket)
    if (server === undefined) {
      server = connect(port, '127.0.0.1')
      server.on('error', () => socket.destroy())
      server.pipe(socket)
      socket.on('close', () => server?.destroy())
      servers.set(socket, server)
    }
    server.write(bytes)
  })
  return address
}
