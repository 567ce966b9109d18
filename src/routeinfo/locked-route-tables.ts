import type { MaybePromise, Steps } from '../common/time-slicer.ts'
import type { EncodedRouteCache } from './encoded-route-cache.ts'
import type { LockOwner, ReadWriteLock } from './read-write-lock.ts'
import { RouteChanges } from './route-changes.ts'
import type { RouteEvent } from './route-event.ts'
import { RouteTables } from './route-tables.ts'

/**
 * The tables behind their lock. All reading that must not see half of a transition, and all changing, goes through here; when a
 * transition ends, what it changed leaves the cache and its effects are told.
 */
export class LockedRouteTables {
  #tables = new RouteTables()
  readonly #lock: ReadWriteLock
  readonly #cache: EncodedRouteCache
  readonly #onEffect: (effect: RouteEvent) => void
  #revision = 0

  /** @param onEffect - Called before anybody else gets the lock. */
  constructor(lock: ReadWriteLock, cache: EncodedRouteCache, onEffect: (effect: RouteEvent) => void) {
    this.#lock = lock
    this.#cache = cache
    this.#onEffect = onEffect
  }

  /** The tables as they are now, perhaps in the middle of a transition: for what needs no lock. */
  get tables(): RouteTables {
    return this.#tables
  }

  /** Requests that wait for the lock. */
  get waiting(): number {
    return this.#lock.waiting
  }

  /** A number that is another one whenever more than a sign of life has come. */
  get revision(): number {
    return this.#revision
  }

  /** Begins with other tables, before anybody asks. */
  replace(tables: RouteTables): void {
    this.#tables = tables
  }

  /** Short reading while nobody writes. @throws {LockError} As {@link ReadWriteLock.read}. */
  read<Result>(work: (tables: RouteTables) => Result, owner?: LockOwner): MaybePromise<Result> {
    return this.#lock.read(() => work(this.#tables), owner)
  }

  /** Long reading while nobody writes. @throws {LockError} As {@link ReadWriteLock.read}. */
  readInSlices<Result>(
    work: (tables: RouteTables) => Steps<Result>,
    owner?: LockOwner,
  ): MaybePromise<Result> {
    return this.#lock.readInSlices(() => work(this.#tables), owner)
  }

  /** A change that may take several slices: until its end lookups of routes are shown what held before it. */
  transition<Result>(
    work: (tables: RouteTables, changes: RouteChanges) => Steps<Result>,
    owner?: LockOwner,
  ): MaybePromise<Result> {
    return this.#lock.writeInSlices(() => this.#committing(work), owner)
  }

  *#committing<Result>(work: (tables: RouteTables, changes: RouteChanges) => Steps<Result>): Steps<Result> {
    const changes = new RouteChanges()
    this.#tables.begin()
    try {
      return yield* work(this.#tables, changes)
    } finally {
      this.#tables.commit()
      this.#commit(changes)
    }
  }

  /** A change that ends within its turn. */
  shortTransition<Result>(
    work: (tables: RouteTables, changes: RouteChanges) => Result,
    owner: LockOwner,
  ): MaybePromise<Result> {
    return this.#lock.write(() => {
      const changes = new RouteChanges()
      try {
        return work(this.#tables, changes)
      } finally {
        this.#commit(changes)
      }
    }, owner)
  }

  #commit(changes: RouteChanges): void {
    if (changes.any) this.#revision++
    this.#cache.drop(changes.topics, changes.groups)
    for (const effect of changes.effects) this.#onEffect(effect)
  }
}
