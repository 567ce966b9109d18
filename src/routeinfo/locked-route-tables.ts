import type { MaybePromise, Steps } from '../common/time-slicer.ts'
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
  /** The tables as they are now, perhaps in the middle of a transition: for what needs no lock. */
  readonly tables = new RouteTables()
  readonly view = new RouteView(this.tables)
  readonly #lock: ReadWriteLock
  readonly #cache: EncodedRouteCache
  readonly #onEvent: (event: RouteEvent) => void
  #revision = 0

  /** @param onEvent - Called before the lock is released. */
  constructor(lock: ReadWriteLock, cache: EncodedRouteCache, onEvent: (event: RouteEvent) => void) {
    this.#lock = lock
    this.#cache = cache
    this.#onEvent = onEvent
  }

  /** Requests that wait for the lock. */
  get waiting(): number {
    return this.#lock.waiting
  }

  /** Grows with every change other than a heartbeat. */
  get revision(): number {
    return this.#revision
  }

  /** Short reading between transitions. @throws {LockError} As {@link ReadWriteLock.read}. */
  read<Result>(work: (view: RouteView) => Result, owner?: LockOwner): MaybePromise<Result> {
    return this.#lock.read(() => work(this.view), owner)
  }

  /** Long reading between transitions. @throws {LockError} As {@link ReadWriteLock.read}. */
  readInSlices<Result>(work: (view: RouteView) => Steps<Result>, owner?: LockOwner): MaybePromise<Result> {
    return this.#lock.readInSlices(() => work(this.view), owner)
  }

  /** A change that may take several slices: until its end lookups see the state before it. */
  transition<Result>(
    work: (view: RouteView, changes: RouteChanges) => Steps<Result>,
    owner?: LockOwner,
  ): MaybePromise<Result> {
    return this.#lock.writeInSlices(() => this.#committing(work), owner)
  }

  *#committing<Result>(work: (view: RouteView, changes: RouteChanges) => Steps<Result>): Steps<Result> {
    const changes = new RouteChanges(this.view.restored)
    this.tables.begin()
    try {
      const result = yield* work(this.view, changes)
      if (this.view.restored !== undefined) yield* this.view.restored.follow(this.tables, changes)
      return result
    } finally {
      this.tables.commit()
      this.#commit(changes)
    }
  }

  /** A change of topics that ends within one slice. */
  shortTransition<Result>(
    work: (view: RouteView, changes: RouteChanges) => Result,
    owner: LockOwner,
  ): MaybePromise<Result> {
    return this.#lock.write(() => {
      const changes = new RouteChanges()
      try {
        return work(this.view, changes)
      } finally {
        this.#commit(changes)
      }
    }, owner)
  }

  #commit(changes: RouteChanges): void {
    if (changes.any) this.#revision++
    this.#cache.drop(changes.topics, changes.groups)
    for (const event of changes.events) this.#onEvent(event)
  }
}
