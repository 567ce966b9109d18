/** Work that may be interrupted at each of its yields. */
export type Steps<Result> = Generator<undefined, Result, undefined>

/** A result that is there at once, or a promise if the work was long or had to wait. */
export type MaybePromise<Result> = Result | Promise<Result>

export interface TimeSlicerOptions {
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number
  /** Runs a task in a later turn of the event loop, after waiting sockets have been served. */
  readonly defer: (task: () => void) => void
  /** Max duration of a slice, in milliseconds. Default 2: a lookup waits no longer than that for its turn. */
  readonly sliceMs?: number
}

/** Steps between two reads of the clock. */
const STEPS_PER_LOOK = 64

/**
 * Runs long work in slices, with a turn of the event loop between them. Work that ends within its first slice never leaves the
 * current turn.
 */
export class TimeSlicer {
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number
  readonly #defer: (task: () => void) => void
  readonly #sliceMs: number

  constructor({ nowMs, defer, sliceMs = 2 }: TimeSlicerOptions) {
    this.nowMs = nowMs
    this.#defer = defer
    this.#sliceMs = sliceMs
  }

  /** Runs the work. An error is thrown, or rejects the promise if it occurs in a later slice. */
  run<Result>(work: Steps<Result>): MaybePromise<Result> {
    const first = this.#slice(work)
    if (first !== undefined) return first.result
    return new Promise((resolve, reject) => {
      const next = (): void => {
        try {
          const done = this.#slice(work)
          if (done === undefined) this.#defer(next)
          else resolve(done.result)
        } catch (error) {
          reject(error)
        }
      }
      this.#defer(next)
    })
  }

  #slice<Result>(work: Steps<Result>): { result: Result } | undefined {
    const endMs = this.nowMs() + this.#sliceMs
    do {
      for (let step = 0; step < STEPS_PER_LOOK; step++) {
        const { done, value } = work.next()
        if (done) return { result: value }
      }
    } while (this.nowMs() < endMs)
    return undefined
  }
}
