/** What an operator may want to know of when something is wrong. */
export type EventKind =
  | 'broker registered'
  | 'broker unregistered'
  | 'broker evicted'
  | 'broker lost'
  | 'broker suspected'
  | 'suspicion cleared'
  | 'removal fenced'
  | 'rejected'
  | 'defect'
  | 'server failure'
  | 'configuration changed'
  | 'overload began'
  | 'overload ended'
  | 'routes restored'
  | 'restoration ended'
  | 'process paused'
  | 'descriptors used up'
  | 'descriptors free'

/** Something that happened. */
export interface RecentEvent {
  /** Counted from 1; what is missing before the first one of a list has been pushed out. */
  readonly number: number
  /** When, in milliseconds since the epoch. */
  readonly timeMs: number
  readonly kind: EventKind
  /** The peer, `host:port`, or the broker; the empty text if it was nobody. */
  readonly who: string
  readonly text: string
}

/**
 * Events kept: a restart of two hundred brokers, twice for each, and what else goes wrong meanwhile. A peer decides on the letters
 * of some, so they are bounded too: all in all they take less than 1 MB.
 */
const MOST_EVENTS = 1_000
const MOST_LETTERS = 200

/** The last events, in a ring. */
export class RecentEvents {
  readonly #maxEvents: number
  readonly #dateMs: () => number
  readonly #ring: RecentEvent[] = []
  #added = 0

  /** @param dateMs - The machine's date: people compare it with that of other logs. */
  constructor(maxEvents = MOST_EVENTS, dateMs: () => number = () => Date.now()) {
    this.#maxEvents = maxEvents
    this.#dateMs = dateMs
  }

  /** Events there have been, those that were pushed out among them. */
  get added(): number {
    return this.#added
  }

  add(kind: EventKind, who: string, text: string): void {
    const timeMs = this.#dateMs()
    const event = { number: this.#added + 1, timeMs, kind, who: shortened(who), text: shortened(text) }
    this.#ring[this.#added % this.#maxEvents] = event
    this.#added++
  }

  /** What is kept, the oldest first. */
  list(): readonly RecentEvent[] {
    const oldest = this.#added % this.#maxEvents
    return [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)]
  }
}

/** Always a copy: a part of a text keeps the whole alive, which may be a long header. */
function shortened(text: string): string {
  const copy = Buffer.from(text.slice(0, MOST_LETTERS)).toString()
  return text.length <= MOST_LETTERS ? copy : `${copy}…`
}
