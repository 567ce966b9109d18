import { connect, type LookupFunction } from 'node:net'
import { describe, expect, test } from 'vitest'
import { NameLookup } from '../../src/namesrv/outgoing-connect.ts'
import { SerializeType } from '../../src/protocol/remoting-command.ts'
import { RemotingClient } from '../../src/remoting/client/remoting-client.ts'
import { ManualTime } from '../support/manual-time.ts'
import { startServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

type Callback = Parameters<LookupFunction>[2]

/** A resolver that responds when the test says so. */
function hangingResolver() {
  const asked: { readonly hostname: string; readonly answer: Callback }[] = []
  const names = new NameLookup((hostname, _options, answer) => asked.push({ hostname, answer }))
  const told: unknown[] = []
  const lookUp = (hostname: string, options = {}): void =>
    names.lookup(hostname, options, (error, address) => told.push(error?.code ?? error?.message ?? address))
  return { names, asked, told, lookUp }
}

describe('while the resolver does not respond', () => {
  test('a name is looked up once for all callers that wait for it', () => {
    const { asked, told, lookUp } = hangingResolver()
    for (let i = 0; i < 1_000; i++) lookUp('broker.example')
    lookUp('broker.example', { all: true })
    expect(asked).toHaveLength(2)
    asked[0]?.answer(null, '10.0.0.1', 4)
    expect(told).toEqual(Array(1_000).fill('10.0.0.1'))
    lookUp('broker.example')
    expect(asked).toHaveLength(3)
  })

  test('at most 16 names are looked up; others fail with an error until a lookup ends', async () => {
    const { asked, told, lookUp } = hangingResolver()
    for (let i = 0; i < 100; i++) lookUp(`broker-${i}.example`)
    await until('the others are told', () => told.length === 84)
    expect(told[0]).toBe(
      'broker-16.example not looked up: 16 name lookups in progress (maximum 16); check the resolver',
    )
    expect(asked).toHaveLength(16)
    asked[0]?.answer(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '')
    expect(told.at(-1)).toBe('ENOTFOUND')
    lookUp('broker-99.example')
    expect(asked.at(-1)?.hostname).toBe('broker-99.example')
  })

  test('a request to a name fails after the connect timeout, and a request to an address succeeds', async () => {
    const server = await startServer()
    const { names, asked } = hangingResolver()
    const time = new ManualTime()
    const client = new RemotingClient({
      connect: (address, onReady) => connect({ ...address, lookup: names.lookup }, onReady),
      connectTimeoutMs: 3_000,
      maxIdleMs: Number.POSITIVE_INFINITY,
      closeIfTimeout: true,
      maxConnections: 10,
      maxQueuedBytes: 10_000,
      maxOneways: 10,
      maxRequests: 10,
      maxFrameBytes: 10_000,
      serializeType: SerializeType.JSON,
      nowMs: () => time.nowMs(),
      after: (delayMs, task) => time.after(delayMs, task),
      every: (periodMs, task) => time.every(periodMs, task),
    })
    const ask = (address: string) =>
      client.invoke(address, client.createRequest(105, new Map([['topic', 'T']])), 10_000)
    const unanswered = expect(ask('broker.example:10911')).rejects.toMatchObject({
      code: 'ERR_CONNECT',
      message: 'no connection to broker.example:10911 within 3000 ms',
    })
    await until('the name is asked for', () => asked.length === 1)
    expect((await ask(`127.0.0.1:${server.port}`)).code).toBe(17)
    time.advance(3_000)
    await unanswered
    // Too late for the request.
    asked[0]?.answer(null, '127.0.0.1', 4)
    client.close()
    expect(client.connections).toBe(0)
  })
})
