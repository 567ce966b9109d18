import { mqadmin } from '../commands.ts'
import { name } from '../explain/wording.ts'

/** Topics that a finding names in its evidence, and in its text. */
const MAX_FIRST = 16
const MAX_NAMED = 3

/** Topics of a broker with one problem: how many, and the first of them. One finding is about all. */
export class AffectedTopics {
  total = 0
  readonly #names: string[] = []
  readonly #firstTopics: string[] = []
  #queues: number | undefined

  /**
   * @param text - What is wrong with it, as evidence.
   * @param queues - How many it should have. Default: 0, for a problem of another kind.
   */
  add(topic: string, text: string, queues = 0): void {
    this.#queues = this.total === 0 || queues === this.#queues ? queues : undefined
    this.total++
    if (this.total > MAX_FIRST) return
    this.#names.push(topic)
    this.#firstTopics.push(`${topic}: ${text}`)
  }

  /** The topic, if it is only one. */
  get single(): string | undefined {
    return this.total === 1 ? this.#names[0] : undefined
  }

  get text(): string {
    return topicsText(this.total, this.#names)
  }

  get evidence(): { readonly topics: number; readonly firstTopics: readonly string[] } {
    return { topics: this.total, firstTopics: this.#firstTopics }
  }

  /** Options of updateTopic; a placeholder where the topics should have different numbers of queues. */
  get queueOptions(): Readonly<Record<string, string | number>> {
    const queues = this.#queues ?? 'QUEUES'
    return { r: queues, w: queues }
  }

  /**
   * The command for a single topic, or how to repeat it for several.
   * @param where - The option with its broker or cluster; undefined without a broker to send it to.
   */
  remedy(
    command: string,
    where: Readonly<Record<string, string>> | undefined,
    options: Readonly<Record<string, string | number>>,
  ): { readonly advice: string; readonly command: string | null } {
    if (where === undefined) return { advice: '', command: null }
    const full = mqadmin(command, { ...where, t: this.single ?? 'TOPIC', ...options })
    if (this.total === 1) return { advice: '', command: full }
    return { advice: full === null ? '' : ` Run ${full} for each of them.`, command: null }
  }
}

/** `Orders`, or `12 topics (A, B, C, …)`. @param orMore - Whether there may be more than `total`. */
export function topicsText(total: number, names: readonly string[], orMore = false): string {
  if (total === 1 && !orMore) return name(names[0] ?? '')
  const shown = names.slice(0, MAX_NAMED).map(name).join(', ')
  return `${total}${orMore ? ' or more' : ''} topics (${shown}${total > MAX_NAMED ? ', …' : ''})`
}
