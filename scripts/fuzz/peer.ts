/** One fuzzed connection: sends what its case says and checks what comes back against what the decoders have made of it. */
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import { AnswerReader } from '../support/answers.ts'
import type { Ending, FuzzCase } from './cases.ts'
import type { Prediction } from './decoders.ts'
import { TlsClient } from './fuzz-tls-client.ts'
import type { TlsSession } from './tls-session.ts'

/** So long without anything that comes is stuck. The server is busy, and so may the machine be. */
const STUCK_MS = 30_000

/** How long a peer that does not read leaves its responses where they are. */
const NOT_READING_MS = 100

/** What a NameServer may answer. */
const RESPONSE_CODES: ReadonlySet<number> = new Set([0, 1, 2, 3, 16, 17, 22])

/**
 * Plays a case over a connection of its own, or over two if a TLS session is to be taken up again.
 * @param prediction - Undefined if the server may do as it likes, as long as the connection ends when the peer ends it.
 * @throws {Error} if a response is missing, is wrong, or is one too many, or if the connection does not end.
 */
export async function playCase(
  port: number,
  played: FuzzCase,
  prediction: Prediction | undefined,
): Promise<void> {
  const address = { port, host: '127.0.0.1', localAddress: localAddress(played.index), noDelay: true }
  if (played.session !== undefined) {
    await playInSession(address, played, played.session, prediction)
    return
  }
  const socket = connect(address)
  const peer = new Peer(socket, prediction, played.mayExpire)
  try {
    await peer.connected
    if (played.ending === 'does not read') socket.pause()
    await writeInPieces(socket, played.bytes, played.cuts)
    await peer.end(played.ending)
  } finally {
    peer.close()
  }
}

/** Many hosts, as far as a server can see. */
function localAddress(index: number): string {
  return `127.0.${1 + (index % 16)}.${1 + ((index >> 4) % 200)}`
}

async function playInSession(
  address: NetConnectOpts,
  played: FuzzCase,
  session: TlsSession,
  prediction: Prediction | undefined,
): Promise<void> {
  const { bytes, cuts, ending, mayExpire } = played
  const client = await TlsClient.open(address, session)
  const { stop, after, renegotiates } = session
  const mayBeCut = mayExpire || stop !== undefined || renegotiates
  const peer = new Peer(client.socket, prediction, mayBeCut)
  try {
    if (!(await peer.connectedOrStopped(stop !== undefined))) return
    const first = renegotiates ? (cuts[0] ?? 0) : 0
    if (renegotiates) {
      await writeInPieces(client.socket, bytes.subarray(0, first), [])
      await client.renegotiate()
    }
    // Not before, since a handshake must be read.
    if (ending === 'does not read') client.socket.pause()
    const rest = cuts.filter((cut) => cut > first).map((cut) => cut - first)
    await writeInPieces(client.socket, bytes.subarray(first), rest)
    if (stop !== undefined && ending === 'reads') await peer.end('half-closes')
    else if (after === undefined || ending !== 'reads') await peer.end(ending)
    else {
      await peer.answered()
      client.sendLast(after)
      await peer.ended()
    }
  } finally {
    peer.close()
    client.close()
  }
}

/** Each piece in a turn of its own; over TLS each is at least one record. */
async function writeInPieces(socket: Socket, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  let from = 0
  for (const cut of cuts) {
    if (!isOpen(socket)) return
    socket.write(bytes.subarray(from, cut))
    from = cut
    await new Promise(setImmediate)
  }
  if (isOpen(socket)) socket.write(bytes.subarray(from))
}

const isOpen = (socket: Socket): boolean => !socket.destroyed && socket.writable

class Peer {
  /** Resolves when the connection is there; rejects if it cannot be had. */
  readonly connected: Promise<void>
  readonly #socket: Socket
  readonly #prediction: Prediction | undefined
  readonly #mayBeCut: boolean
  readonly #reader = new AnswerReader()
  #answers = 0
  #error: Error | undefined
  #isClosed = false
  #onChange: () => void = () => {}
  readonly #timer: NodeJS.Timeout

  /** @param mayBeCut - Whether the server may close before everything is answered. */
  constructor(socket: Socket, prediction: Prediction | undefined, mayBeCut: boolean) {
    this.#mayBeCut = mayBeCut
    this.#socket = socket
    this.#prediction = prediction
    this.#timer = setTimeout(() => {
      this.#fail(new Error(`stuck after ${this.#progress}`))
      socket.destroy()
    }, STUCK_MS)
    this.connected = new Promise((resolve, reject) => {
      socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', resolve)
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('closed before there was a connection')))
    })
    // Whoever does not wait for it hears of it in another way.
    this.connected.catch(() => {})
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

  /** @returns False if the connection has ended first, as it may if the peer itself cuts its handshake short. */
  async connectedOrStopped(mayStop: boolean): Promise<boolean> {
    if (!mayStop) await this.connected
    const connected = this.connected.then(
      () => true,
      () => false,
    )
    const isThere = await Promise.race([connected, this.ended().then(() => false)])
    if (!isThere) await this.ended()
    return isThere
  }

  /** Does what a peer does when everything is sent; resolves when that is over. */
  async end(ending: Ending): Promise<void> {
    switch (ending) {
      case 'reads':
        await this.answered()
        this.#socket.end()
        await this.ended()
        break
      case 'half-closes':
        this.#socket.end()
        await this.ended()
        break
      case 'does not read':
        await delay(NOT_READING_MS)
        break
      case 'aborts':
        break
      default:
        ending satisfies never
    }
  }

  /** Resolves when everything has come that must. */
  async answered(): Promise<void> {
    const { opaques, closes } = this.#prediction ?? { opaques: [], closes: false }
    await this.#until(() => this.#isClosed || (!closes && this.#answers >= opaques.length))
    // A server that closes with unread bytes in its socket resets the connection, and answers on their way are lost.
    const isCut = !closes && this.#answers < opaques.length
    if (isCut && !this.#mayBeCut) throw new Error(`the server closed after ${this.#progress}`)
  }

  /** Resolves when the connection has ended. */
  ended(): Promise<void> {
    return this.#until(() => this.#isClosed)
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
    if (expected === undefined) throw new Error(`a response too many: code ${code}, opaque ${opaque}`)
    if (expected !== opaque) {
      throw new Error(`answer ${this.#answers} is to opaque ${opaque} instead of ${expected}`)
    }
    if (!RESPONSE_CODES.has(code)) throw new Error(`answer ${this.#answers} has the code ${code}`)
    this.#answers++
  }
}
