/** A plain client for the few requests made outside the measured load: registrations, checks, the first response. */
import { connect, type Socket } from 'node:net'
import { type RequestFrame, withOpaque } from './request-frames.ts'

/** A response, its header as far as the benchmark looks at it. */
export interface Answer {
  readonly code: number
  readonly opaque: number
  readonly remark?: string
  readonly body: Buffer
}

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

const FIRST_OPAQUE = 1_000_000_000
// Beside other load, Java takes more than ten seconds for its first large registration.
const CALL_TIMEOUT_MS = 30_000

/** One connection. Calls may overlap; each response resolves the call with its opaque. */
export class RpcConnection {
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  #nextOpaque = FIRST_OPAQUE
  #pending: Buffer = Buffer.alloc(0)
  #lost: Error | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', (error) => this.#lose(error))
    socket.on('close', () => this.#lose(new Error('the server closed the connection')))
  }

  /** Connects to a loopback port; rejects with the socket's error, ECONNREFUSED when nothing listens. */
  static open(port: number): Promise<RpcConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RpcConnection(socket))
      })
    })
  }

  /** Sends a request; rejects when the response's code is not the expected one, when none comes, or the connection is lost. */
  call(frame: RequestFrame): Promise<Answer> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    const opaque = this.#nextOpaque++
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(opaque)
        reject(new Error(`no response within ${CALL_TIMEOUT_MS} ms`))
      }, CALL_TIMEOUT_MS)
      this.#waiting.set(opaque, { resolve, reject, timer })
      this.#socket.write(withOpaque(frame, opaque))
    }).then((answer) => {
      if (answer.code === frame.expectedCode) return answer
      throw new Error(`code ${answer.code}, expected ${frame.expectedCode}: ${answer.remark ?? 'no remark'}`)
    })
  }

  close(): void {
    this.#lose(new Error('the connection was closed'))
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    while (this.#pending.length >= 8) {
      const frameBytes = 4 + this.#pending.readUInt32BE(0)
      if (this.#pending.length < frameBytes) return
      const bodyAt = 8 + this.#pending.readUIntBE(5, 3)
      const header = JSON.parse(this.#pending.toString('utf8', 8, bodyAt)) as Omit<Answer, 'body'>
      const body = this.#pending.subarray(bodyAt, frameBytes)
      this.#pending = this.#pending.subarray(frameBytes)
      const waiting = this.#waiting.get(header.opaque)
      if (waiting === undefined) continue
      this.#waiting.delete(header.opaque)
      clearTimeout(waiting.timer)
      waiting.resolve({ ...header, body })
    }
  }

  #lose(error: Error): void {
    this.#lost ??= error
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(this.#lost)
    }
    this.#waiting.clear()
  }
}
