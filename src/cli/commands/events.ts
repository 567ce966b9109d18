import { checkEventId, eventsAfter, MAX_EVENTS, type ServerEvent } from '../client/event-feed.ts'
import { CommandError } from '../command-error.ts'
import { shortTime } from '../output/amounts.ts'
import { columnsOf } from '../output/width.ts'
import type { CommandContext, Run } from '../run-command.ts'

const DEFAULT_LIMIT = 100

/** `events`: what has happened at a server, as far as it is kept. */
export const run: Run = async ({ askEach, format, servers, values, world }) => {
  const { since, isWanted } = eventOptions({ servers, values })
  const limit = limitOf(values['limit'])
  const notes: string[] = []
  const { items, failures } = await askEach(async (server) => {
    const { events, gap } = await eventsAfter(server, since)
    if (gap !== null) notes.push(gap)
    const wanted = events.filter(isWanted)
    if (wanted.length > limit)
      notes.push(`${wanted.length - limit} earlier events of ${server.address} are not shown (--limit)`)
    return wanted.slice(-limit)
  })
  const isShort = format === 'table' && columnsOf(world.stdout) !== undefined
  const nowMs = Date.now()
  return {
    items,
    failures,
    none: since === undefined && values['kind'] === undefined ? 'no events' : 'no such events',
    notes,
    view: {
      columns: [
        { head: 'TIME', cell: ({ time }: ServerEvent) => (isShort ? shortTime(time, nowMs) : time) },
        { head: 'KIND', cell: ({ kind }: ServerEvent) => kind },
        { head: 'SUBJECT', cell: ({ subject }: ServerEvent) => subject },
        { head: 'TEXT', cell: ({ text }: ServerEvent) => text, isWrapped: true },
        { head: 'ID', cell: ({ id }: ServerEvent) => id, isWide: true },
      ],
    },
    name: ({ id }: ServerEvent) => id,
  }
}

/** The options that `events` and `watch` share. @throws {CommandError} `usage` */
export function eventOptions({ servers, values }: Pick<CommandContext, 'servers' | 'values'>): {
  readonly since: string | undefined
  readonly isWanted: (event: ServerEvent) => boolean
} {
  const { since, kind } = values
  if (typeof since === 'string') {
    checkEventId(since)
    if (servers.length > 1)
      throw new CommandError('usage', '--since is for one NameServer: each has event ids of its own')
  }
  return {
    since: typeof since === 'string' ? since : undefined,
    isWanted: (event) => !Array.isArray(kind) || kind.includes(event.kind),
  }
}

function limitOf(text: CommandContext['values'][string]): number {
  if (typeof text !== 'string') return DEFAULT_LIMIT
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_EVENTS) return limit
  throw new CommandError('usage', `--limit ${JSON.stringify(text)} is not a number from 1 to ${MAX_EVENTS}`)
}
