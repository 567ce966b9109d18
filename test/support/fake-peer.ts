import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A frame that came in, cut without our own decoder. */
export interface Received {
  readonly bytes: Buffer
  /** Members of its JSON header. */
  readonly header: {
    readonly code: number
    readonly opaque: number
    readonly flag: number
    readonly version: number
    readonly extFields?: Readonly<Record<string, string>>
  }
  readonly socket: Socket
}

/** Something that listens where a broker or another NameServer would. */
export interface FakePeer {
  /** `127.0.0.1:port` */
  readonly address: string
  readonly received: Received[]
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>
  /** Connections that were ever accepted. */
  readonly accepted: () => number
  /** Stops listening and cuts all connections. */
  readonly close: () => void
}

/** Starts a peer on a free port; `onFrame` may answer. It is closed when the test is over. */
export async function startFakePeer(
  onFrame: (frame: Received) => void = () => {},
  { reads = true } = {},
): Promise<FakePeer> {
  const received: Received[] = []
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer((socket) => {
    accepted++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    if (!reads) {
      socket.pause()
      return
    }
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const bytes = rest.subarray(0, 4 + rest.readInt32BE(0))
        rest = rest.subarray(bytes.length)
        const headerEnd = 8 + (bytes.readInt32BE(4) & 0xffffff)
        const header = bytes[4] === 0 ? JSON.parse(bytes.toString('utf8', 8, headerEnd)) : {}
        const frame = { bytes, header, socket }
        received.push(frame)
        onFrame(frame)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(close)
  const { port } = server.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, received, sockets, accepted: () => accepted, close }
}
