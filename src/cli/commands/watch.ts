import { AdminError } from '../../admin/admin-error.ts'
import { EventFeed, type ServerEvent } from '../client/event-feed.ts'
import { exitCodeFor } from '../command-error.ts'
import { ExitCode } from '../exit-code.ts'
import { liveLine } from '../output/live-line.ts'
import { visible } from '../output/visible.ts'
import type { CommandContext, Run } from '../run-command.ts'
import { eventOptions } from './events.ts'

const POLL_MS = 1_000
const MAX_POLL_MS = 30_000

/** `watch`: events as they happen, until it is interrupted. */
export const run: Run = async (context) => {
  const { askEach, servers, world } = context
  const { since, isWanted } = eventOptions(context)
  const show = async (feed: EventFeed): Promise<void> => {
    const { events, gap } = await feed.read()
    if (gap !== null) say(context, gap)
    for (const event of events) if (isWanted(event)) print(event, feed, context)
  }
  const interrupts = world.takeInterrupts()
  // What is under way ends with its connection.
  interrupts.addEventListener('abort', () => {
    for (const server of servers) server.close()
  })
  const feeds = new Map(servers.map((server) => [server.address, new EventFeed(server, since)]))
  const { failures } = await askEach(async (server) => {
    try {
      await show(feeds.get(server.address) as EventFeed)
    } catch (error) {
      if (!interrupts.aborted) throw error
    }
    return []
  })
  const lost = new Set<EventFeed | undefined>()
  for (const { namesrv, error } of failures) {
    say(context, error.message)
    // A server without events will have none later.
    if (exitCodeFor(error) === ExitCode.UNREACHABLE) lost.add(feeds.get(namesrv))
    else feeds.delete(namesrv)
  }
  const follow = async (feed: EventFeed): Promise<void> => {
    let [pollMs, isLost] = [POLL_MS, lost.has(feed)]
    for (;;) {
      await world.pause(pollMs, interrupts)
      if (interrupts.aborted) return
      try {
        await show(feed)
        if (isLost) say(context, `${feed.server.address} responds again`)
        pollMs = POLL_MS
        isLost = false
      } catch (error) {
        if (!(error instanceof AdminError)) throw error
        feed.server.close()
        if (!isLost && !interrupts.aborted) say(context, `${error.message}; trying again`)
        pollMs = Math.min(pollMs * 2, MAX_POLL_MS)
        isLost = true
      }
    }
  }
  await Promise.all([...feeds.values()].map(follow))
  return ExitCode.YES
}

function print(event: ServerEvent, { server }: EventFeed, { format, servers, world }: CommandContext): void {
  const text = ({ namesrv, time, kind, subject, text }: typeof item): string =>
    [...(servers.length > 1 ? [namesrv] : []), time, kind, subject, text]
      .filter((part) => part !== '')
      .join('  ')
  const item = { namesrv: server.address, ...event }
  world.stdout.write(liveLine(item, { format, text, name: ({ id }) => id }))
}

function say({ world }: CommandContext, line: string): void {
  world.stderr.write(`mqnamesrv: ${visible(line)}\n`)
}
