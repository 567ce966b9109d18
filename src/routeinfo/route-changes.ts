import type { RouteEffect } from './route-effect.ts'

/** Beyond this many topics every encoded route is dropped: to drop the named ones would take longer than a slice. */
const MOST_NAMED_TOPICS = 16_384

/** What one transition changes: the topics whose routes are other now, and its effects. Reported once, at its end. */
export class RouteChanges {
  readonly effects: RouteEffect[] = []
  #topics: string[] | 'every' = []
  /** Broker names whose groups changed, and with them every route that leads to them. */
  readonly groups = new Set<string>()

  /** Notes that a topic's queues changed. */
  topic(topic: string): void {
    if (this.#topics === 'every' || this.#topics.at(-1) === topic) return
    if (this.#topics.length === MOST_NAMED_TOPICS) this.#topics = 'every'
    else this.#topics.push(topic)
  }

  /** Notes that a group changed: its addresses, its zone, or that it came or went. */
  group(brokerName: string): void {
    this.groups.add(brokerName)
  }

  /** Notes a change that may show in any route: filter servers. */
  everyTopic(): void {
    this.#topics = 'every'
  }

  effect(effect: RouteEffect): void {
    this.effects.push(effect)
  }

  /** The topics that changed. */
  get topics(): readonly string[] | 'every' {
    return this.#topics
  }
}
