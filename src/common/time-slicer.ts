/** Work that may be interrupted at each of its yields. */
export type Steps<Result> = Generator<undefined, Result, undefined>

/** Does work without interruption. @returns Its result. */
export function toEnd<Result>(work: Steps<Result>): Result {
  let step = work.next()
  while (!step.done) step = work.next()
  return step.value
}

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
    return advance(work, this.nowMs() + this.#sliceMs, this.nowMs)
  }
}

/** A slicer whose works share one slice in each turn of the event loop, and take turns at it. */
export class SharedTimeSlicer extends TimeSlicer {
  readonly #defer: (task: () => void) => void
  readonly #sliceMs: number
  /** Works to continue; each returns whether it has ended. */
  readonly #waiting: (() => boolean)[] = []
  /** End of the slice of this turn; undefined if nothing has run lately. */
  #endMs: number | undefined

  constructor(options: TimeSlicerOptions & { readonly sliceMs: number }) {
    super(options)
    this.#defer = options.defer
    this.#sliceMs = options.sliceMs
  }

  override run<Result>(work: Steps<Result>): MaybePromise<Result> {
    if (this.#endMs === undefined) {
      this.#endMs = this.nowMs() + this.#sliceMs
      this.#defer(() => this.#turn())
    }
    if (this.#waiting.length === 0 && this.nowMs() < this.#endMs) {
      const first = advance(work, this.#endMs, this.nowMs)
      if (first !== undefined) return first.result
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          const done = advance(work, this.#endMs ?? 0, this.nowMs)
          if (done !== undefined) resolve(done.result)
          return done !== undefined
        } catch (error) {
          reject(error)
          return true
        }
      })
    })
  }

  #turn(): void {
    if (this.#waiting.length === 0) {
      this.#endMs = undefined
      return
    }
    this.#endMs = this.nowMs() + this.#sliceMs
    do {
      const proceed = this.#waiting.shift()
      if (proceed === undefined) break
      if (!proceed()) this.#waiting.push(proceed)
    } while (this.nowMs() < this.#endMs)
    this.#defer(() => this.#turn())
  }
}

/** Runs work until a moment; undefined if it has not ended by then. */
function advance<Result>(
  work: Steps<Result>,
  endMs: number,
  nowMs: () => number,
): { result: Result } | undefined {
  do {
    for (let step = 0; step < STEPS_PER_LOOK; step++) {
      const { done, value } = work.next()
      if (done) return { result: value }
    }
  } while (nowMs() < endMs)
  return undefined
}
