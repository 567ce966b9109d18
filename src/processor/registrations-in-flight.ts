import { inflate } from 'node:zlib'
import { LimitError } from '../common/limit-error.ts'
import type { Counters } from '../stats/counters.ts'

/** What a registration holds from the moment it comes until it is answered. */
export interface RegistrationInFlight {
  /**
   * Inflates its body in zlib's own threads, so that a large one does not hold up lookups; one body after the other.
   * @throws {LimitError} (rejects) if there is no room for it, or it is too large by itself; zlib's errors.
   */
  inflate(body: Buffer): Promise<Buffer>
  /** To be called once, whatever became of it. */
  leave(): void
}

/** How much may be held for registrations. */
export interface RegistrationLimits {
  /** Most registrations that are being read or applied at a time. */
  readonly maxRegistrationsInFlight: number
  /** Most bytes a compressed registration may inflate to. */
  readonly maxInflatedBytes: number
}

/**
 * What all registrations in flight hold together, in inflated bytes, is this many times what a single one may. A body is not
 * inflated while there might be no room for it. A few kilobytes can inflate to a thousand times as much, so their number alone
 * limits nothing.
 */
const LARGEST_BODIES = 4

/** Counts the registrations in flight and what they hold; the excess is answered SYSTEM_BUSY before anything is done with it. */
export class RegistrationsInFlight {
  readonly #limits: RegistrationLimits
  readonly #counters: Counters
  #inflatedBytes = 0
  /** Settles, never with an error, when the last body that has come has been inflated. */
  #lastInflated: Promise<unknown> = Promise.resolve()

  constructor(limits: RegistrationLimits, counters: Counters) {
    this.#limits = limits
    this.#counters = counters
  }

  /** A registration has come. @throws {LimitError} */
  enter(): RegistrationInFlight {
    const { maxRegistrationsInFlight } = this.#limits
    if (this.#counters.registrationsInFlight >= maxRegistrationsInFlight) {
      const detail = `${maxRegistrationsInFlight} registrations are in flight (maxRegistrationsInFlight)`
      throw LimitError.busy('maxRegistrationsInFlight', detail)
    }
    this.#counters.registrationsInFlight++
    let inflatedBytes = 0
    return {
      inflate: async (body) => {
        const inflated = await this.#inflateInTurn(body)
        inflatedBytes += inflated.length
        return inflated
      },
      leave: () => {
        this.#counters.registrationsInFlight--
        this.#inflatedBytes -= inflatedBytes
      },
    }
  }

  #inflateInTurn(body: Buffer): Promise<Buffer> {
    const inflated = this.#lastInflated.then(() => this.#inflate(body))
    this.#lastInflated = inflated.catch(() => {})
    return inflated
  }

  async #inflate(body: Buffer): Promise<Buffer> {
    const { maxInflatedBytes } = this.#limits
    if (this.#inflatedBytes > (LARGEST_BODIES - 1) * maxInflatedBytes) {
      const detail = `registrations hold ${this.#inflatedBytes} inflated bytes, and maxInflatedBytes is ${maxInflatedBytes}`
      throw LimitError.busy('maxInflatedBytes', detail)
    }
    const inflated = await inflateAtMost(body, maxInflatedBytes)
    this.#inflatedBytes += inflated.length
    return inflated
  }
}

function inflateAtMost(body: Buffer, maxOutputLength: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    inflate(body, { maxOutputLength }, (error, inflated) => {
      if (error === null) resolve(inflated)
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        reject(tooLarge(maxOutputLength))
      else reject(error)
    })
  })
}

function tooLarge(maxInflatedBytes: number): LimitError {
  const limit = `maxInflatedBytes, ${maxInflatedBytes}`
  return new LimitError(
    'maxInflatedBytes',
    `Failed to decode RegisterBrokerBody: it inflates to more than ${limit}`,
  )
}
