import { cutText } from '../common/log-throttle.ts'
import { sourceOf } from '../common/source-of.ts'
import { visible } from '../common/visible.ts'

/** A request that the access policy has rejected. */
export interface DeniedRequest {
  /** IP address by which it was decided. */
  readonly host: string
  readonly code: number
  readonly group: string
  /** Name of the proven identity; null for an anonymous one. */
  readonly identity: string | null
  /** As the request gave it; null if it gave none. */
  readonly accessKey: string | null
  /** Which rule decided. */
  readonly rule: string
  /** Why the account is not proven; null if it is. */
  readonly unproven: string | null
  /** The rule that would have allowed it but for a limit; null without such a rule. */
  readonly nearMiss: string | null
  /** False if it was let pass: the mode is `audit`. */
  readonly isEnforced: boolean
}

/** Equal requests that were rejected. */
export interface Denials extends DeniedRequest {
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly firstMs: number
  readonly lastMs: number
  /** `host:port` of the last one. */
  readonly peer: string
}

const MAX_ENTRIES = 128
const MAX_CHARACTERS = 200

/**
 * The requests that were rejected last. Equal ones are counted in one entry, and a full table drops the oldest of the source that has
 * the most, so that a flood of one source hides no others.
 */
export class RecentDenials {
  readonly #dateMs: () => number
  /** By what they have in common, in the order of the last one. */
  readonly #entries = new Map<string, { readonly source: string; readonly denials: Denials }>()

  /** @param dateMs - The system clock. */
  constructor(dateMs: () => number = () => Date.now()) {
    this.#dateMs = dateMs
  }

  add(request: DeniedRequest, peer: string): void {
    const accessKey = request.accessKey === null ? null : visible(cutText(request.accessKey, MAX_CHARACTERS))
    const denied = { ...request, accessKey }
    const key = JSON.stringify(Object.values(denied))
    const known = this.#entries.get(key)
    const nowMs = this.#dateMs()
    this.#entries.delete(key)
    const { count, firstMs } = known?.denials ?? { count: 0, firstMs: nowMs }
    this.#entries.set(key, {
      source: known?.source ?? sourceOf(request.host),
      denials: { ...denied, count: count + 1, firstMs, lastMs: nowMs, peer },
    })
    if (this.#entries.size <= MAX_ENTRIES) return
    const counts = new Map<string, number>()
    for (const { source } of this.#entries.values()) counts.set(source, (counts.get(source) ?? 0) + 1)
    const max = Math.max(...counts.values())
    for (const [oldest, { source }] of this.#entries) {
      if (counts.get(source) !== max) continue
      this.#entries.delete(oldest)
      break
    }
  }

  /** The last one first. */
  list(): Denials[] {
    return [...this.#entries.values()].map(({ denials }) => denials).reverse()
  }
}
