/**
 * A relay between a TLS client and the server that passes on what the client sends in other pieces, or not to its end. The client
 * has a socket of its own because Node's client fails an assertion over a stream in JavaScript that is slow to write.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import type { TlsSession } from './tls-session.ts'

export class CutRelay {
  /** The client's end, connected. */
  readonly near: Socket
  readonly #far: Socket
  readonly #server: Socket
  readonly #cuts: readonly number[]
  readonly #stop: TlsSession['stop']
  #nextCut = 0
  #sentBytes = 0
  #isStopped = false
  /** What was read before is sent first. */
  #sending: Promise<void> = Promise.resolve()

  private constructor(
    near: Socket,
    far: Socket,
    server: Socket,
    { before, cuts, stop }: Pick<TlsSession, 'before' | 'cuts' | 'stop'>,
  ) {
    this.near = near
    this.#far = far
    this.#server = server
    this.#cuts = cuts
    this.#stop = stop
    this.#queue(() => this.#send(before))
    this.#passOn()
  }

  /** @throws {Error} (rejects) if the server cannot be reached. */
  static async open(
    address: NetConnectOpts,
    plan: Pick<TlsSession, 'before' | 'cuts' | 'stop'>,
  ): Promise<CutRelay> {
    const server = connect({ ...address, allowHalfOpen: true })
    await connected(server)
    const listener = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const near = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true })
    const [[far]] = await Promise.all([once(listener, 'connection') as Promise<[Socket]>, connected(near)])
    listener.close()
    return new CutRelay(near, far, server, plan)
  }

  /** Sends what the client has not written, and nothing more after it. */
  sendLast(bytes: Buffer): void {
    this.#queue(async () => {
      this.#isStopped = true
      this.#server.end(bytes)
    })
  }

  /** Ends everything at once. */
  close(): void {
    for (const socket of [this.#server, this.#far, this.near]) socket.destroy()
  }

  #passOn(): void {
    const [far, server] = [this.#far, this.#server]
    far.on('error', () => {})
    server.on('error', () => {})
    far.on('data', (chunk: Buffer) => this.#queue(() => this.#send(chunk)))
    far.on('end', () =>
      this.#queue(async () => {
        if (!this.#isStopped) server.end()
      }),
    )
    server.on('data', (chunk: Buffer) => {
      if (!far.write(chunk)) server.pause()
    })
    far.on('drain', () => server.resume())
    server.on('end', () => far.end())
    server.on('close', () => far.destroySoon())
    far.on('close', () => server.resume())
  }

  #queue(task: () => Promise<void>): void {
    this.#sending = this.#sending.then(task)
  }

  async #send(chunk: Buffer): Promise<void> {
    let from = 0
    while (!this.#isStopped && !this.#server.destroyed) {
      const stopAt = this.#stop?.atByte ?? Number.POSITIVE_INFINITY
      const cut = this.#cuts[this.#nextCut] ?? Number.POSITIVE_INFINITY
      const end = Math.min(chunk.length, from + Math.min(cut, stopAt) - this.#sentBytes)
      if (end > from) this.#server.write(chunk.subarray(from, end))
      this.#sentBytes += end - from
      from = end
      if (this.#sentBytes >= stopAt) this.#stopNow()
      if (this.#sentBytes >= cut) {
        this.#nextCut++
        await new Promise(setImmediate)
      }
      if (from >= chunk.length) return
    }
  }

  #stopNow(): void {
    this.#isStopped = true
    if (this.#stop?.how === 'aborts') this.#server.destroy()
    else this.#server.end()
  }
}

async function connected(socket: Socket): Promise<void> {
  try {
    await once(socket, 'connect')
  } catch (error) {
    socket.destroy()
    throw error
  }
}
