import { setTimeout as delay } from 'node:timers/promises'
import { routeOf } from './raw-client.ts'

const LOOK_EVERY_MS = 50

/** Looks all the time whether a NameServer has a route, and how long it takes to say so. */
export class RouteWatch {
  readonly #nameServer: string
  readonly #topic: string
  readonly #watching: Promise<void>
  #isOver = false
  #isThere = false
  #goneSinceMs: number | undefined
  #longestGapMs = 0
  /** Longest time an answer took, ms. */
  slowestMs = 0
  #failure: unknown

  constructor(nameServer: string, topic: string) {
    this.#nameServer = nameServer
    this.#topic = topic
    this.#watching = this.#watch()
  }

  /** Whether the route was there at the last look. @throws What a look has failed with. */
  get isThere(): boolean {
    if (this.#failure !== undefined) throw this.#failure
    return this.#isThere
  }

  /** Forgets what was. */
  forget(): void {
    this.#longestGapMs = 0
    if (this.#goneSinceMs !== undefined) this.#goneSinceMs = performance.now()
  }

  /** Longest time without a route since then, ms; 0 if it was there at every look. @throws What a look has failed with. */
  get longestGapMs(): number {
    if (this.#failure !== undefined) throw this.#failure
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
    try {
      while (!this.#isOver) {
        const askedMs = performance.now()
        const route = await routeOf(this.#nameServer, this.#topic)
        this.slowestMs = Math.max(this.slowestMs, performance.now() - askedMs)
        this.#note(route !== undefined, askedMs)
        await delay(LOOK_EVERY_MS)
      }
    } catch (error) {
      this.#failure = error
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
