/** A loopback TCP proxy that keeps every frame of both directions, per connection. */
import { once } from 'node:events'
import { type AddressInfo, createServer, connect as netConnect, type Server, type Socket } from 'node:net'
import { decodeFrame, type FrameHeader, FrameSplitter } from './captured-frames.ts'

/** One frame as it crossed the proxy. */
export interface RecordedFrame {
  /** Number of the connection, from 0, in order of arrival. */
  connection: number
  toServer: boolean
  bytes: Buffer
  frame: FrameHeader
  body: Buffer
}

/** A request and the answer to it. */
export interface Exchange {
  request: RecordedFrame
  response: RecordedFrame
}

const RESPONSE_FLAG_BIT = 1

/** Where a proxy listens and where it connects. */
export interface ProxyAddresses {
  upstreamPort: number
  /** Default `127.0.0.1`. */
  listenHost?: string
  /** Default 0: any free port. */
  listenPort?: number
}

/** Records what a peer and its server say to each other. Create with `RecordingProxy.listen`. */
export class RecordingProxy {
  readonly frames: RecordedFrame[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #watchers = new Set<() => void>()
  #connections = 0

  private constructor(addresses: ProxyAddresses) {
    this.#server = createServer((peer) => this.#relay(peer, addresses.upstreamPort))
  }

  /** Starts a proxy. */
  static async listen(addresses: ProxyAddresses): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(addresses)
    proxy.#server.listen(addresses.listenPort ?? 0, addresses.listenHost ?? '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** The port to give to the peer in place of the server's own. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  #relay(peer: Socket, upstreamPort: number): void {
    const connection = this.#connections++
    const upstream = netConnect(upstreamPort, '127.0.0.1')
    this.#pump(peer, upstream, connection, true)
    this.#pump(upstream, peer, connection, false)
  }

  #pump(from: Socket, to: Socket, connection: number, toServer: boolean): void {
    const splitter = new FrameSplitter()
    this.#sockets.add(from)
    from.on('data', (chunk) => {
      to.write(chunk)
      for (const bytes of splitter.push(chunk)) {
        this.frames.push({ connection, toServer, bytes, ...decodeFrame(bytes) })
      }
      for (const watcher of this.#watchers) watcher()
    })
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    // A refused or reset connection shows up as `close` on the other side, which is all the peers need to see.
    from.on('error', () => from.destroy())
  }

  /**
   * The first frame the test accepts, at once or when it arrives.
   *
   * @param what - Says what is awaited, for the error message.
   * @param accepts - Tests a frame.
   * @param options - `after`: skip as many frames (see `frames.length`); `timeoutMs`: default 60,000.
   */
  async waitFor(
    what: string,
    accepts: (frame: RecordedFrame) => boolean,
    options: { after?: number; timeoutMs?: number } = {},
  ): Promise<RecordedFrame> {
    const find = () => this.frames.slice(options.after ?? 0).find(accepts)
    const already = find()
    if (already) return already
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#watchers.delete(check)
        clearTimeout(timer)
      }
      const check = () => {
        const found = find()
        if (!found) return
        done()
        resolve(found)
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`did not see ${what}`))
      }, options.timeoutMs ?? 60_000)
      this.#watchers.add(check)
    })
  }

  /** The first request the test accepts, with its answer; parameters as for `waitFor`. */
  async exchange(
    what: string,
    accepts: (request: RecordedFrame) => boolean,
    options: { after?: number; timeoutMs?: number } = {},
  ): Promise<Exchange> {
    const isRequest = (f: RecordedFrame) => f.toServer && !(f.frame.flag & RESPONSE_FLAG_BIT)
    const request = await this.waitFor(what, (f) => isRequest(f) && accepts(f), options)
    const response = await this.waitFor(
      `the answer to ${what}`,
      (f) =>
        !f.toServer &&
        f.connection === request.connection &&
        f.frame.opaque === request.frame.opaque &&
        (f.frame.flag & RESPONSE_FLAG_BIT) === RESPONSE_FLAG_BIT,
      { ...options, after: this.frames.indexOf(request) },
    )
    return { request, response }
  }

  /** Stops listening and closes every connection. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
