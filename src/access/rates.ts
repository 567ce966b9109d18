import { LimitError, type RateLimitName } from '../common/limit-error.ts'
import { sourceOf } from '../common/source-of.ts'
import type { Identity } from '../protocol/identity.ts'
import { type Policy, RATE_KINDS, type Rate, type RateKind, type RateLimits } from './policy.ts'
import type { RequestGroup } from './request-groups.ts'
import { TokenBuckets } from './token-buckets.ts'

/**
 * The rates of an address that the access file leaves out. Ten thousand clients behind one address that all connect again after a
 * restart, several times within a minute, stay below them, as do two thousand brokers that send a heartbeat each second. Lookups
 * have none: those clients look up 30 topics each, every 30 seconds, and a lookup costs little more than its rejection.
 */
const DEFAULT_RATES: Readonly<Partial<Record<RateKind, Rate>>> = {
  connections: { count: 60_000, periodMs: 60_000 },
  handshakes: { count: 30_000, periodMs: 60_000 },
  other: { count: 120_000, periodMs: 60_000 },
  failures: { count: 6_000, periodMs: 60_000 },
}

/** Hashing as many bytes costs as much as verifying a signature without a body, several times over. */
const BYTES_OF_FAILURE = 65_536

const PERIODS: Readonly<Record<number, string>> = { 1000: 's', 60000: 'min', 3600000: 'h' }

/** A rate that has been exceeded. */
export interface RateExcess {
  readonly kind: RateKind
  /** The address, /64 network or identity that exceeded it last. */
  readonly source: string
  /** The limit in words. */
  readonly rate: string
  readonly count: number
  readonly lastMs: number
}

/** A rate and its buckets. */
interface Limit {
  readonly kind: RateKind
  readonly per: RateLimits['per']
  readonly rate: Rate
  readonly buckets: TokenBuckets
}

/** The limits on the requests of a group. */
export interface GroupRates {
  readonly perAddress: Limit | undefined
  readonly perIdentity: Limit | undefined
}

/**
 * How often each address, and each identity, may connect and send requests: by the section `rates` of the access file, which comes
 * before the defaults. Loopback is an address like others, because behind a proxy on this machine everyone comes from it.
 */
export class Rates {
  readonly #limits: readonly RateLimits[]
  readonly #defaults: Readonly<Partial<Record<RateKind, Rate>>>
  readonly #connections: Readonly<Record<'connections' | 'handshakes', Limit | undefined>>
  readonly #failures: Limit | undefined
  readonly #ofGroups = new Map<RequestGroup, GroupRates>()
  readonly #excesses = new Map<RateKind, RateExcess>()

  /** With any mode but `enforce`, the defaults alone are in effect. The profile `open` has none, as Java. */
  constructor({ mode, profile, rates }: Pick<Policy, 'mode' | 'profile' | 'rates'>) {
    this.#defaults = profile === 'open' ? {} : DEFAULT_RATES
    this.#limits = mode === 'enforce' ? rates : []
    this.#connections = {
      connections: this.#limitOf('connections', 'address'),
      handshakes: this.#limitOf('handshakes', 'address'),
    }
    this.#failures = this.#limitOf('failures', 'address')
  }

  /** The rates that were exceeded, each with its last excess. */
  get excesses(): readonly RateExcess[] {
    return RATE_KINDS.flatMap((kind) => this.#excesses.get(kind) ?? [])
  }

  /** The rates of a group of requests: each group has buckets of its own, so that a flood of lists does not keep brokers out. */
  ofGroup(group: RequestGroup): GroupRates {
    const kind = group === 'lookup' ? 'lookups' : 'other'
    const rates = this.#ofGroups.get(group) ?? {
      perAddress: this.#limitOf(kind, 'address'),
      perIdentity: this.#limitOf(kind, 'identity'),
    }
    this.#ofGroups.set(group, rates)
    return rates
  }

  /** Counts a connection, or a TLS handshake. @returns The reason to reject it, or undefined. */
  excess(kind: 'connections' | 'handshakes', host: string, nowMs: number): LimitError | undefined {
    return this.#excess(this.#connections[kind], sourceOf(host), nowMs)
  }

  /** Counts a request. @throws {LimitError} Its address has sent too many. */
  countOfAddress(limit: Limit, host: string, nowMs: number): void {
    const error = this.#excess(limit, sourceOf(host), nowMs)
    if (error !== undefined) throw error
  }

  /** Counts a request. @throws {LimitError} Its identity has sent too many. */
  countOfIdentity(limit: Limit, { kind, name }: Identity, nowMs: number): void {
    const error = this.#excess(limit, `${kind} ${name}`, nowMs)
    if (error !== undefined) throw error
  }

  /** Whether signatures of an address are verified: it has not sent too many that are wrong. */
  mayFail(host: string, nowMs: number): boolean {
    return this.#failures?.buckets.has(sourceOf(host), nowMs) !== false
  }

  /** Counts a signature that proves nothing, by what it cost to hash. */
  countFailure(host: string, bodyBytes: number, nowMs: number): void {
    this.#failures?.buckets.take(sourceOf(host), nowMs, 1 + Math.floor(bodyBytes / BYTES_OF_FAILURE))
  }

  /** For a request that would have needed a signature which is not verified. */
  failuresExcess(host: string, nowMs: number): LimitError {
    return this.#note(this.#failures as Limit, sourceOf(host), nowMs)
  }

  #limitOf(kind: RateKind, per: RateLimits['per']): Limit | undefined {
    const entry = this.#limits.find((each) => each.per === per && each.rates[kind] !== undefined)
    const rate = entry?.rates[kind] ?? (per === 'address' ? this.#defaults[kind] : undefined)
    return rate && { kind, per, rate, buckets: new TokenBuckets(rate) }
  }

  #excess(limit: Limit | undefined, source: string, nowMs: number): LimitError | undefined {
    if (limit === undefined || limit.buckets.take(source, nowMs)) return undefined
    return this.#note(limit, source, nowMs)
  }

  #note({ kind, per, rate: { count, periodMs } }: Limit, source: string, nowMs: number): LimitError {
    const rate = `${count}/${PERIODS[periodMs]} per ${per}`
    const before = this.#excesses.get(kind)?.count ?? 0
    this.#excesses.set(kind, { kind, source, rate, count: before + 1, lastMs: nowMs })
    const name: RateLimitName = `rates.${kind}`
    return LimitError.busy(name, `${name} (${rate}) exceeded by ${source}`)
  }
}
