/** Kinds of events that help to find out what went wrong. */
export const EVENT_KINDS = [
  'broker_registered',
  'broker_left',
  'broker_lost',
  'broker_expired',
  'broker_unreachable',
  'broker_not_returned',
  'broker_listed',
  'broker_not_listed',
  'broker_suspected',
  'broker_suspicion_cleared',
  'registration_ignored',
  'registration_disputed',
  'removal_fenced',
  'topics_changed',
  'topic_registered',
  'topic_deleted',
  'permission_wiped',
  'permission_restored',
  'kv_changed',
  'configuration_changed',
  'connection_closed',
  'rejected',
  'request_denied',
  'internal_error',
  'server_failure',
  'overload_began',
  'overload_ended',
  'restore_began',
  'restore_ended',
  'ready',
  'not_ready',
  'process_paused',
  'descriptors_used_up',
  'descriptors_free',
  'finding_raised',
  'finding_cleared',
  'peer_verdict',
  'nameserver_unreachable',
  'nameserver_reachable',
  'digest_drifted',
] as const
export type EventKind = (typeof EVENT_KINDS)[number]

/** What an event is about, as far as its kind tells. */
export interface EventObject {
  readonly cluster?: string | undefined
  readonly brokerName?: string | undefined
  readonly brokerId?: bigint | undefined
  /** `host:port` of the broker or, for an event without one, of the peer. */
  readonly address?: string | undefined
  readonly topic?: string | undefined
}

export interface RecentEvent extends EventObject {
  /** Counted from 1. Events before the first one of a list have been overwritten. */
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly kind: EventKind
  /** The peer, `host:port`, the broker or the topic; empty for an event of the whole server. */
  readonly subject: string
  readonly text: string
}

/** Events kept, enough for a restart of eight hundred brokers. Peers determine the texts, so their length is limited, too. */
const MAX_EVENTS = 4_096
const MAX_CHARACTERS = 200

/** The last events, in a ring. */
export class RecentEvents {
  readonly #maxEvents: number
  readonly #dateMs: () => number
  readonly #ring: RecentEvent[] = []
  readonly #counts = new Map<EventKind, number>(EVENT_KINDS.map((kind) => [kind, 0]))
  readonly #listeners = new Set<() => void>()
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

  /** Events so far by kind. */
  get counts(): ReadonlyMap<EventKind, number> {
    return this.#counts
  }

  /** @param object - The same as the subject, for programs. */
  add(kind: EventKind, subject: string, text: string, object: EventObject = {}): void {
    const { cluster, brokerName, brokerId, address, topic } = object
    const event: RecentEvent = {
      number: this.#added + 1,
      timeMs: this.#dateMs(),
      kind,
      subject: shortened(subject),
      text: shortened(text),
      cluster: cluster && shortened(cluster),
      brokerName: brokerName && shortened(brokerName),
      brokerId,
      address: address && shortened(address),
      topic: topic && shortened(topic),
    }
    this.#ring[this.#added % this.#maxEvents] = event
    this.#added++
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
    for (const listener of this.#listeners) listener()
  }

  /** Calls a function after each new event, which it must not take long for. @returns What ends that. */
  onAdd(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The events after the one with this number that are kept, the oldest first. */
  after(number: number): RecentEvent[] {
    const first = Math.max(number, this.#added - this.#ring.length)
    const count = Math.max(0, this.#added - first)
    return Array.from({ length: count }, (_, at) => this.#ring[(first + at) % this.#maxEvents] as RecentEvent)
  }

  /** The events that are kept, the oldest first. */
  list(): readonly RecentEvent[] {
    return this.after(0)
  }
}

/** Always a copy: a substring would keep the whole text in memory, which may be a long header. */
function shortened(text: string): string {
  const copy = Buffer.from(text.slice(0, MAX_CHARACTERS)).toString()
  return text.length <= MAX_CHARACTERS ? copy : `${copy}…`
}
