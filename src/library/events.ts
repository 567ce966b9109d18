import { shownEvent } from '../inspect/events-view.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import { EventsLostError } from './events-lost-error.ts'
import type { NamesrvEvent } from './namesrv.ts'

/** An iteration, and what ends its wait for an event. */
interface Waiting {
  isReturned: boolean
  wake: () => void
}

/** The events of a server, from the ring in which it keeps them: a slow consumer costs no memory. */
export class EventIterable implements AsyncIterable<NamesrvEvent> {
  readonly #events: RecentEvents
  readonly #bootId: string
  readonly #waiting = new Set<Waiting>()
  readonly #endListening: () => void
  #isEnded = false

  constructor(events: RecentEvents, bootId: string) {
    this.#events = events
    this.#bootId = bootId
    this.#endListening = events.onAdd(() => this.#wake())
  }

  /** Ends each iteration after the last event. */
  end(): void {
    this.#isEnded = true
    this.#endListening()
    this.#wake()
  }

  [Symbol.asyncIterator](): AsyncGenerator<NamesrvEvent, undefined, undefined> {
    const waiting = { isReturned: false, wake: (): void => {} }
    const iterator = this.#iterate(waiting)
    const { return: end } = iterator
    // A generator would return only when the event has come for which it waits.
    iterator.return = (value) => {
      waiting.isReturned = true
      waiting.wake()
      return end.call(iterator, value)
    }
    return iterator
  }

  async *#iterate(waiting: Waiting): AsyncGenerator<NamesrvEvent, undefined, undefined> {
    let last: number | undefined
    for (;;) {
      const pending = this.#events.after(last ?? 0)
      const [first] = pending
      if (last !== undefined && first !== undefined && first.number !== last + 1) {
        const lost = first.number - last - 1
        throw new EventsLostError(
          'ERR_EVENTS_LOST',
          `${lost} events after ${this.#bootId}-${last} are no longer kept`,
        )
      }
      for (const event of pending) {
        last = event.number
        // Its kind is one of those in the type of the view, which are made from the same list.
        yield shownEvent(event, this.#bootId) as NamesrvEvent
      }
      if (pending.length > 0) continue
      if (this.#isEnded || waiting.isReturned) return
      await new Promise<void>((resolve) => {
        waiting.wake = resolve
        this.#waiting.add(waiting)
      })
      this.#waiting.delete(waiting)
    }
  }

  #wake(): void {
    for (const { wake } of this.#waiting) wake()
    this.#waiting.clear()
  }
}
