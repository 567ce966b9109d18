/** Kinds of events that help to find out what went wrong. */
export type EventKind =
  | 'broker registered'
  | 'broker unregistered'
  | 'broker lost'
  | 'broker expired'
  | 'broker unreachable'
  | 'broker not returned'
  | 'broker suspected'
  | 'suspicion cleared'
  | 'removal fenced'
  | 'rejected'
  | 'internal error'
  | 'server failure'
  | 'configuration changed'
  | 'overload began'
  | 'overload ended'
  | 'routes restored'
  | 'restoration ended'
  | 'process paused'
  | 'descriptors used up'
  | 'descriptors free'

export interface RecentEvent {
  /** Counted from 1. Events before the first one of a list have been overwritten. */
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly kind: EventKind
  /** The peer, `host:port`, or the broker; empty if there is none. */
  readonly subject: string
  readonly text: string
}

/** Events kept, enough for a restart of two hundred brokers. Peers determine the texts, so their length is limited, too. */
const MAX_EVENTS = 1_000
const MAX_CHARACTERS = 200

/** The last events, in a ring. */
export class RecentEvents {
  readonly #maxEvents: number
  readonly #dateMs: () => number
  readonly #ring: RecentEvent[] = []
  #added = 0

  /** @param dateMs - The system clock, so that events can be compared with other logs. */
  constructor(maxEvents = MAX_EVENTS, dateMs: () => number = () => Date.now()) {
    this.#maxEvents = maxEvents
    this.#dateMs = dateMs
  }

  /** All events so far, the overwritten ones included. */
  get added(): number {
    return this.#added
  }

  add(kind: EventKind, subject: string, text: string): void {
    this.#ring[this.#added % this.#maxEvents] = {
      number: this.#added + 1,
      timeMs: this.#dateMs(),
      kind,
      subject: shortened(subject),
      text: shortened(text),
    }
    this.#added++
  }

  /** The events that are kept, the oldest first. */
  list(): readonly RecentEvent[] {
    const oldest = this.#added % this.#maxEvents
    return [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)]
  }
}

/** Always a copy: a substring would keep the whole text in memory, which may be a long header. */
function shortened(text: string): string {
  const copy = Buffer.from(text.slice(0, MAX_CHARACTERS)).toString()
  return text.length <= MAX_CHARACTERS ? copy : `${copy}…`
}
