import type { MaybePromise, Steps, TimeSlicer } from '../common/time-slicer.ts'
import type { EncodedRouteCache } from './encoded-route-cache.ts'
import type { LockOwner, ReadWriteLock } from './read-write-lock.ts'
import { RouteChanges, type RouteEvent } from './route-changes.ts'
import { RouteTables } from './route-tables.ts'
import { RouteView } from './route-view.ts'

/**
 * The tables behind their lock. When a transition ends, what is restored from the snapshot follows it, the topics and groups that
 * it changed leave the cache, and its events are reported.
 */
export class LockedRouteTables {
  readonly lock: ReadWriteLock
  /** The tables as they are now, perhaps in the middle of a transition: for what needs no lock. */
  readonly tables = new RouteTables()
  readonly view = new RouteView(this.tables)
  /** Grows with every change other than a heartbeat. */
  revision = 0
  /** When the digest of the live tables last changed; undefined if it never has. */
  digestChangedMs: number | undefined
  readonly #slicer: TimeSlicer
  readonly #cache: EncodedRouteCache
  readonly #onEvent: (event: RouteEvent) => void

  /** @param onEvent - Called before the lock is released. */
  constructor(
    lock: ReadWriteLock,
    slicer: TimeSlicer,
    cache: EncodedRouteCache,
    onEvent: (event: RouteEvent) => void,
  ) {
    this.lock = lock
    this.#slicer = slicer
    this.#cache = cache
    this.#onEvent = onEvent
  }

  /** Long reading between transitions. @throws {LockError} As {@link ReadWriteLock.read}. */
  read<Result>(
    work: (view: RouteView) => Steps<Result>,
    owner?: LockOwner,
    slicer = this.#slicer,
  ): MaybePromise<Result> {
    return this.lock.read(() => slicer.run(work(this.view)), owner)
  }

  /** A change that may take several slices: until its end lookups see the state before it. */
  transition<Result>(
    work: (view: RouteView, changes: RouteChanges) => Steps<Result>,
    owner?: LockOwner,
  ): MaybePromise<Result> {
    return this.lock.write(() => this.#slicer.run(this.#committing(work)), owner)
  }

  /** A change that ends within one slice. */
  shortTransition<Result>(
    work: (view: RouteView, changes: RouteChanges) => Result,
    owner: LockOwner,
  ): MaybePromise<Result> {
    // biome-ignore lint/correctness/useYield: it is short
    return this.transition(function* (view, changes) {
      return work(view, changes)
    }, owner)
  }

  *#committing<Result>(work: (view: RouteView, changes: RouteChanges) => Steps<Result>): Steps<Result> {
    const { restored } = this.view
    const changes = new RouteChanges((topic, name) => restored?.hasQueues(topic, name) === true)
    this.tables.begin()
    try {
      const result = yield* work(this.view, changes)
      if (restored !== undefined) yield* restored.follow(this.tables, changes)
      return result
    } finally {
      this.tables.commit()
      if (changes.any) this.revision++
      if (this.tables.digest.commit()) this.digestChangedMs = this.#slicer.nowMs()
      this.#cache.drop(changes.topics, changes.groups)
      for (const event of changes.events) this.#onEvent(event)
    }
  }
}
