import { connect, createServer, type Socket } from 'node:net'

/** A request as it went over the wire. */
export interface SeenRequest {
  /** Number of the connection over which it came, from 1. */
  readonly connection: number
  /** 0 = JSON header, 1 = binary header. */
  readonly serializeType: number
  readonly code: number
  /** The header's text if it is JSON, else empty. */
  readonly header: string
  readonly body: Buffer
}

export interface WireTap {
  /** `127.0.0.1:port`, to be used in the NameServer's place. */
  readonly address: string
  /** Requests seen so far. */
  readonly requests: readonly SeenRequest[]
  /** Closes the port and every connection through it. */
  close(): Promise<void>
}

/** Stands between brokers or clients and a NameServer, passes every byte on, and notes the requests. */
export async function startWireTap(nameServer: string): Promise<WireTap> {
  const [host = '', port = ''] = nameServer.split(':')
  const requests: SeenRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((near) => {
    connections += 1
    const connection = connections
    const far = connect(Number(port), host)
    let received: Buffer = Buffer.alloc(0)
    near.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const end = 4 + received.readInt32BE(0)
        requests.push({ connection, ...readRequest(received.subarray(0, end)) })
        received = received.subarray(end)
      }
    })
    near.pipe(far).pipe(near)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => sockets.delete(one))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the wire tap has no port')
  return {
    address: `127.0.0.1:${bound.port}`,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function readRequest(frame: Buffer): Omit<SeenRequest, 'connection'> {
  const serializeType = frame.readUInt8(4)
  const headerEnd = 8 + (frame.readInt32BE(4) & 0xff_ff_ff)
  const header = serializeType === 0 ? frame.toString('utf8', 8, headerEnd) : ''
  const code = serializeType === 0 ? (JSON.parse(header) as { code: number }).code : frame.readInt16BE(8)
  return { serializeType, code, header, body: Buffer.from(frame.subarray(headerEnd)) }
}
