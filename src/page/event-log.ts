import type { Views } from '../inspect/api-types.ts'

/** An event of the stream. */
export type ServerEvent = Views['/api/v1/events']['events'][number]

/** Whether views of brokers are read again after an event. */
export function isOfBroker({ brokerName }: ServerEvent): boolean {
  return brokerName !== null
}

/** Whether views of routes are. */
export function isOfRoutes({ brokerName, topic }: ServerEvent): boolean {
  return brokerName !== null || topic !== null
}

/** The number that a NameServer keeps. */
export const MAX_EVENTS = 4_096

/** The events of the stream and of what was read, each once, the oldest first; those of the server's runs before stay, too. */
export class EventLog {
  #events: readonly ServerEvent[] = []
  #merged: readonly ServerEvent[] | undefined
  /** The runs of the server, in the order in which the page saw them: the server's clock may have been set back between two. */
  readonly #boots: string[] = []

  get events(): readonly ServerEvent[] {
    return this.#events
  }

  /** Adds an event of the stream, which repeats events when it resumes. */
  add(event: ServerEvent): void {
    const last = this.#events.at(-1)
    if (last === undefined || this.#inOrder(last, event) < 0)
      this.#events = [...this.#events.slice(1 - MAX_EVENTS), event]
  }

  /** Adds events that were read, among which are those that the stream has missed. */
  merge(events: readonly ServerEvent[]): void {
    if (events === this.#merged) return
    this.#merged = events
    const each = new Map([...this.#events, ...events].map((event) => [event.id, event]))
    for (const id of each.keys()) this.#runOf(bootOf(id))
    this.#events = [...each.values()].sort(this.#inOrder).slice(-MAX_EVENTS)
  }

  readonly #inOrder = (one: ServerEvent, other: ServerEvent): number =>
    this.#runOf(bootOf(one.id)) - this.#runOf(bootOf(other.id)) || numberOf(one.id) - numberOf(other.id)

  #runOf(boot: string): number {
    const at = this.#boots.indexOf(boot)
    return at >= 0 ? at : this.#boots.push(boot) - 1
  }
}

/** An id is `<boot>-<number>`. */
function bootOf(id: string): string {
  return id.slice(0, id.indexOf('-'))
}

function numberOf(id: string): number {
  return Number(id.slice(id.indexOf('-') + 1))
}
