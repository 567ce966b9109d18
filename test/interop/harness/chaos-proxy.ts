import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** Stands between a broker and a NameServer, and does to their connections what bad networks do. */
export class ChaosProxy {
  /** `127.0.0.1:port`, to be used in the NameServer's place. */
  readonly address: string
  /** Delay of every piece of data, either way, ms. */
  delayMs = 0
  readonly #server: Server
  readonly #passages = new Set<Passage>()
  #connectFar: () => Socket
  #waiting: Passage[] | undefined

  private constructor(server: Server, nameServer: string, preface: string) {
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('the proxy has no port')
    this.address = `127.0.0.1:${bound.port}`
    this.#server = server
    this.#connectFar = connector(nameServer, preface)
    server.on('connection', (near) => this.#accept(near))
  }

  /** @param preface - What it sends to the NameServer first on each connection, such as a PROXY header. */
  static async start(nameServer: string, preface = ''): Promise<ChaosProxy> {
    // The proxy passes on the end of one side to the other, when it lets it through.
    const server = createServer({ allowHalfOpen: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new ChaosProxy(server, nameServer, preface)
  }

  /** New connections go to another NameServer from now on, or with another preface, and those that there are, are reset. */
  redirect(nameServer: string, preface = ''): void {
    this.#connectFar = connector(nameServer, preface)
    this.cut()
  }

  /** Connections that go through, or wait to. */
  get connections(): number {
    return this.#passages.size
  }

  /** Connections that have been held back. */
  get held(): number {
    return this.#waiting?.length ?? 0
  }

  /** Both ends of all connections are reset. */
  cut(): void {
    for (const passage of this.#passages) passage.cut()
  }

  /**
   * Keeps all connections there are, and lets nothing through any more, not even that a side has gone; new ones are not
   * concerned. @returns What lets everything through again, with what has gathered meanwhile.
   */
  freeze(): () => void {
    const frozen = [...this.#passages]
    for (const passage of frozen) passage.freeze()
    return () => {
      for (const passage of frozen) passage.thaw()
    }
  }

  /**
   * Resets the broker's end of all connections and keeps the NameServer's, as if the news had been lost on the way.
   * @returns What brings the news.
   */
  cutNearOnly(): () => void {
    const halves = [...this.#passages]
    for (const passage of halves) passage.cutNearOnly()
    return () => {
      for (const passage of halves) passage.cut()
    }
  }

  /** From now on new connections are accepted, and not passed on. */
  hold(): void {
    this.#waiting = []
  }

  /** Passes on those that were held back, the last one first, and holds back no more. */
  async releaseReversed(): Promise<void> {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const passage of waiting.reverse()) await passage.passOn(this.#connectFar())
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(near: Socket): void {
    const passage = new Passage(
      near,
      () => this.delayMs,
      () => this.#passages.delete(passage),
    )
    this.#passages.add(passage)
    if (this.#waiting !== undefined) this.#waiting.push(passage)
    else void passage.passOn(this.#connectFar())
  }
}

function connector(nameServer: string, preface: string): () => Socket {
  const [host = '', port = ''] = nameServer.split(':')
  return () => {
    const far = connect({ host, port: Number(port), allowHalfOpen: true })
    if (preface !== '') far.write(preface)
    return far
  }
}

/** One connection and its other half. */
class Passage {
  readonly #near: Socket
  readonly #delayMs: () => number
  readonly #onGone: () => void
  #far: Socket | undefined
  /** The end of one half is not passed on to the other. */
  #keepsQuiet = false
  /** Resolved unless it is frozen. */
  #thawed: Promise<void> = Promise.resolve()
  #onThaw: () => void = () => {}

  constructor(near: Socket, delayMs: () => number, onGone: () => void) {
    this.#near = near
    this.#delayMs = delayMs
    this.#onGone = onGone
    near.pause()
    near.on('error', () => {})
    near.on('close', () => this.#closeOther())
  }

  /** Resolves when the other half is connected. */
  async passOn(far: Socket): Promise<void> {
    this.#far = far
    far.on('error', () => {})
    far.on('close', () => this.#closeOther())
    await new Promise<void>((resolve) => {
      far.once('connect', resolve)
      far.once('close', resolve)
    })
    this.#pass(this.#near, far)
    this.#pass(far, this.#near)
  }

  freeze(): void {
    this.#keepsQuiet = true
    this.#thawed = new Promise((resolve) => {
      this.#onThaw = resolve
    })
    this.#near.pause()
    this.#far?.pause()
  }

  thaw(): void {
    this.#keepsQuiet = false
    this.#onThaw()
    if (this.#near.destroyed || this.#far?.destroyed) this.cut()
    this.#near.resume()
    this.#far?.resume()
  }

  cut(): void {
    this.#keepsQuiet = false
    this.#near.resetAndDestroy()
    this.#far?.resetAndDestroy()
    this.#onGone()
  }

  cutNearOnly(): void {
    this.#keepsQuiet = true
    this.#near.resetAndDestroy()
  }

  /** In order, however the delay changes meanwhile. */
  #pass(from: Socket, to: Socket): void {
    let order: Promise<void> = Promise.resolve()
    const later = (act: () => void): void => {
      const dueMs = performance.now() + this.#delayMs()
      order = order.then(async () => {
        const waitMs = dueMs - performance.now()
        if (waitMs > 0) await delay(waitMs)
        await this.#thawed
        if (!to.destroyed) act()
      })
    }
    from.on('data', (chunk: Buffer) => later(() => to.write(chunk)))
    from.on('end', () => later(() => to.end()))
    from.resume()
  }

  #closeOther(): void {
    if (this.#keepsQuiet) return
    this.#onGone()
    this.#near.destroy()
    this.#far?.destroy()
  }
}
