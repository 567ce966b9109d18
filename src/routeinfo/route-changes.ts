import { type RouteEvent, type TopicChange, TopicTally } from './route-event.ts'

/** Beyond this many topics all encoded routes are dropped: dropping them one by one would take longer than a slice. */
const MAX_NAMED_TOPICS = 16_384

/** What one transition changes, reported once at its end: topics and groups whose routes differ, and events. */
export class RouteChanges {
  #events: RouteEvent[] = []
  #topics: string[] | 'every' = []
  #isDirty = false
  /** Broker names whose groups changed, and with them every route that has queues on them. */
  readonly groups = new Set<string>()

  /** The topics of its broker that a registration changed; undefined for none. */
  tally: TopicTally | undefined

  /** Notes that a topic's queues changed; `change` counts it for the log. */
  topic(topic: string, change?: TopicChange): void {
    if (change !== undefined) {
      this.tally ??= new TopicTally()
      this.tally.add(change, topic)
    }
    if (this.#topics === 'every' || this.#topics.at(-1) === topic) return
    if (this.#topics.length === MAX_NAMED_TOPICS) this.#topics = 'every'
    else this.#topics.push(topic)
  }

  /** Notes that a group was added, changed or removed. */
  group(brokerName: string): void {
    this.groups.add(brokerName)
  }

  /** Notes a change that may affect any route: filter servers. */
  invalidateAll(): void {
    this.#topics = 'every'
  }

  /** Notes a change that affects no route: of a cluster, or of a live broker. */
  markDirty(): void {
    this.#isDirty = true
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

  /** Whether anything changed but the times of heartbeats. */
  get any(): boolean {
    return this.#isDirty || this.#topics.length > 0 || this.groups.size > 0 || this.#events.length > 0
  }

  /** The topics that changed. */
  get topics(): readonly string[] | 'every' {
    return this.#topics
  }
}
