import { setTimeout as delay } from 'node:timers/promises'
import { routeOf } from './name-server-client.ts'

const LOOK_EVERY_MS = 50

/** Looks all the time whether a NameServer has a route. */
export class RouteWatch {
  readonly #nameServer: string
  readonly #topic: string
  readonly #watching: Promise<void>
  #isOver = false
  #isThere = false
  #goneSinceMs: number | undefined
  #longestGapMs = 0
  /** Looks that got no answer in time, or a wrong one. */
  readonly failures: unknown[] = []

  constructor(nameServer: string, topic: string) {
    this.#nameServer = nameServer
    this.#topic = topic
    this.#watching = this.#watch()
  }

  /** Whether the route was there at the last look. */
  get isThere(): boolean {
    return this.#isThere
  }

  /** Forgets what was. */
  forget(): void {
    this.#longestGapMs = 0
    if (this.#goneSinceMs !== undefined) this.#goneSinceMs = performance.now()
  }

  /** Longest time without a route since then, ms; 0 if it was there at every look. */
  get longestGapMs(): number {
    return Math.max(
      this.#longestGapMs,
      this.#goneSinceMs === undefined ? 0 : performance.now() - this.#goneSinceMs,
    )
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#watching
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      const askedMs = performance.now()
      try {
        this.#note((await routeOf(this.#nameServer, this.#topic)) !== undefined, askedMs)
      } catch (error) {
        this.failures.push(error)
      }
      await delay(LOOK_EVERY_MS)
    }
  }

  #note(isThere: boolean, askedMs: number): void {
    this.#isThere = isThere
    if (!isThere) this.#goneSinceMs ??= askedMs
    else if (this.#goneSinceMs !== undefined) {
      this.#longestGapMs = Math.max(this.#longestGapMs, performance.now() - this.#goneSinceMs)
      this.#goneSinceMs = undefined
    }
  }
}
