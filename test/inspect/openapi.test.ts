import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { lookup } from '../support/requests.ts'
import { type TestServer, temporaryFolder } from '../support/start-server.ts'
import { ask, plantCluster, startViewServer } from './view-world.ts'

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema?: object }>> }>
  >
}

/** What is asked of a path beside the path itself: values of its parameters, and queries. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  '/api/v1/brokers': ['', '?cluster=DefaultCluster&prefix=b&limit=1', '?sort=attention'],
  '/api/v1/brokers/{name}': ['', '?address=127.0.0.1:10911&limit=1'],
  '/api/v1/brokers/{name}/topics': ['', '?prefix=O&limit=1'],
  '/api/v1/topics': ['', '?prefix=O&limit=1', '?after=Shared'],
  '/api/v1/topics/{topic}/route': ['', '?dialect=legacy', '?version=500&zone=z'],
  '/api/v1/kv': ['', '?namespace=other', '?limit=1'],
  '/api/v1/connections': ['', '?state=all', '?sort=address&order=reverse&offset=1'],
  '/api/v1/departures': ['', '?limit=1'],
  '/api/v1/digest': ['', '?buckets=true', '?bucket=1'],
  '/api/v1/findings': ['', '?severity=warning'],
  '/api/v1/misses': ['', '?limit=1'],
  '/api/v1/access/test': ['?code=318&from=10.1.2.3', '?code=103&from=::1&tls=true&certificate=broker-a'],
  '/api/v1/explain': [
    '?topic=Static',
    '?topic=Shared&zone=z',
    '?topic=none',
    '?broker=broker-a',
    '?broker=none',
  ],
  '/api/v1/events': ['', '?limit=2', '?kind=broker_registered'],
}
const VALUES: Readonly<Record<string, string>> = { topic: 'Static', name: 'broker-a', unit: 'u1' }

async function documentOf(server: TestServer): Promise<{
  paths: Record<string, { get: Operation }>
  components: { schemas: { Error: object } }
}> {
  return (await ask(server, 'openapi.json')).body
}

/**
 * Asks a server for every view, and compares each answer with its schema.
 * @param isEmpty - Whether there is no such topic and no such broker.
 * @returns Answers that do not fit.
 */
async function problemsOf(server: TestServer, isEmpty = false): Promise<string[]> {
  const { paths, components } = await documentOf(server)
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true })
  addFormats.default(ajv)
  const problems: string[] = []
  for (const [path, { get }] of Object.entries(paths)) {
    const schema = get.responses[200]?.content?.['application/json; charset=utf-8']?.schema
    if (!path.startsWith('/api/v1/') || schema === undefined) continue
    const filled = path.slice('/api/v1/'.length).replace(/\{(\w+)\}/g, (_, name) => VALUES[name] ?? name)
    for (const query of TARGETS[path] ?? ['']) {
      const { status, body } = await ask(server, `${filled}${query}`)
      const isMissing = isEmpty && status === 404 && path.includes('{')
      if (status !== 200 && !isMissing) problems.push(`${filled}${query}: ${status} ${JSON.stringify(body)}`)
      if (!ajv.validate(status === 200 ? schema : components.schemas.Error, body))
        problems.push(`${filled}${query}: ${ajv.errorsText()}`)
    }
  }
  return problems
}

describe('The OpenAPI document', () => {
  test('is valid', async () => {
    const validator = new Validator()
    const { valid, errors } = await validator.validate((await documentOf(await startViewServer())) as never)
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  test('lists every path of the HTTP port, and each is served', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const missing: string[] = []
    for (const path of Object.keys((await documentOf(server)).paths)) {
      const filled = path.replace(/\{(\w+)\}/g, (_, name) => VALUES[name] ?? name)
      const abort = new AbortController()
      const { status } = await fetch(`http://127.0.0.1:${server.httpPort}${filled}`, { signal: abort.signal })
      abort.abort()
      if (status === 404) missing.push(path)
    }
    expect(missing).toEqual([])
  })
})

describe('Every answer fits its schema', () => {
  test('on a server that has just started', async () => {
    expect(await problemsOf(await startViewServer(), true)).toEqual([])
  })

  test('on a server with brokers, topics and lookups', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    for (const topic of ['Shared', 'none']) await server.client.request(lookup(topic))
    server.time.advance(61_000)
    expect(await problemsOf(server)).toEqual([])
  })

  test('on a server that was restarted', async () => {
    const routeSnapshotPath = `${temporaryFolder()}/routes`
    const before = await startViewServer({ routeSnapshotPath })
    await plantCluster(before.client)
    before.client.socket.destroy()
    await before.controller.shutdown()
    const after = await startViewServer({ routeSnapshotPath })
    expect((await ask(after, 'status')).body.provisional).toBe(true)
    expect(await problemsOf(after)).toEqual([])
  })
})
