import { promisify } from 'node:util'
import { inflate, type ZlibOptions } from 'node:zlib'
import { LimitError } from '../common/limit-error.ts'
import { Shares } from '../common/shares.ts'
import type { Counters } from '../stats/counters.ts'

/** What a registration holds from its arrival to its response. */
export interface RegistrationInFlight {
  /**
   * Inflates its body in zlib's own threads, one body after the other.
   * @throws {LimitError} (rejects) `maxInflatedBytes`; zlib's errors.
   */
  inflate(body: Buffer): Promise<Buffer>
  /** To be called exactly once, on success or failure. */
  release(): void
}

/** Limits of {@link RegistrationsInFlight}. */
export interface RegistrationLimits {
  /** Max registrations that are being read or applied at a time. */
  readonly maxRegistrationsInFlight: number
  /** Max bytes a compressed registration may inflate to. */
  readonly maxInflatedBytes: number
}

/**
 * All registrations in flight together hold at most this many times `maxInflatedBytes`. Their number alone limits nothing: a few
 * kilobytes can inflate to a thousand times as much.
 */
const MAX_LARGEST_BODIES = 4

/** Limits the registrations in flight and the inflated bytes they hold; the excess is rejected with SYSTEM_BUSY. */
export class RegistrationsInFlight {
  readonly #limits: RegistrationLimits
  readonly #counters: Counters
  #count = 0
  readonly #shares = new Shares()
  #inflatedBytes = 0
  /** Resolves when the last body to arrive has been inflated, or could not be. */
  #lastInflated: Promise<unknown> = Promise.resolve()

  /** @param counters - Shows the count; it is not read. */
  constructor(limits: RegistrationLimits, counters: Counters) {
    this.#limits = limits
    this.#counters = counters
  }

  /**
   * Begins a registration.
   * @param source - Whose share of the registrations it uses; undefined if it has none.
   * @throws {LimitError} `maxRegistrationsInFlight`
   */
  enter(source?: string): RegistrationInFlight {
    const { maxRegistrationsInFlight } = this.#limits
    this.#shares.takeOne('maxRegistrationsInFlight', maxRegistrationsInFlight, this.#count, source)
    this.#add(1, 0)
    let inflatedBytes = 0
    return {
      inflate: async (body) => {
        const inflated = await this.#inflateInOrder(body)
        inflatedBytes += inflated.length
        return inflated
      },
      release: () => {
        this.#shares.add(source, -1)
        this.#add(-1, -inflatedBytes)
      },
    }
  }

  #add(count: 1 | -1, inflatedBytes: number): void {
    this.#count += count
    this.#inflatedBytes += inflatedBytes
    this.#counters.registrationsInFlight = this.#count
  }

  #inflateInOrder(body: Buffer): Promise<Buffer> {
    const inflated = this.#lastInflated.then(() => this.#inflate(body))
    this.#lastInflated = inflated.catch(() => {})
    return inflated
  }

  async #inflate(body: Buffer): Promise<Buffer> {
    const { maxInflatedBytes } = this.#limits
    // There is room for another body of the maximum size.
    if (this.#inflatedBytes > (MAX_LARGEST_BODIES - 1) * maxInflatedBytes) {
      const usage = `${this.#inflatedBytes} of ${MAX_LARGEST_BODIES * maxInflatedBytes} bytes`
      const detail = `inflated registrations hold ${usage} (${MAX_LARGEST_BODIES} × maxInflatedBytes): no room for another`
      throw LimitError.busy('maxInflatedBytes', detail)
    }
    const inflated = await inflateUpTo(body, maxInflatedBytes)
    this.#inflatedBytes += inflated.length
    return inflated
  }
}

const inflateAsync = promisify<Buffer, ZlibOptions, Buffer>(inflate)

async function inflateUpTo(body: Buffer, maxInflatedBytes: number): Promise<Buffer> {
  try {
    return await inflateAsync(body, { maxOutputLength: maxInflatedBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error
    const detail = `body inflates to more than maxInflatedBytes (${maxInflatedBytes})`
    throw new LimitError('maxInflatedBytes', `Failed to decode RegisterBrokerBody: ${detail}`)
  }
}
