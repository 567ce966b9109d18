import { CodedError } from '../common/coded-error.ts'
import { Shares, shareOf } from '../common/shares.ts'
import type { MaybePromise } from '../common/time-slicer.ts'
import { LockDurations } from '../stats/durations.ts'

/** The connection for which the lock is acquired: work that has not begun when it closes is dropped. */
export interface LockOwner {
  readonly closed: boolean
  /** IP address whose share of the waiting work it uses; undefined if it has none. */
  readonly host?: string
}

/** The lock was not acquired, because the connection closed before its request was carried out. */
export class LockError extends CodedError<'ERR_LOCK_ABANDONED'> {}

interface Waiter {
  readonly mode: 'read' | 'write'
  readonly source: string | undefined
  readonly start: () => void
}

/**
 * Many readers or one writer, first come, first served. A holder that throws, or rejects, releases; a waiter whose connection has
 * closed is dropped; the queue is limited. An uncontended acquire is synchronous, and only work that waits or returns a promise
 * returns one.
 */
export class ReadWriteLock {
  readonly #maxWaiters: number
  readonly #durations: LockDurations
  readonly #nowMs: () => number
  #readers = 0
  #writing = false
  readonly #queue: Waiter[] = []
  /** How many of these each source has. */
  readonly #shares = new Shares()
  #starting = false

  /**
   * @param maxWaiters - Max pieces of work that wait; one more is rejected.
   * @param durations - How long work waits, and holds the lock, is added to these. Default: they are not kept.
   * @param nowMs - Milliseconds on a monotonic clock.
   */
  constructor(maxWaiters: number, durations = new LockDurations(), nowMs: () => number = () => 0) {
    this.#maxWaiters = maxWaiters
    this.#durations = durations
    this.#nowMs = nowMs
  }

  /** Pieces of work that wait for the lock. */
  get waiting(): number {
    return this.#queue.length
  }

  /** Whether work holds the lock or waits for it. */
  get busy(): boolean {
    return this.#writing || this.#readers > 0 || this.#queue.length > 0
  }

  /**
   * Runs work while nothing writes; a promise that it returns holds the lock until it settles.
   * @throws {LimitError} {LockError} (or rejects); and whatever the work throws.
   */
  read<Result>(work: () => MaybePromise<Result>, owner?: LockOwner): MaybePromise<Result> {
    return this.#run('read', work, owner)
  }

  /** The same while nothing else reads or writes. @throws {LockError} As {@link read}. */
  write<Result>(work: () => MaybePromise<Result>, owner?: LockOwner): MaybePromise<Result> {
    return this.#run('write', work, owner)
  }

  #run<Result>(
    mode: Waiter['mode'],
    work: () => MaybePromise<Result>,
    owner: LockOwner | undefined,
  ): MaybePromise<Result> {
    checkOpen(owner)
    if (this.#queue.length === 0 && this.#isFree(mode)) return this.#hold(mode, work, this.#nowMs())
    // Work without an owner is the server's own (an eviction, a lost connection): it is rare and must not be rejected.
    const source = owner?.host === undefined ? undefined : shareOf(owner.host)
    if (owner !== undefined)
      this.#shares.takeOne('maxWaitingRequests', this.#maxWaiters, this.#queue.length, source)
    const arrivedMs = this.#nowMs()
    return new Promise((resolve, reject) => {
      const start = (): void => {
        try {
          checkOpen(owner)
          resolve(this.#hold(mode, work, arrivedMs))
        } catch (error) {
          reject(error)
        }
      }
      this.#queue.push({ mode, source, start })
    })
  }

  #isFree(mode: Waiter['mode']): boolean {
    return !this.#writing && (mode === 'read' || this.#readers === 0)
  }

  #hold<Result>(
    mode: Waiter['mode'],
    work: () => MaybePromise<Result>,
    arrivedMs: number,
  ): MaybePromise<Result> {
    if (mode === 'read') this.#readers++
    else this.#writing = true
    const sinceMs = this.#nowMs()
    this.#durations.wait[mode].observe((sinceMs - arrivedMs) / 1_000)
    let result: MaybePromise<Result>
    try {
      result = work()
    } catch (error) {
      this.#release(mode, sinceMs)
      throw error
    }
    if (result instanceof Promise) return result.finally(() => this.#release(mode, sinceMs))
    this.#release(mode, sinceMs)
    return result
  }

  #release(mode: Waiter['mode'], sinceMs: number): void {
    this.#durations.hold[mode].observe((this.#nowMs() - sinceMs) / 1_000)
    if (mode === 'read') this.#readers--
    else this.#writing = false
    // Short work ends within its start, so waiters are started in a loop and not by recursion.
    if (this.#starting) return
    this.#starting = true
    try {
      for (let first = this.#queue[0]; first && this.#isFree(first.mode); first = this.#queue[0]) {
        this.#queue.shift()
        this.#shares.add(first.source, -1)
        first.start()
      }
    } finally {
      this.#starting = false
    }
  }
}

function checkOpen(owner: LockOwner | undefined): void {
  if (owner?.closed === true)
    throw new LockError('ERR_LOCK_ABANDONED', 'the connection closed before its request was carried out')
}
