/** What pacing takes time from. */
export interface LargeFramePaceOptions {
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: () => number
  /** Runs a task in a later turn of the event loop, when others have had so many milliseconds. */
  readonly defer: (task: () => void, leastMs: number) => void
}

/**
 * How fast the bytes of one large frame are taken while others are being served. A registration costs a little over a
 * millisecond per megabyte, read and compared, so this is about a fortieth of the loop.
 */
const BYTES_PER_MS = 20_000
/** From so many large frames at once on each gets less: together they get about half of the loop. */
const FRAMES_AT_FULL_PACE = 20
/** Somebody served so short a time ago is likely to be back soon. */
const BUSY_MS = 5
/** Fewer bytes are not worth a timer. */
export const MIN_PAUSE_BYTES = 64 * 1024

/**
 * Shares the loop between large frames, which are registrations, and everything else. A peer that sends megabytes has the next
 * ones ready whenever it is asked, and would get most of the time; so while others are being served, it is asked less often. When
 * nobody else is there it gets all.
 */
export class LargeFrameThrottle {
  readonly #options: LargeFramePaceOptions
  #othersMs = Number.NEGATIVE_INFINITY
  #waiting = 0

  constructor(options: LargeFramePaceOptions) {
    this.#options = options
  }

  /** Connections that wait for their next turn. */
  get waiting(): number {
    return this.#waiting
  }

  /** Somebody who does not send a large frame was served. */
  servedOther(nowMs: number): void {
    this.#othersMs = nowMs
  }

  /** Whether somebody else is being served at present. */
  get servesOthers(): boolean {
    return this.#options.nowMs() - this.#othersMs <= BUSY_MS
  }

  /**
   * Lets others have the loop after so many bytes of a large frame.
   * @param next - Called when the connection may be read again.
   */
  wait(bytes: number, next: () => void): void {
    this.#waiting++
    const task = (): void => {
      this.#waiting--
      next()
    }
    const leastMs = (bytes / BYTES_PER_MS) * Math.max(1, this.#waiting / FRAMES_AT_FULL_PACE)
    this.#options.defer(task, leastMs)
  }
}
