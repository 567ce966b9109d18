import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A frame as a server sent it. */
export interface Answer {
  readonly serializeType: number
  readonly header: Buffer
  readonly body: Buffer
}

/** What a request says; everything else has a default. */
export interface Request {
  readonly code: number
  readonly extFields?: Readonly<Record<string, string>>
  readonly opaque?: number
  readonly flag?: number
  readonly version?: number
  readonly body?: Buffer | string
}

/** A frame around any header. Written for tests, without our own encoder. */
export function frame(header: Buffer | string, body: Buffer | string = '', serializeType = 0): Buffer {
  const headerBytes = Buffer.from(header)
  const bodyBytes = Buffer.from(body)
  const words = Buffer.alloc(8)
  words.writeInt32BE(4 + headerBytes.length + bodyBytes.length, 0)
  words.writeInt32BE((serializeType << 24) | headerBytes.length, 4)
  return Buffer.concat([words, headerBytes, bodyBytes])
}

/** A request as a Java client of 5.5.0 writes it. */
export function requestFrame({
  code,
  extFields,
  opaque = 1,
  flag = 0,
  version = 513,
  body,
}: Request): Buffer {
  const rest = { flag, language: 'JAVA', opaque, serializeTypeCurrentRPC: 'JSON', version }
  const header = extFields === undefined ? { code, ...rest } : { code, extFields, ...rest }
  return frame(JSON.stringify(header), body)
}

/** The members of an answer's JSON header. */
export function headerOf(answer: Answer): {
  readonly code: number
  readonly opaque: number
  readonly remark?: string
  readonly extFields?: Readonly<Record<string, string>>
} {
  return JSON.parse(answer.header.toString())
}

/** Length word and header word. */
const PREFIX_BYTES = 8

/** A peer that sends any bytes and keeps the frames that come back. */
export class RawClient {
  readonly socket: Socket
  /** `host:port` as the server sees this peer. */
  readonly address: string
  /** Resolves when the connection has closed, for whatever reason. */
  readonly closed: Promise<void>
  /** Frames not read yet. */
  readonly answers: Answer[] = []
  bytesReceived = 0
  #chunks: Buffer[] = []
  #restBytes = 0
  #wantedBytes = PREFIX_BYTES
  #isClosed = false
  #changed: (() => void)[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    this.address = `127.0.0.1:${socket.localPort}`
    socket.on('data', (chunk) => this.#onData(chunk))
    // A reset is one of the ways in which a connection ends; `closed` resolves.
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true
        resolve()
        this.#tell()
      })
    })
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** A peer on a connection that is there, over TLS or behind a proxy. */
  static over(socket: Socket): RawClient {
    return new RawClient(socket)
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** The next frame; rejects if the connection closes without one. */
  async next(): Promise<Answer> {
    for (;;) {
      const answer = this.answers.shift()
      if (answer !== undefined) return answer
      if (this.#isClosed) throw new Error('the connection closed before the answer came')
      await new Promise<void>((resolve) => this.#changed.push(resolve))
    }
  }

  async request(request: Request): Promise<Answer> {
    this.send(requestFrame(request))
    return this.next()
  }

  #onData(chunk: Buffer): void {
    this.bytesReceived += chunk.length
    this.#chunks.push(chunk)
    this.#restBytes += chunk.length
    while (this.#restBytes >= this.#wantedBytes) {
      const [first = chunk] = this.#chunks
      const rest = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
      this.#chunks = [rest]
      const frameBytes = 4 + rest.readInt32BE(0)
      if (rest.length < frameBytes) {
        this.#wantedBytes = frameBytes
        break
      }
      const headerWord = rest.readInt32BE(4)
      const headerEnd = 8 + (headerWord & 0xffffff)
      this.answers.push({
        serializeType: headerWord >>> 24,
        header: rest.subarray(8, headerEnd),
        body: rest.subarray(headerEnd, frameBytes),
      })
      this.#chunks = [rest.subarray(frameBytes)]
      this.#restBytes -= frameBytes
      this.#wantedBytes = PREFIX_BYTES
    }
    this.#tell()
  }

  #tell(): void {
    const changed = this.#changed
    this.#changed = []
    for (const resolve of changed) resolve()
  }
}
