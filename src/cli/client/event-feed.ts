import type { NameServer } from '../../admin/name-server.ts'
import { counted } from '../../common/counted.ts'
import type { ShownEvent } from '../../inspect/events-view.ts'
import { CommandError } from '../command-error.ts'

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

/** What {@link eventsAfter} found. */
interface FoundEvents {
  /** The oldest first. */
  readonly events: readonly ServerEvent[]
  /** In words, which events are missing; null if none is. */
  readonly gap: string | null
  /** Id of the last event so far. */
  readonly lastId: string
}

/**
 * The events after the one with that id, or all that are kept.
 * @throws {CommandError} (rejects) As {@link NameServer.view}, and `usage` for an id that is yet to come.
 */
export async function eventsAfter(server: NameServer, since: string | undefined): Promise<FoundEvents> {
  const query = `limit=${MAX_EVENTS}${since === undefined ? '' : `&since=${since}`}`
  const { bootId, added, events } = await server.view<EventsPage>(`/api/v1/events?${query}`)
  const lastId = `${bootId}-${added}`
  if (since === undefined) return { events, gap: null, lastId }
  if (boot(since) === bootId && numberOf(since) > added)
    throw new CommandError(
      'usage',
      `--since ${since} is after the last event of ${server.address}, ${lastId}`,
    )
  return { events, gap: gapOf(server.address, { since, bootId, first: events[0] }), lastId }
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
   * The events since the last read.
   * @throws {CommandError} (rejects) As {@link eventsAfter}.
   */
  async read(): Promise<Omit<FoundEvents, 'lastId'>> {
    if (this.#since === undefined) {
      const { bootId, added } = await this.server.view<EventsPage>('/api/v1/events?limit=1')
      this.#since = `${bootId}-${added}`
      return { events: [], gap: null }
    }
    const { lastId, ...found } = await eventsAfter(this.server, this.#since)
    this.#since = lastId
    return found
  }
}

function gapOf(
  address: string,
  given: { readonly since: string; readonly bootId: string; readonly first: ServerEvent | undefined },
): string | null {
  const { since, bootId, first } = given
  const isRestarted = boot(since) !== bootId
  const expected = isRestarted ? 1 : numberOf(since) + 1
  const lost = first === undefined ? 0 : numberOf(first.id) - expected
  const parts = [
    ...(isRestarted ? ['was restarted, the last events before that may be missing'] : []),
    ...(lost > 0 ? [`no longer has ${counted(lost, 'event')} in between`] : []),
  ]
  return parts.length === 0 ? null : `${address} ${parts.join(', and ')}`
}

function boot(id: string): string {
  return id.slice(0, id.lastIndexOf('-'))
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1))
}
