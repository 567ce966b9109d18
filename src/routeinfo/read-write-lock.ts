import { CodedError } from '../common/coded-error.ts'
import { LimitError } from '../common/limit-error.ts'
import type { MaybePromise, Steps, TimeSlicer } from '../common/time-slicer.ts'

/** The connection for which the lock is acquired; when it closes, its waiting work is dropped. */
export interface LockOwner {
  readonly closed: boolean
}

/** The lock was not acquired, because the connection closed while its request waited. */
export class LockError extends CodedError<'ERR_LOCK_ABANDONED'> {}

interface Waiter {
  readonly mode: 'read' | 'write'
  readonly start: () => void
}

/**
 * Many readers or one writer, first come, first served.
 *
 * Long work runs in slices and holds the lock between them; short work needs the lock only against long work. An uncontended
 * acquire is synchronous: the result is returned as it is, and only work that waits or takes several slices returns a promise.
 *
 * A holder that throws releases. A waiter whose connection has closed is dropped when it would start. The queue is limited.
 */
export class ReadWriteLock {
  readonly #slicer: TimeSlicer
  readonly #maxWaiters: number
  #readers = 0
  #writing = false
  #queue: Waiter[] = []

  /** @param maxWaiters - Max pieces of work that wait; one more is rejected. */
  constructor(slicer: TimeSlicer, maxWaiters: number) {
    this.#slicer = slicer
    this.#maxWaiters = maxWaiters
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
   * Runs short work while nothing writes.
   * @throws {LimitError} {LockError} (or rejects); and whatever the work throws.
   */
  read<Result>(work: () => Result, owner?: LockOwner): MaybePromise<Result> {
    if (!this.#writing && this.#queue.length === 0) return work()
    return this.#wait('read', work, owner)
  }

  /** Runs short work while nothing else reads or writes. @throws {LockError} As {@link read}. */
  write<Result>(work: () => Result, owner?: LockOwner): MaybePromise<Result> {
    if (!this.busy) return work()
    return this.#wait('write', work, owner)
  }

  /** Runs long work in slices while nothing writes. @throws {LockError} As {@link read}. */
  readInSlices<Result>(work: () => Steps<Result>, owner?: LockOwner): MaybePromise<Result> {
    if (!this.#writing && this.#queue.length === 0) return this.#hold('read', () => this.#slicer.run(work()))
    return this.#wait('read', () => this.#slicer.run(work()), owner)
  }

  /** Runs long work in slices while nothing else reads or writes. @throws {LockError} As {@link read}. */
  writeInSlices<Result>(work: () => Steps<Result>, owner?: LockOwner): MaybePromise<Result> {
    if (!this.busy) return this.#hold('write', () => this.#slicer.run(work()))
    return this.#wait('write', () => this.#slicer.run(work()), owner)
  }

  #wait<Result>(mode: Waiter['mode'], work: () => MaybePromise<Result>, owner?: LockOwner): Promise<Result> {
    // Work without an owner is the server's own (an eviction, a lost connection): it is rare and must not be rejected.
    if (owner !== undefined && this.#queue.length >= this.#maxWaiters) {
      throw LimitError.busy('maxWaitingRequests', `maxWaitingRequests (${this.#maxWaiters}) reached`)
    }
    return new Promise((resolve, reject) => {
      const start = (): void => {
        if (owner?.closed) {
          reject(new LockError('ERR_LOCK_ABANDONED', 'the connection closed while its request waited'))
          return
        }
        try {
          resolve(this.#hold(mode, work))
        } catch (error) {
          reject(error)
        }
      }
      this.#queue.push({ mode, start })
    })
  }

  #hold<Result>(mode: Waiter['mode'], work: () => MaybePromise<Result>): MaybePromise<Result> {
    this.#enter(mode)
    let result: MaybePromise<Result>
    try {
      result = work()
    } catch (error) {
      this.#leave(mode)
      throw error
    }
    if (!(result instanceof Promise)) {
      this.#leave(mode)
      return result
    }
    return result.finally(() => this.#leave(mode))
  }

  #enter(mode: Waiter['mode']): void {
    if (mode === 'read') this.#readers++
    else this.#writing = true
  }

  #leave(mode: Waiter['mode']): void {
    if (mode === 'read') this.#readers--
    else this.#writing = false
    this.#startWaiters()
  }

  #starting = false

  /** Starts every waiter that can start now. Short work ends within its start, so this is a loop and not a recursion. */
  #startWaiters(): void {
    if (this.#starting) return
    this.#starting = true
    try {
      for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
        if (this.#writing || (first.mode === 'write' && this.#readers > 0)) return
        this.#queue.shift()
        first.start()
      }
    } finally {
      this.#starting = false
    }
  }
}
