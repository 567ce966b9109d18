import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ServerSentEvent } from '../../src/http/event-stream.ts'
import { EventStreamParser } from '../../src/page/event-stream-parser.ts'
import { RawClient, requestFrame } from '../support/raw-client.ts'
import { lookup } from '../support/requests.ts'
import { ChildProgram } from './harness/child-program.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { ask } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const PUT_KV_CONFIG = 100
const GET_ROUTEINFO_BY_TOPIC = 105
const TOPIC_NOT_EXIST = 17
/** MQVersion of 4.9.7, whose clients do not understand GO_AWAY. */
const V4_9_7 = 407

/** A program that reads a stream of events. */
interface Watcher {
  /** What it has read so far. */
  text(): string
  /** Resolves with how the stream ended. */
  ended(): Promise<string>
  /** Breaks the connection off. */
  leave(): Promise<void>
}

type Watch = (url: string, lastEventId: string) => Promise<Watcher>

const watchByCurl: Watch = async (url, lastEventId) => {
  const header = lastEventId === '' ? [] : ['-H', `Last-Event-ID: ${lastEventId}`]
  const program = new ChildProgram({
    name: 'curl',
    command: 'curl',
    args: () => ['--no-buffer', '--silent', '--show-error', ...header, url],
  })
  return {
    text: () => program.lines.map((line) => `${line}\n`).join(''),
    ended: () => until('curl has ended', () => program.end),
    leave: () => program.kill(),
  }
}

const watchByFetch: Watch = async (url, lastEventId) => {
  const abort = new AbortController()
  onTestFinished(() => abort.abort())
  const headers = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }
  const { body } = await fetch(url, { headers, signal: abort.signal })
  let text = ''
  const reading = (async () => {
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk
  })().then(
    () => 'exit code 0',
    (error: unknown) => String(error),
  )
  return {
    text: () => text,
    ended: () => reading,
    leave: async () => {
      abort.abort()
      await reading
    },
  }
}

/** What the events of a stream say, each by its type or, without one, its text; and the id to resume after. */
function read(watcher: Watcher): { readonly said: string[]; readonly lastEventId: string } {
  const events: ServerSentEvent[] = []
  const parser = new EventStreamParser((event) => events.push(event))
  parser.push(watcher.text())
  const said = events.map(({ event, data }) => event || JSON.parse(data).text)
  return { said, lastEventId: parser.lastEventId }
}

async function putKVConfig({ address }: NameServer, key: string): Promise<void> {
  expect((await ask(address, PUT_KV_CONFIG, { namespace: 'n', key, value: 'v' })).code).toBe(0)
}

describe.each([
  ['curl', watchByCurl],
  ['fetch', watchByFetch],
])('The stream of events, read by %s,', (_name, watch) => {
  test('has each event once although its connection breaks, ends with `bye` when the server stops, and begins with `reset` after a restart', async () => {
    const server = await startNameServer({ kind: 'ours', hasHttp: true })
    const url = `${server.httpUrl}/api/v1/watch`
    const says = (watcher: Watcher, text: string) =>
      until(`the stream says ${text}`, () => read(watcher).said.includes(text))

    const first = await watch(url, '')
    await until('the stream begins', () => read(first).lastEventId !== '')
    await putKVConfig(server, 'one')
    await says(first, 'n/one put')
    expect(read(first).said).toEqual(['n/one put'])
    await first.leave()
    await putKVConfig(server, 'two')
    await putKVConfig(server, 'three')

    const resumed = await watch(url, read(first).lastEventId)
    await says(resumed, 'n/three put')
    await putKVConfig(server, 'four')
    await says(resumed, 'n/four put')
    server.program.signal('SIGTERM')
    expect(await resumed.ended()).toBe('exit code 0')
    const { said, lastEventId } = read(resumed)
    expect(said.slice(0, 3)).toEqual(['n/two put', 'n/three put', 'n/four put'])
    expect(said.at(-1)).toBe('bye')
    await until('the server has ended', () => server.program.end)

    const again = await startNameServer({ kind: 'ours', httpPort: Number(new URL(url).port) })
    const restarted = await watch(url, lastEventId)
    await says(restarted, 'reset')
    await putKVConfig(again, 'five')
    await says(restarted, 'n/five put')
    expect(read(restarted).said).toEqual(['reset', 'n/five put'])
    expect(read(restarted).lastEventId).not.toContain(lastEventId.split('-')[0])
    await restarted.leave()
    await again.program.stop()
  })
})

describe('Health checks while the server shuts down with enableShutdownGracefully', () => {
  test('say that it is alive but not ready, until the last client has left', async () => {
    const { address, port, httpUrl, program } = await startNameServer({
      kind: 'ours',
      hasHttp: true,
      properties: { enableShutdownGracefully: true, shutdownWaitTimeSeconds: 60 },
    })
    const statusOf = async (path: string) => (await fetch(`${httpUrl}${path}`)).status
    await until('it is ready', async () => (await statusOf('/readyz')) === 200)
    const client = await RawClient.connect(port)
    const isServed = async (): Promise<boolean> => {
      client.send(requestFrame({ ...lookup('NoSuchTopic'), version: V4_9_7 }))
      return JSON.parse((await client.next()).header.toString()).code === TOPIC_NOT_EXIST
    }
    expect(await isServed()).toBe(true)

    program.signal('SIGTERM')
    await until('it is not ready', async () => (await statusOf('/readyz')) === 503)
    expect(await (await fetch(`${httpUrl}/readyz?verbose`)).text()).toContain('[-]shutdown failed: ')
    expect(await statusOf('/livez')).toBe(200)
    expect(await isServed()).toBe(true)
    expect((await ask(address, GET_ROUTEINFO_BY_TOPIC, { topic: 'NoSuchTopic' })).code).toBe(TOPIC_NOT_EXIST)
    expect([await statusOf('/readyz'), await statusOf('/livez'), program.end]).toEqual([503, 200, undefined])

    client.socket.end()
    await once(client.socket, 'close')
    expect(await until('it has ended', () => program.end)).toBe('exit code 0')
  })
})
