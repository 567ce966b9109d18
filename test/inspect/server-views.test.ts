import { describe, expect, test } from 'vitest'
import { lookup, putKVConfig } from '../support/requests.ts'
import { ask, plantCluster, startViewServer } from './view-world.ts'

describe('The status', () => {
  test('has the sizes of the tables and what is used of each limit', async () => {
    const server = await startViewServer({
      maxTopics: '50',
      maxConnections: '10',
      maxConnectionsPerAddress: '0',
    })
    await plantCluster(server.client)
    const { body } = await ask(server, 'status')
    expect(body.tables).toMatchObject({
      topics: 4,
      staticTopics: 1,
      brokerGroups: 2,
      brokers: 3,
      provisionalBrokers: 0,
      clusters: 1,
      kvEntries: 2,
    })
    expect(body.limits).toContainEqual({ key: 'maxTopics', used: 4, max: 50 })
    expect(body.limits).toContainEqual({ key: 'maxConnections', used: 1, max: 10 })
    expect(body.limits).toContainEqual({ key: 'maxConnectionsPerAddress', used: null, max: null })
  })

  test('has totals and the time, so that two of them give a rate', async () => {
    const server = await startViewServer()
    const before = await ask(server, 'status')
    for (const topic of ['a', 'b']) await server.client.request(lookup(topic))
    server.time.advance(2_000)
    const after = await ask(server, 'status')
    expect(after.body.uptimeSeconds - before.body.uptimeSeconds).toBe(2)
    expect(after.body.totals.lookups - before.body.totals.lookups).toBe(2)
    expect(after.body.totals.lookupsWithoutRoute - before.body.totals.lookupsWithoutRoute).toBe(2)
    expect(after.body.process.eventLoopActiveMs).toBeGreaterThan(before.body.process.eventLoopActiveMs)
  })
})

describe('The configuration', () => {
  test('has each key with its value, its default and where the value comes from', async () => {
    const server = await startViewServer({ maxTopics: '50' })
    const { keys } = (await ask(server, 'config')).body
    const keyOf = (name: string) => keys.find(({ key }: { key: string }) => key === name)
    expect(keyOf('maxTopics')).toMatchObject({
      value: 50,
      default: 1_000_000,
      source: { layer: 'option', place: 'option --maxTopics' },
      effect: 'start',
      updatable: false,
    })
    expect(keyOf('kvConfigPath').default).toBe('{user.home}/namesrv/kvConfig.json')
    expect(keyOf('orderMessageEnable')).toMatchObject({ value: false, effect: 'live', updatable: true })
  })

  test('shows no secret', async () => {
    const server = await startViewServer({ 'tls.server.keyPassword': 'secret-word' })
    const { body } = await ask(server, 'config')
    expect(JSON.stringify(body)).not.toContain('secret-word')
    expect(body.keys).toContainEqual(
      expect.objectContaining({ key: 'tls.server.keyPassword', value: '******' }),
    )
  })

  test('shows an update and the peer that sent it', async () => {
    const server = await startViewServer()
    await server.client.request({ code: 318, body: 'orderMessageEnable=true' })
    const { keys } = (await ask(server, 'config')).body
    expect(keys).toContainEqual(
      expect.objectContaining({
        key: 'orderMessageEnable',
        value: true,
        source: { layer: 'update', place: expect.stringMatching(/^update by 127\.0\.0\.1:\d+$/) },
      }),
    )
  })
})

describe('The key-value table', () => {
  async function filled() {
    const server = await startViewServer()
    for (const [namespace, key] of [
      ['b', 'x'],
      ['a', 'z'],
      ['a', 'y"/?#'],
    ] as const)
      await server.client.request(putKVConfig(namespace, key, `${namespace} ${key}`))
    return server
  }

  test('is shown page by page, in order of namespaces and keys', async () => {
    const server = await filled()
    const first = (await ask(server, 'kv?limit=1')).body
    expect(first).toMatchObject({ total: 3, matching: 3, entries: [{ namespace: 'a', key: 'y"/?#' }] })
    const rest = (await ask(server, `kv?after=${encodeURIComponent(first.next)}`)).body
    expect(rest.entries).toEqual([
      { namespace: 'a', key: 'z', value: 'a z' },
      { namespace: 'b', key: 'x', value: 'b x' },
    ])
    expect(rest.next).toBeNull()
  })

  test('is restricted to a namespace', async () => {
    const { body } = await ask(await filled(), 'kv?namespace=b')
    expect(body).toMatchObject({ total: 3, matching: 1, entries: [{ key: 'x' }] })
  })

  test('is empty for a namespace that was never set', async () => {
    const { body } = await ask(await filled(), 'kv?namespace=c')
    expect(body).toEqual({ total: 3, matching: 0, entries: [], next: null })
  })
})
