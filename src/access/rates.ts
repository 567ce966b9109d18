import { LimitError, type RateLimitName } from '../common/limit-error.ts'
import { sourceOf } from '../common/source-of.ts'
import type { Identity } from '../protocol/identity.ts'
import { type Policy, RATE_KINDS, type Rate, type RateKind, type RateLimits } from './policy.ts'
import { REQUEST_GROUPS, type RequestGroup } from './request-groups.ts'
import { TokenBuckets } from './token-buckets.ts'

/**
 * The rates of an address that the access file leaves out. Ten thousand clients behind one address that all connect again after a
 * restart, several times within a minute, stay below them, as do two thousand brokers that send a heartbeat each second, or half
 * as many that query their group (901) each second, too. Lookups have none: those clients look up 30 topics each, every 30 seconds, and a lookup costs little more than its rejection.
 */
const DEFAULT_RATES: Readonly<Partial<Record<RateKind, Rate>>> = {
  connections: { count: 60_000, periodMs: 60_000 },
  handshakes: { count: 30_000, periodMs: 60_000 },
  other: { count: 150_000, periodMs: 60_000 },
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
  /** False for the rates of the access file in the mode `audit`: what exceeds them is let pass. */
  readonly isEnforced: boolean
}

/** The limits on the requests of a group. */
export interface GroupRates {
  readonly perAddress: readonly Limit[]
  readonly perIdentity: readonly Limit[]
}

/** One event too many. */
export interface Excess {
  readonly error: LimitError
  /** False if it is let pass: the mode is `audit`. */
  readonly isEnforced: boolean
}

/**
 * How often each address, and each identity, may connect and send requests: by the section `rates` of the access file, which comes
 * before the defaults. Loopback is an address like others, because behind a proxy on this machine everyone comes from it.
 */
export class Rates {
  /** By what they limit, and where that is said. */
  readonly #limits = new Map<string, Limit>()
  readonly #connections: Readonly<Record<'connections' | 'handshakes', readonly Limit[]>>
  readonly #failures: readonly Limit[]
  readonly #ofGroups: ReadonlyMap<RequestGroup, GroupRates>
  readonly #excesses: Map<RateKind, RateExcess>

  /**
   * In the mode `audit` the rates of the file let pass, so the defaults stay in effect; with `off` there are only these. The profile
   * `open` has no defaults, as Java.
   *
   * @param previous - Of the policy before: where a rate is the same, what its sources have used up stays used up.
   */
  constructor({ mode, profile, rates }: Pick<Policy, 'mode' | 'profile' | 'rates'>, previous?: Rates) {
    const known: ReadonlyMap<string, Limit> = previous === undefined ? new Map() : previous.#limits
    const limitsOf = (kind: RateKind, per: RateLimits['per'], group = ''): readonly Limit[] => {
      const ofFile = rates.find((each) => each.per === per && each.rates[kind] !== undefined)?.rates[kind]
      const byDefault = per === 'address' && profile !== 'open' ? DEFAULT_RATES[kind] : undefined
      const isEnforced = mode === 'enforce'
      const found = [
        { from: 'file', rate: mode === 'off' ? undefined : ofFile, isEnforced },
        {
          from: 'default',
          rate: isEnforced && ofFile !== undefined ? undefined : byDefault,
          isEnforced: true,
        },
      ]
      return found.flatMap(({ from, rate, isEnforced }) => {
        if (rate === undefined) return []
        const name = `${group} ${kind} per ${per}, ${from}`
        const before = known.get(name)
        const isSame = before?.rate.count === rate.count && before.rate.periodMs === rate.periodMs
        const buckets = isSame ? before.buckets : new TokenBuckets(rate)
        const limit = { kind, per, rate, buckets, isEnforced }
        this.#limits.set(name, limit)
        return [limit]
      })
    }
    this.#connections = {
      connections: limitsOf('connections', 'address'),
      handshakes: limitsOf('handshakes', 'address'),
    }
    this.#failures = limitsOf('failures', 'address')
    this.#ofGroups = new Map(
      REQUEST_GROUPS.map((group) => {
        const kind = group === 'lookup' ? 'lookups' : 'other'
        const perAddress = limitsOf(kind, 'address', group)
        return [group, { perAddress, perIdentity: limitsOf(kind, 'identity', group) }]
      }),
    )
    this.#excesses = new Map(previous?.excesses.map((excess) => [excess.kind, excess]))
  }

  /** The rates that were exceeded, each with its last excess. */
  get excesses(): readonly RateExcess[] {
    return RATE_KINDS.flatMap((kind) => this.#excesses.get(kind) ?? [])
  }

  /** The rates of a group of requests: each group has buckets of its own, so that a flood of lists does not keep brokers out. */
  ofGroup(group: RequestGroup): GroupRates {
    return this.#ofGroups.get(group) as GroupRates
  }

  /** Counts a connection, or a TLS handshake. */
  ofConnection(kind: 'connections' | 'handshakes', host: string, nowMs: number): Excess | undefined {
    return this.#excess(this.#connections[kind], sourceOf(host), nowMs)
  }

  /** Counts a request of an address. */
  ofAddress(limits: readonly Limit[], host: string, nowMs: number): Excess | undefined {
    if (limits.length === 0) return undefined
    return this.#excess(limits, sourceOf(host), nowMs)
  }

  /** Counts a request of an identity. */
  ofIdentity(limits: readonly Limit[], { kind, name }: Identity, nowMs: number): Excess | undefined {
    if (limits.length === 0) return undefined
    return this.#excess(limits, `${kind} ${name}`, nowMs)
  }

  /** Whether signatures of an address are verified: it has not sent too many that are wrong. */
  mayFail(host: string, nowMs: number): boolean {
    const source = sourceOf(host)
    return this.#failures.every(({ buckets, isEnforced }) => !isEnforced || buckets.has(source, nowMs))
  }

  /** Counts a failure, and the body that was hashed for nothing. */
  ofFailure(host: string, body: Buffer | null, nowMs: number): Excess | undefined {
    const cost = 1 + Math.floor((body?.length ?? 0) / BYTES_OF_FAILURE)
    return this.#excess(this.#failures, sourceOf(host), nowMs, cost)
  }

  /** For a request that would have needed a signature which is not verified. */
  failuresExcess(host: string, nowMs: number): LimitError {
    const limit = this.#failures.find(({ isEnforced }) => isEnforced) as Limit
    return this.#note(limit, sourceOf(host), nowMs)
  }

  /** Counts an event for all limits. Those that are enforced are the last ones. */
  #excess(limits: readonly Limit[], source: string, nowMs: number, cost = 1): Excess | undefined {
    let found: Excess | undefined
    for (const limit of limits) {
      if (limit.buckets.take(source, nowMs, cost)) continue
      found = { error: this.#note(limit, source, nowMs), isEnforced: limit.isEnforced }
    }
    return found
  }

  #note(
    { kind, per, rate: { count, periodMs }, isEnforced }: Limit,
    source: string,
    nowMs: number,
  ): LimitError {
    const rate = `${count}/${PERIODS[periodMs]} per ${per}`
    const name: RateLimitName = `rates.${kind}`
    if (isEnforced) {
      const before = this.#excesses.get(kind)?.count ?? 0
      this.#excesses.set(kind, { kind, source, rate, count: before + 1, lastMs: nowMs })
    }
    return LimitError.busy(name, `${name} (${rate}) exceeded by ${source}`)
  }
}
