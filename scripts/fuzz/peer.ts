/** One fuzzed connection: sends what its case says and checks what comes back against what the decoders have made of it. */
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { AnswerReader } from '../support/answers.ts'
import type { FuzzCase } from './cases.ts'
import type { Prediction } from './decoders.ts'

/** So long without anything that comes is stuck. The server is busy, and so may the machine be. */
const STUCK_MS = 30_000

/** How long a peer that does not read leaves its answers where they are. */
const NOT_READING_MS = 100

/** What a NameServer may answer. */
const RESPONSE_CODES: ReadonlySet<number> = new Set([0, 1, 2, 3, 16, 17, 22])

/**
 * Plays a case over a connection of its own.
 * @param prediction - Undefined if the server may do as it likes, as long as the connection ends when the peer ends it.
 * @throws {Error} if an answer is missing, is wrong, or is one too many, or if the connection does not end.
 */
export async function playCase(
  port: number,
  played: FuzzCase,
  prediction: Prediction | undefined,
): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: localAddress(played.index), noDelay: true })
  const peer = new Peer(socket, prediction, played.mayExpire)
  try {
    await peer.connected
    if (played.ending === 'does not read') socket.pause()
    await writeInPieces(socket, played)
    if (played.ending === 'reads') await peer.finished()
    else if (played.ending === 'does not read') await delay(NOT_READING_MS)
  } finally {
    peer.close()
  }
}

/** Many hosts, as far as a server can see. */
function localAddress(index: number): string {
  return `127.0.${1 + (index % 16)}.${1 + ((index >> 4) % 200)}`
}

async function writeInPieces(socket: Socket, { bytes, cuts }: FuzzCase): Promise<void> {
  let from = 0
  for (const cut of cuts) {
    if (socket.destroyed) return
    socket.write(bytes.subarray(from, cut))
    from = cut
    await new Promise(setImmediate)
  }
  if (!socket.destroyed) socket.write(bytes.subarray(from))
}

class Peer {
  /** Resolves when the connection is there; rejects if it cannot be had. */
  readonly connected: Promise<void>
  readonly #socket: Socket
  readonly #prediction: Prediction | undefined
  readonly #mayExpire: boolean
  readonly #reader = new AnswerReader()
  #answers = 0
  #error: Error | undefined
  #isClosed = false
  #onChange: () => void = () => {}
  readonly #timer: NodeJS.Timeout

  constructor(socket: Socket, prediction: Prediction | undefined, mayExpire: boolean) {
    this.#mayExpire = mayExpire
    this.#socket = socket
    this.#prediction = prediction
    this.#timer = setTimeout(() => this.#fail(new Error(`stuck after ${this.#progress}`)), STUCK_MS)
    this.connected = new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    // A server that closes at bad bytes may reset the connection; what matters is that it is closed.
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('close', () => {
      this.#isClosed = true
      this.#onChange()
    })
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#socket.destroy()
  }

  get #progress(): string {
    return `${this.#answers} of ${this.#prediction?.opaques.length ?? 'any number of'} answers`
  }

  #fail(error: Error): void {
    this.#error ??= error
    this.#onChange()
  }

  /** Resolves when everything has come that must, and the connection has ended. */
  async finished(): Promise<void> {
    const { opaques, closes } = this.#prediction ?? { opaques: [], closes: false }
    await this.#until(() => this.#isClosed || (!closes && this.#answers >= opaques.length))
    const isCut = !closes && this.#answers < opaques.length
    if (isCut && !this.#mayExpire) throw new Error(`the server closed after ${this.#progress}`)
    // A server that closes with unread bytes in its socket resets the connection, and answers on their way are lost.
    this.#socket.end()
    await this.#until(() => this.#isClosed)
  }

  async #until(condition: () => boolean): Promise<void> {
    while (this.#error === undefined && !condition()) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve
      })
    }
    if (this.#error !== undefined) throw this.#error
  }

  #onData(chunk: Buffer): void {
    this.#timer.refresh()
    if (this.#prediction === undefined || this.#error !== undefined) return
    try {
      for (const { code, opaque } of this.#reader.read(chunk)) this.#check(code, opaque)
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#onChange()
  }

  #check(code: number, opaque: number): void {
    const { opaques } = this.#prediction as Prediction
    const expected = opaques[this.#answers]
    if (expected === undefined) throw new Error(`an answer too many: code ${code}, opaque ${opaque}`)
    if (expected !== null && expected !== opaque) {
      throw new Error(`answer ${this.#answers} is to opaque ${opaque} instead of ${expected}`)
    }
    if (!RESPONSE_CODES.has(code)) throw new Error(`answer ${this.#answers} has the code ${code}`)
    this.#answers++
  }
}
