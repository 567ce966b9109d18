import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/** So many names may be looked up at a time. */
const MOST_LOOKUPS = 16

/**
 * Looks names of hosts up, few at a time and each once at a time.
 *
 * A lookup occupies a thread until the system's resolver gives up, however long ago we did, and there are two threads for
 * lookups (libuv keeps the others for files and compression). So a resolver that hangs must not be asked again and again, or
 * every later lookup would wait behind those that nobody wants any more.
 */
export class NameLookup {
  readonly #lookup: LookupFunction
  /** Who waits for each lookup under way. */
  readonly #waiting = new Map<string, LookupCallback[]>()

  constructor(lookup: LookupFunction = systemLookup as LookupFunction) {
    this.#lookup = lookup
  }

  /** Lookups under way. */
  get size(): number {
    return this.#waiting.size
  }

  /** In the shape that sockets take. Whoever has no patience closes his socket; the answer then goes nowhere. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    const key = JSON.stringify([hostname, ...asked(options)])
    const others = this.#waiting.get(key)
    if (others !== undefined) {
      others.push(callback)
      return
    }
    if (this.#waiting.size >= MOST_LOOKUPS) {
      const message = `${this.#waiting.size} names are being looked up already`
      process.nextTick(callback, new Error(message), '')
      return
    }
    const waiting = [callback]
    this.#waiting.set(key, waiting)
    this.#lookup(hostname, options, (...answer: Parameters<LookupCallback>) => {
      this.#waiting.delete(key)
      for (const tell of waiting) tell(...answer)
    })
  }
}

function asked({ all, family, hints }: LookupOptions): unknown[] {
  return [all, family, hints]
}

/** Of this process: it is its threads that are few. */
export const nameLookup = new NameLookup()
