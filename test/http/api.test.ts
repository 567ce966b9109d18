import { expect, test } from 'vitest'
import { startServer } from '../support/start-server.ts'

test('the HTTP port and request 1450 answer a path with the same JSON', async () => {
  const { httpPort, connect } = await startServer({ httpListenPort: 'any' })
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/events?limit=1`)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  const overHttp = await response.text()
  const client = await connect()
  const overRemoting = await client.request({ code: 1450, extFields: { path: '/api/v1/events?limit=1' } })
  expect(overRemoting.body.toString()).toBe(overHttp)
  expect(JSON.parse(overHttp)).toMatchObject({ events: [{ kind: 'ready' }] })
})

test('without httpListenPort there is no HTTP server', async () => {
  expect((await startServer()).httpPort).toBeUndefined()
})
