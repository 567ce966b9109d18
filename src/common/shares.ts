import { LimitError, type LimitName } from './limit-error.ts'
import { LOOPBACK } from './networks.ts'
import { sourceOf } from './source-of.ts'

/**
 * The source whose share of the limits an owner uses: its address (IPv6: the /64), unless it is an account, a certificate or a
 * named network.
 * @returns Undefined for these, and for loopback and `unknown`, which all peers behind a local proxy have: they may use the
 * limits up.
 */
export function shareOf(owner: string): string | undefined {
  // An account is `account ops`; an address has no space.
  const hasNoShare = owner.includes(' ') || owner === 'unknown' || LOOPBACK.has(owner)
  return hasNoShare ? undefined : sourceOf(owner)
}

/** The same for the sender of a request: undefined also if its identity is proven. */
export function shareOfSender(context: {
  readonly identity?: unknown
  readonly channel: { readonly host: string }
}): string | undefined {
  return context.identity === undefined ? shareOf(context.channel.host) : undefined
}

/** What each source holds of a limit, so that none takes more than it leaves to others. */
export class Shares {
  readonly #held: Map<string, number>

  /** @param other - To begin with a copy of these. */
  constructor(other?: Shares) {
    this.#held = new Map(other === undefined ? [] : other.#held)
  }

  /** How much more a source may take of what is free. Where nothing can be divided, it may take the last one. */
  roomFor(source: string | undefined, free: number): number {
    return source === undefined ? free : Math.max(0, Math.floor((free + 1 - this.#of(source)) / 2))
  }

  /** A source holds more, or, with a negative amount, less. */
  add(source: string | undefined, amount: number): void {
    if (source === undefined) return
    const held = this.#of(source) + amount
    if (held > 0) this.#held.set(source, held)
    else this.#held.delete(source)
  }

  /** Counts one more of what may go on at a time. @throws {LimitError} There is no room, as {@link excess}. */
  takeOne(limit: LimitName, max: number, total: number, source: string | undefined): void {
    const reason = this.excess(limit, max, total, source)
    if (reason !== undefined) throw LimitError.busy(limit, reason)
    this.add(source, 1)
  }

  /** Why a source gets no more, with the total that all hold; undefined if it may. */
  excess(
    limit: LimitName,
    max: number,
    total: number,
    source: string | undefined,
    amount = 1,
  ): string | undefined {
    const free = max - total
    if (this.roomFor(source, free) >= amount) return undefined
    if (source === undefined || free < amount) return `${limit} (${max}) reached`
    return `share of ${limit} (${max}) reached: ${source} has ${this.#of(source)}, and ${free} more have room`
  }

  #of(source: string): number {
    return this.#held.get(source) ?? 0
  }
}
