import { counted } from '../../common/counted.ts'
import type { ShownEvent } from '../../inspect/events-view.ts'
import { CommandError } from '../command-error.ts'
import type { NameServer } from './name-server.ts'

/** An event of a server. */
export type ServerEvent = ShownEvent

interface EventsPage {
  readonly bootId: string
  /** Events since the start, those no longer kept included. */
  readonly added: number
  readonly events: readonly ServerEvent[]
}

/** As many as a server keeps. */
export const MAX_EVENTS = 4_096

/** @throws {CommandError} `usage` unless the text is an event id. */
export function checkEventId(text: string): void {
  if (!/^[0-9a-z]{1,16}-\d{1,15}$/.test(text))
    throw new CommandError(
      'usage',
      `--since ${JSON.stringify(text.slice(0, 100))} is not an event id (mx0in8qo-12)`,
    )
}

/** The events of a server, from one read to the next, also over its restarts. */
export class EventFeed {
  readonly server: NameServer
  /** The id of the last event that was read; undefined before the first read. */
  #since: string | undefined

  /** @param since - Id of the event after which it begins; undefined for those that happen from now on. */
  constructor(server: NameServer, since: string | undefined) {
    this.server = server
    this.#since = since
  }

  /**
   * The events since the last read, the oldest first.
   * @returns `gap` says in words which events cannot be shown; null if none is missing.
   * @throws {CommandError} (rejects) As {@link NameServer.view}.
   */
  async read(): Promise<{ readonly events: readonly ServerEvent[]; readonly gap: string | null }> {
    const since = this.#since
    const query = since === undefined ? 'limit=1' : `since=${since}&limit=${MAX_EVENTS}`
    const { bootId, added, events } = await this.server.view<EventsPage>(`/api/v1/events?${query}`)
    this.#since = `${bootId}-${added}`
    if (since === undefined) return { events: [], gap: null }
    return { events, gap: this.#gapOf(since, bootId, events[0]) }
  }

  #gapOf(since: string, bootId: string, first: ServerEvent | undefined): string | null {
    const isRestarted = boot(since) !== bootId
    const expected = isRestarted ? 1 : numberOf(since) + 1
    const lost = first === undefined ? 0 : numberOf(first.id) - expected
    const parts = [
      ...(isRestarted ? ['was restarted, the last events before that may be missing'] : []),
      ...(lost > 0 ? [`no longer has ${counted(lost, 'event')} in between`] : []),
    ]
    return parts.length === 0 ? null : `${this.server.address} ${parts.join(', and ')}`
  }
}

function boot(id: string): string {
  return id.slice(0, id.lastIndexOf('-'))
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1))
}
