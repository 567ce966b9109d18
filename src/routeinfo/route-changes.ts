import { type RouteEvent, type TopicChange, TopicTally } from './route-event.ts'

/** Beyond this many topics every encoded route is dropped: to drop the named ones would take longer than a slice. */
const MOST_NAMED_TOPICS = 16_384

/** What one transition changes: the topics whose routes are other now, and its effects. Reported once, at its end. */
export class RouteChanges {
  #events: RouteEvent[] = []
  #topics: string[] | 'every' = []
  #markDirty = false
  /** Broker names whose groups changed, and with them every route that leads to them. */
  readonly groups = new Set<string>()

  /** What a registration changed of its broker's topics; undefined for nothing. */
  tally: TopicTally | undefined

  /** Notes that a topic's queues changed; `change` counts it for the log. */
  topic(topic: string, change?: TopicChange): void {
    if (change !== undefined) {
      this.tally ??= new TopicTally()
      this.tally.add(change, topic)
    }
    if (this.#topics === 'every' || this.#topics.at(-1) === topic) return
    if (this.#topics.length === MOST_NAMED_TOPICS) this.#topics = 'every'
    else this.#topics.push(topic)
  }

  /** Notes that a group changed: its addresses, its zone, or that it came or went. */
  group(brokerName: string): void {
    this.groups.add(brokerName)
  }

  /** Notes a change that may show in any route: filter servers. */
  invalidateAll(): void {
    this.#topics = 'every'
  }

  /** Notes a change that no route shows: of a cluster, or of what is known of a live broker. */
  markDirty(): void {
    this.#markDirty = true
  }

  event(event: RouteEvent): void {
    this.#events.push(event)
  }

  replaceEvents(events: readonly RouteEvent[]): void {
    this.#events = [...events]
  }

  /** What it did, in order. */
  get events(): readonly RouteEvent[] {
    return this.#events
  }

  /** Whether anything changed that is more than a sign of life. */
  get any(): boolean {
    return this.#markDirty || this.#topics.length > 0 || this.groups.size > 0 || this.#events.length > 0
  }

  /** The topics that changed. */
  get topics(): readonly string[] | 'every' {
    return this.#topics
  }
}
