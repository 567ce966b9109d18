/** What became of a topic of a broker. */
export type TopicChange = 'new' | 'changed' | 'deleted'

/** Names kept of each kind of change. */
const MAX_NAMES = 5

/** The topics of a broker that one transition changed: how many, and the first names. */
export class TopicTally {
  readonly counts: Record<TopicChange, number> = { new: 0, changed: 0, deleted: 0 }
  readonly firstNames: Record<TopicChange, string[]> = { new: [], changed: [], deleted: [] }

  add(change: TopicChange, topic: string): void {
    this.counts[change]++
    const names = this.firstNames[change]
    if (names.length < MAX_NAMES) names.push(topic)
  }
}
