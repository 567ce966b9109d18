import type { QueueData } from '../../protocol/body/topic-route-data.ts'
import { mqadmin } from '../commands.ts'
import type { Evidence } from './finding.ts'

/** Topics that a finding names in its evidence, and in its text. */
export const MAX_FIRST = 16
const MAX_NAMED = 3

/** Topics of a broker with one problem: how many, and the first of them. One finding is about all. */
export class AffectedTopics {
  total = 0
  readonly #first: { readonly topic: string; readonly queues: QueueData; readonly max: number }[] = []

  /** @param max - Queues that the topic should have. */
  add(topic: string, queues: QueueData, max = Math.max(queues.readQueueNums, queues.writeQueueNums)): void {
    this.total++
    if (this.#first.length < MAX_FIRST) this.#first.push({ topic, queues, max })
  }

  /** The topic, if it is only one. */
  get single(): string | undefined {
    return this.total === 1 ? this.#first[0]?.topic : undefined
  }

  get text(): string {
    return topicsText(
      this.total,
      this.#first.map(({ topic }) => topic),
    )
  }

  evidence(cluster: string, textOf: (queues: QueueData) => string): Evidence {
    const firstTopics = this.#first.map(({ topic, queues }) => `${topic}: ${textOf(queues)}`)
    return { cluster, topics: this.total, firstTopics }
  }

  /**
   * The command for a single topic, or how to repeat it for several.
   * @param where - The option with its broker or cluster; undefined if there is none to send it to.
   */
  remedy(
    command: string,
    where: { readonly b: string } | { readonly c: string } | undefined,
    optionsOf: (max: number) => Readonly<Record<string, number>>,
  ): { readonly advice: string; readonly command: string | null } {
    const [one] = this.#first
    if (one === undefined || where === undefined) return { advice: '', command: null }
    if (this.total === 1)
      return { advice: '', command: mqadmin(command, { ...where, t: one.topic, ...optionsOf(one.max) }) }
    const [option] = Object.entries(where).map(([letter, value]) => `-${letter} ${value}`)
    return { advice: ` Run mqadmin ${command} ${option} for each of them.`, command: null }
  }
}

/** `Orders`, or `12 topics (A, B, C, …)`. */
export function topicsText(total: number, names: readonly string[]): string {
  if (total === 1) return names[0] ?? ''
  return `${total} topics (${names.slice(0, MAX_NAMED).join(', ')}${total > MAX_NAMED ? ', …' : ''})`
}
