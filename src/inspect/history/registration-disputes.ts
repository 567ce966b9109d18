import { shareOf } from '../../common/shares.ts'
import type { Dispute, DisputeRule } from '../../routeinfo/registration-guard.ts'
import { RecentMap } from './recent-map.ts'

/**
 * Disputes of one rule about one live broker, or, about names without a live one, of one sender: it could invent any number of them.
 * All but the count and the times are those of the last one.
 */
export interface DisputeRecord {
  readonly rule: DisputeRule
  readonly brokerName: string
  readonly reason: string
  /** Owner and address of the live broker; undefined if no broker is live. */
  readonly owner: string | undefined
  readonly ownerAddr: string | undefined
  readonly claimant: string
  readonly peer: string
  readonly isRejected: boolean
  readonly count: number
  readonly lastMs: number
  /** When the last event about it was made. */
  readonly eventMs: number
}

const MAX_RECORDS = 256
/** A dispute is repeated with each registration and heartbeat: an event in ten minutes says how often. */
const EVENT_PERIOD_MS = 600_000
const MAX_CHARACTERS = 255

/** The last disputes about registrations. */
export class RegistrationDisputes {
  readonly #nowMs: () => number
  readonly #records = new RecentMap<DisputeRecord>(MAX_RECORDS)

  /** @param nowMs - A monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** @returns How many there have been so far, if an event about them is due; otherwise undefined. */
  add({ rule, broker, live, claimant, reason, isRejected }: Dispute): number | undefined {
    const nowMs = this.#nowMs()
    const brokerName = kept(broker.brokerName)
    const subject = live === undefined ? (shareOf(claimant.owner) ?? claimant.owner) : brokerName
    const key = `${rule} ${live === undefined ? 'by' : 'against'} ${subject}`
    const known = this.#records.get(key)
    const count = (known?.count ?? 0) + 1
    const isDue = known === undefined || nowMs - known.eventMs >= EVENT_PERIOD_MS
    this.#records.set(key, {
      rule,
      brokerName,
      reason: kept(reason),
      owner: live?.owner && kept(live.owner),
      ownerAddr: live && kept(live.brokerAddr),
      claimant: kept(claimant.owner),
      peer: claimant.peer,
      isRejected,
      count,
      lastMs: nowMs,
      eventMs: isDue ? nowMs : known.eventMs,
    })
    return isDue ? count : undefined
  }

  /** The one disputed longest ago first. */
  list(): DisputeRecord[] {
    return [...this.#records.entries()].map(([, record]) => record)
  }
}

/** A copy: a part of a longer text would keep that in memory. */
function kept(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : Buffer.from(text.slice(0, MAX_CHARACTERS)).toString()
}
