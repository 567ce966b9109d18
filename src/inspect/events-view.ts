import { isoTime } from '../common/iso-time.ts'
import type { RecentEvent } from '../stats/recent-events.ts'
import { EVENT_KINDS } from '../stats/recent-events.ts'
import type { InspectSources } from './sources.ts'
import { choiceOf, integerOf, longValue, objectOf, type Schema, type View } from './view.ts'
import { ViewError } from './view-error.ts'

/** An event as views and the stream show it. */
export interface ShownEvent {
  /** `<boot>-<number>`: unique over restarts, and ordered within one run. */
  readonly id: string
  readonly time: string
  readonly kind: string
  readonly subject: string
  readonly text: string
  readonly cluster: string | null
  readonly brokerName: string | null
  readonly brokerId: number | string | null
  readonly address: string | null
  readonly topic: string | null
}

const NAME: Schema = { type: ['string', 'null'] }

export const EVENT_SCHEMA: Schema = objectOf({
  id: { type: 'string', description: '`<boot>-<number>`; numbers are counted from 1 at each start' },
  time: { type: 'string', format: 'date-time' },
  kind: { enum: EVENT_KINDS },
  subject: {
    type: 'string',
    description: 'The peer, the broker or the topic; empty for an event of the whole server',
  },
  text: { type: 'string' },
  cluster: {
    ...NAME,
    description:
      'This and the next members are null if this kind of event does not have them, as `finding_raised` and `finding_cleared`: their `subject` says what they are about',
  },
  brokerName: NAME,
  brokerId: { type: ['integer', 'string', 'null'] },
  address: { ...NAME, description: 'Of the broker or, for an event without a broker, of the peer' },
  topic: { ...NAME, description: 'The topic that an operator deleted or registered' },
})

export function shownEvent(event: RecentEvent, bootId: string): ShownEvent {
  const { number, timeMs, kind, subject, text, brokerId } = event
  const { cluster = null, brokerName = null, address = null, topic = null } = event
  return {
    id: `${bootId}-${number}`,
    time: isoTime(timeMs),
    kind,
    subject,
    text,
    cluster,
    brokerName,
    brokerId: brokerId === undefined ? null : longValue(brokerId),
    address,
    topic,
  }
}

/** The number of an event id; undefined if it is of another run. @throws {ViewError} `ERR_BAD_REQUEST` if it is no id. */
export function eventNumber(id: string, bootId: string): number | undefined {
  const [, boot, number] = /^([0-9a-z]{1,16})-(\d{1,15})$/.exec(id) ?? []
  if (boot === undefined)
    throw new ViewError(
      'ERR_BAD_REQUEST',
      `since=${JSON.stringify(id.slice(0, 100))} is not an event id such as mx0in8qo-12`,
    )
  return boot === bootId ? Number(number) : undefined
}

/** `/api/v1/watch`, for the documentation: it is a stream, which only the HTTP port can serve. */
export const WATCH = {
  path: '/api/v1/watch',
  summary:
    'Events as they happen, as server-sent events (`text/event-stream`): `id` and, as JSON in `data`, the event. An event `reset` comes first if those after `since` are gone; `bye` is the last one. A client that reads nothing for five seconds while more than 256 KiB wait for it is disconnected, without `bye`, and so is one for which events are lost; what had not been read by then may be incomplete. Connect again with the last `id` in `Last-Event-ID` to miss nothing: the last 4,096 events are kept. At most 64 clients watch at once, and without `httpTokenFile` eight of one address; others get 429.',
  parameters: [
    {
      name: 'since',
      summary: 'Resumes after the event with this id, as does the header `Last-Event-ID`.',
      schema: { type: 'string' },
    },
  ],
} as const

/** `/api/v1/events`: the events that are kept. */
export function eventsView({ events, identity: { bootId } }: InspectSources): View {
  return {
    path: '/api/v1/events',
    summary: 'The most recent events, the oldest first.',
    parameters: [
      { name: 'since', summary: 'Only events after the one with this id.', schema: { type: 'string' } },
      { name: 'kind', summary: 'Only events of this kind.', schema: { enum: EVENT_KINDS } },
      {
        name: 'limit',
        summary: 'Only this many, the most recent ones. Default 1,000.',
        schema: { type: 'integer', minimum: 1, maximum: 4096 },
      },
    ],
    response: {
      type: 'object',
      required: ['bootId', 'added', 'events'],
      additionalProperties: false,
      properties: {
        bootId: { type: 'string' },
        added: { type: 'integer', description: 'Events since the start, those no longer kept included' },
        events: { type: 'array', items: EVENT_SCHEMA },
      },
    },
    read: ({ query }) => {
      const limit = integerOf(query, 'limit', { min: 1, max: 4096, otherwise: 1_000 })
      const since = query.get('since')
      // After a restart, every event is new to the client.
      const after = since === null ? 0 : (eventNumber(since, bootId) ?? 0)
      const kind = choiceOf(query, 'kind', EVENT_KINDS)
      const wanted = events
        .list()
        .filter((event) => event.number > after && (kind ?? event.kind) === event.kind)
      return {
        bootId,
        added: events.added,
        events: wanted.slice(-limit).map((event) => shownEvent(event, bootId)),
      }
    },
  }
}
