import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StreamedResponse } from '../../src/http/http-server.ts'
import { Watchers } from '../../src/http/watchers.ts'
import { timeOf } from '../../src/namesrv/namesrv-context.ts'
import { Counters } from '../../src/stats/counters.ts'
import { RecentEvents } from '../../src/stats/recent-events.ts'
import { get, TestWatcher } from '../support/http.ts'
import { ManualTime } from '../support/manual-time.ts'
import { startServer, type TestServer, temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'

async function started(
  values: { httpTokenFile?: string } = {},
): Promise<TestServer & { readonly httpPort: number }> {
  const server = await startServer({ httpListenPort: 'any', ...values })
  return { ...server, httpPort: server.httpPort ?? 0 }
}

function happen({ controller }: TestServer, ...texts: string[]): void {
  for (const text of texts) controller.events.add('kv_changed', 'n/k', text)
}

const PERIOD_MS = 100

/** Watchers with a client whose reading a test decides. */
function watched() {
  const time = new ManualTime()
  const events = new RecentEvents()
  const counters = new Counters()
  const watchers = new Watchers({
    ...timeOf({ clock: time, scheduler: time }),
    events,
    counters,
    bootId: 'b',
    needsToken: () => false,
  })
  const client = { unread: 0, text: '', isClosed: false }
  const response = watchers.route.handle({
    path: '/api/v1/watch',
    query: new URLSearchParams(),
    header: () => undefined,
    peer: '127.0.0.1:1',
    local: { address: '127.0.0.1', port: 2 },
    closed: false,
  }) as StreamedResponse
  response.stream({
    write: (part) => {
      client.unread += part.length
      client.text += part.toString()
    },
    end: () => {},
    destroy: () => {
      client.isClosed = true
    },
    get queuedBytes() {
      return client.unread
    },
    onClose: () => {},
  })
  return { time, events, counters, client }
}

describe('The stream of events', () => {
  it('begins with how to resume, and has each event within 100 ms, with its id', async () => {
    const server = await started()
    const watcher = await new TestWatcher(server.httpPort).opened()
    expect(watcher.text()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(watcher.text()).toContain('Content-Type: text/event-stream; charset=utf-8\r\n')
    expect(watcher.text()).toContain('Cache-Control: no-store, no-transform\r\n')
    expect(watcher.text()).toContain('X-Accel-Buffering: no\r\n')
    // `ready` was the first event.
    expect(watcher.lastEventId).toMatch(/^[0-9a-z]+-1$/)
    happen(server, 'one', 'two')
    expect(watcher.texts).toEqual([])
    server.time.advance(PERIOD_MS)
    await until('both have come', () => watcher.events.length === 2)
    const [event] = watcher.events
    expect(event).toMatchObject({ event: '', id: expect.stringMatching(/-2$/) })
    expect(JSON.parse(event?.data ?? '')).toEqual({
      id: event?.id,
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      kind: 'kv_changed',
      subject: 'n/k',
      cluster: null,
      brokerName: null,
      brokerId: null,
      address: null,
      topic: null,
      text: 'one',
    })
    expect(watcher.lastEventId).toMatch(/-3$/)
    expect(server.controller.counters.watchers).toBe(1)
  })

  it('resumes after the event of Last-Event-ID, or of since', async () => {
    const server = await started()
    happen(server, 'one', 'two', 'three')
    const all = await new TestWatcher(server.httpPort).opened()
    const boot = all.lastEventId.split('-')[0]
    const byHeader = await new TestWatcher(
      server.httpPort,
      `/api/v1/watch?since=${boot}-1`,
      `Last-Event-ID: ${boot}-3`,
    ).opened()
    await until('the last has come', () => byHeader.events.length === 1)
    expect(byHeader.texts).toEqual(['three'])
    const byQuery = new TestWatcher(server.httpPort, `/api/v1/watch?since=${boot}-2`)
    await until('the last two have come', () => byQuery.events.length === 2)
    expect(byQuery.texts).toEqual(['two', 'three'])
  })

  it('resumes at the edge of what is kept, and begins with reset beyond it and after a restart', async () => {
    const server = await started()
    const boot = (await new TestWatcher(server.httpPort).opened()).lastEventId.split('-')[0]
    // With `ready`, one more event than are kept.
    for (let number = 2; number <= 4_097; number++) happen(server, `${number}`)
    const kept = new TestWatcher(server.httpPort, `/api/v1/watch?since=${boot}-1`)
    await until('the first has come', () => kept.events.length > 0)
    expect(kept.events[0]).toMatchObject({ event: '', id: `${boot}-2` })
    for (let tick = 0; kept.events.length < 4_096; tick++) {
      server.time.advance(PERIOD_MS)
      await new Promise(setImmediate)
      expect(tick).toBeLessThan(10_000)
    }
    for (const [since, reason] of [
      [`${boot}-0`, 'overwritten'],
      ['another-5', 'restarted'],
      [`${boot}-9999`, 'restarted'],
    ]) {
      const reset = new TestWatcher(server.httpPort, `/api/v1/watch?since=${since}`)
      await until('the first event has come', () => reset.events.length > 0)
      expect(reset.events).toEqual([
        { event: 'reset', id: `${boot}-4097`, data: JSON.stringify({ reason, events: '/api/v1/events' }) },
      ])
      reset.socket.destroy()
    }
  })

  it('drops a watcher that does not read, which can resume', async () => {
    const server = await started()
    const { counters, events } = server.controller
    const slow = await new TestWatcher(server.httpPort).opened()
    const honest = await new TestWatcher(server.httpPort).opened()
    const from = honest.lastEventId
    slow.socket.pause()
    const long = 'x'.repeat(200)
    for (let batch = 0; counters.watchersDropped === 0; batch++) {
      for (let event = 0; event < 500; event++) happen(server, long)
      server.time.advance(PERIOD_MS)
      const seen = `-${events.added}`
      await until('the other one has read all', () => honest.lastEventId.endsWith(seen))
      expect(batch).toBeLessThan(200)
    }
    await until('it is closed', () => counters.watchers === 1)
    // The honest one missed nothing.
    expect(honest.events).toHaveLength(events.added - Number(from.split('-')[1]))
    slow.socket.resume()
    await slow.closed
    const resumed = new TestWatcher(server.httpPort, '/api/v1/watch', `Last-Event-ID: ${honest.lastEventId}`)
    await resumed.opened()
    happen(server, 'after')
    server.time.advance(PERIOD_MS)
    await until('it goes on', () => resumed.texts.includes('after'))
  })

  it('drops a watcher that reads nothing for five seconds, and none that reads a little', () => {
    const { time, events, counters, client } = watched()
    for (let event = 0; event < 2_000; event++) events.add('kv_changed', 'n/k', 'x'.repeat(200))
    time.advance(PERIOD_MS)
    // It has what it may leave unread, with the rest of the last event, and gets no more until it reads.
    const unread = client.unread
    expect(unread).toBeGreaterThan(256 * 1024)
    expect(unread).toBeLessThan(257 * 1024)
    time.advance(4_900)
    client.unread--
    time.advance(5_000)
    expect(client).toMatchObject({ unread: unread - 1, isClosed: false })
    time.advance(PERIOD_MS)
    expect(client.isClosed).toBe(true)
    expect(counters).toMatchObject({ watchers: 0, watchersDropped: 1 })
    expect(time.timers).toBe(0)
  })

  it('drops a watcher for which events are lost, however little it has left unread', () => {
    const { time, events, counters, client } = watched()
    for (let event = 0; event <= 4_096; event++) events.add('kv_changed', 'n/k', '')
    time.advance(PERIOD_MS)
    expect(client.isClosed).toBe(true)
    expect(counters).toMatchObject({ watchers: 0, watchersDropped: 1 })
  })

  it('has a comment each 15 s in which nothing happens', async () => {
    const server = await started()
    const watcher = await new TestWatcher(server.httpPort).opened()
    server.time.advance(14_900)
    server.time.advance(PERIOD_MS)
    await until('a comment has come', () => /\n:\n/.test(watcher.text().replaceAll('\r\n', '\n')))
    happen(server, 'one')
    server.time.advance(14_900)
    await until('the event has come', () => watcher.texts.length === 1)
    expect(watcher.text().replaceAll('\r\n', '\n').match(/\n:\n/g)).toHaveLength(1)
  })

  it('ends with bye after an hour', async () => {
    const server = await started()
    const watcher = await new TestWatcher(server.httpPort).opened()
    server.time.advance(3_600_000)
    await watcher.closed
    expect(watcher.events.at(-1)).toMatchObject({
      event: 'bye',
      data: '{"reason":"the stream ends after an hour"}',
    })
    expect(server.controller.counters.watchers).toBe(0)
  })

  it('ends with the last events and bye when the server stops, and does not hold it up', async () => {
    const server = await started()
    const watchers = await Promise.all(
      Array.from({ length: 8 }, () => new TestWatcher(server.httpPort).opened()),
    )
    watchers[0]?.socket.pause()
    await server.controller.shutdown()
    for (const watcher of watchers.slice(1)) {
      await watcher.closed
      expect(watcher.events.map(({ event, data }) => event || JSON.parse(data).kind)).toEqual([
        'not_ready',
        'bye',
      ])
    }
  })

  it('rejects what is no event id, and other parameters', async () => {
    const { httpPort } = await started()
    for (const query of ['since=x', 'since=', 'after=1'])
      expect(await get(httpPort, `/api/v1/watch?${query}`)).toMatch(/^HTTP\/1\.1 400 [\s\S]*ERR_BAD_REQUEST/)
  })

  it('has eight watchers of one address, and a place is free when one leaves', async () => {
    const { httpPort, controller } = await started()
    const watchers = await Promise.all(Array.from({ length: 8 }, () => new TestWatcher(httpPort).opened()))
    expect(await get(httpPort, '/api/v1/watch')).toMatch(/^HTTP\/1\.1 429 [\s\S]*8 of one address/)
    watchers[3]?.socket.destroy()
    await until('it has left', () => controller.counters.watchers === 7)
    await new TestWatcher(httpPort).opened()
  })

  it('has more of one address, as of a reverse proxy, if all have the token', async () => {
    const httpTokenFile = join(temporaryFolder(), 'token')
    writeFileSync(httpTokenFile, 's3cret', { mode: 0o600 })
    const { httpPort, controller } = await started({ httpTokenFile })
    const authorized = 'Authorization: Bearer s3cret'
    const opened = Array.from({ length: 9 }, () =>
      new TestWatcher(httpPort, '/api/v1/watch', authorized).opened(),
    )
    await Promise.all(opened)
    expect(controller.counters.watchers).toBe(9)
  })

  it('has 64 watchers', async () => {
    const { httpPort, controller } = await started()
    const opened = Array.from({ length: 64 }, (_, number) =>
      new TestWatcher(httpPort, '/api/v1/watch', undefined, `127.0.0.${2 + Math.floor(number / 8)}`).opened(),
    )
    await Promise.all(opened)
    expect(controller.counters.watchers).toBe(64)
    expect(await get(httpPort, '/api/v1/watch')).toMatch(/^HTTP\/1\.1 429 [\s\S]*at most 64 watchers/)
  })
})
