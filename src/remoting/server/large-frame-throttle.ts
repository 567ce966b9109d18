import type { RemotingServerOptions } from './remoting-server.ts'

/**
 * Read rate of one large frame while other requests are served. A registration takes a little over a millisecond per megabyte to
 * read and compare, so this is about a fortieth of the event loop.
 */
const BYTES_PER_MS = 20_000
/** A pause is a timer, and so takes a millisecond or more: reads over TLS, of 16 KiB, are paused for together. */
export const MIN_PAUSE_BYTES = 64 * 1024
/** With more large frames at once each gets less: together they get about half of the event loop. */
const FRAMES_AT_FULL_RATE = 20
/** Other requests are expected for this long after the last one. */
const OTHERS_EXPECTED_MS = 5

/**
 * Shares the event loop between large frames, which are registrations, and all other requests. The next bytes of a large frame are
 * always there, so it would occupy the event loop. While other requests are served, it is read at a limited rate.
 */
export class LargeFrameThrottle {
  readonly #options: Pick<RemotingServerOptions, 'nowMs' | 'defer'>
  #lastOtherMs = Number.NEGATIVE_INFINITY
  /** Connections that are paused. */
  #waiting = 0

  constructor(options: Pick<RemotingServerOptions, 'nowMs' | 'defer'>) {
    this.#options = options
  }

  /** A connection without a large frame was served. */
  servedOther(nowMs: number): void {
    this.#lastOtherMs = nowMs
  }

  /** Whether other requests are being served at present. */
  get servesOthers(): boolean {
    return this.#options.nowMs() - this.#lastOtherMs <= OTHERS_EXPECTED_MS
  }

  /**
   * Pauses a connection.
   * @param bytes - Bytes of a large frame that were read.
   * @param next - Called when the connection may be read again.
   */
  wait(bytes: number, next: () => void): void {
    this.#waiting++
    const minMs = (bytes / BYTES_PER_MS) * Math.max(1, this.#waiting / FRAMES_AT_FULL_RATE)
    this.#options.defer(() => {
      this.#waiting--
      next()
    }, minMs)
  }
}
