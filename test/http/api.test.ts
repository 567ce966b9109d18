import { expect, test } from 'vitest'
import { LimitError } from '../../src/common/limit-error.ts'
import { apiRoute } from '../../src/http/routes.ts'
import { Inspector } from '../../src/inspect/inspector.ts'
import type { View } from '../../src/inspect/view.ts'
import { wholeSlicer } from '../routeinfo/route-helpers.ts'
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

test('a view that a limit rejects is answered with 503 and the limit', async () => {
  const busy: View = {
    path: '/api/v1/busy',
    summary: 'A view.',
    response: {},
    read: () => {
      throw LimitError.busy('maxWaitingRequests', 'maxWaitingRequests (1) reached')
    },
  }
  const { handle } = apiRoute(new Inspector([busy], wholeSlicer()))
  const request = { path: busy.path, query: new URLSearchParams(), header: () => undefined, closed: false }
  const response = await handle({ ...request, peer: 'a:1', local: { address: 'b', port: 1 } })
  expect(response).toMatchObject({
    status: 503,
    headers: { 'Retry-After': '1' },
    body: expect.stringContaining('maxWaitingRequests (1) reached'),
  })
})
