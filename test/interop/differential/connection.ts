import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What came next on a connection: a frame (length word included), its end, or nothing in time. */
export type Arrival = Buffer | 'closed' | 'silent'

/** A connection that is read frame by frame. */
export class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #closed = false
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    // How it ends does not matter: a reset and an orderly end are both "closed" to a client.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
  }

  /** @param address - `host:port` */
  static async open(address: string): Promise<Connection> {
    const [host = '', port] = address.split(':')
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    socket.setNoDelay(true)
    return new Connection(socket)
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  async next(timeoutMs: number): Promise<Arrival> {
    const endMs = performance.now() + timeoutMs
    for (;;) {
      const frame = this.#takeFrame()
      if (frame !== undefined) return frame
      if (this.#closed) return 'closed'
      const leftMs = endMs - performance.now()
      if (leftMs <= 0) return 'silent'
      await this.#something(leftMs)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#socket.end()
    await once(this.#socket, 'close')
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #takeFrame(): Buffer | undefined {
    if (this.#received.length < 4) return undefined
    const end = 4 + this.#received.readInt32BE(0)
    if (this.#received.length < end) return undefined
    const frame = this.#received.subarray(0, end)
    this.#received = this.#received.subarray(end)
    return frame
  }

  #something(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      // After a pause of this process, what has arrived meanwhile is read before the time counts as over.
      const timer = setTimeout(() => setImmediate(resolve), timeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
