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

/** As many as a NameServer keeps. */
export const MAX_EVENTS = 4_096

/** The events of the stream and of what was read, each once, the oldest first; those of the server's runs before stay, too. */
export class EventLog {
  #events: readonly ServerEvent[] = []
  #merged: readonly ServerEvent[] | undefined

  get events(): readonly ServerEvent[] {
    return this.#events
  }

  /** Adds an event of the stream, which repeats events when it resumes. */
  add(event: ServerEvent): void {
    const last = this.#events.at(-1)
    if (last === undefined || inOrder(last, event) < 0)
      this.#events = [...this.#events.slice(1 - MAX_EVENTS), event]
  }

  /** Adds events that were read, among which are those that the stream has missed. */
  merge(events: readonly ServerEvent[]): void {
    if (events === this.#merged) return
    this.#merged = events
    const each = new Map([...this.#events, ...events].map((event) => [event.id, event]))
    this.#events = [...each.values()].sort(inOrder).slice(-MAX_EVENTS)
  }
}

/** By `<boot>-<number>`; boots are times, and as texts of one length in order. */
function inOrder(one: ServerEvent, other: ServerEvent): number {
  const [boot = '', number = ''] = one.id.split('-')
  const [otherBoot = '', otherNumber = ''] = other.id.split('-')
  if (boot === otherBoot) return Number(number) - Number(otherNumber)
  return boot < otherBoot ? -1 : 1
}
