import type { LockedRouteTables } from './locked-route-tables.ts'
import { type Unregistration, unregisterBrokers } from './unregister-brokers.ts'

/**
 * Removals of brokers on their way to the tables. They are applied at once unless somebody holds the lock, and then in one batch
 * with what else has come by then.
 * @see BatchUnregistrationService in apache/rocketmq
 */
export class BatchUnregistrationService {
  readonly #routes: LockedRouteTables
  readonly #capacity: number
  #waiting: Unregistration[] = []

  /** @param capacity - Beyond this many waiting removals, requests of brokers are refused. */
  constructor(routes: LockedRouteTables, capacity: number) {
    this.#routes = routes
    this.#capacity = capacity
  }

  /** A broker's own request to leave. @returns False if too many removals wait already. */
  submit(request: Unregistration): boolean {
    if (this.#waiting.length >= this.#capacity) return false
    this.submitAll([request])
    return true
  }

  /** What the server itself decided: taken however many wait. */
  submitAll(requests: readonly Unregistration[]): void {
    if (requests.length === 0) return
    const workerIsWaiting = this.#waiting.length > 0
    // One by one: a connection may carry more brokers than a call may have arguments.
    for (const request of requests) this.#waiting.push(request)
    if (workerIsWaiting) return
    const done = this.#routes.transition((tables, changes) => {
      const batch = this.#waiting
      this.#waiting = []
      return unregisterBrokers(tables, batch, changes)
    })
    // Removals have no owner, so the lock refuses none of them; what else is thrown is a bug and must be seen.
    if (done instanceof Promise) void done
  }
}
