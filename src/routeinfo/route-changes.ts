import type { RouteEffect } from './route-effect.ts'

/** Beyond this many topics it is cheaper to drop every encoded route than to name them. */
const MOST_NAMED_TOPICS = 4_096

/** What one transition changes: the topics whose routes are other now, and its effects. Reported once, at its end. */
export class RouteChanges {
  readonly effects: RouteEffect[] = []
  #topics: string[] | 'every' = []

  /** Notes that a topic's queues changed. */
  topic(topic: string): void {
    if (this.#topics === 'every' || this.#topics.at(-1) === topic) return
    if (this.#topics.length === MOST_NAMED_TOPICS) this.#topics = 'every'
    else this.#topics.push(topic)
  }

  /** Notes a change that shows in the routes of many topics: a group's addresses, filter servers. */
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
