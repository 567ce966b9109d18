import { expect, test } from 'vitest'
import { ClosedConnections, type ConnectionFacts } from '../../src/stats/connections.ts'

const facts = (id: number): ConnectionFacts => ({
  ...{ id, remoteAddress: `10.0.0.1:${id}`, openedMs: 0, kind: 'client', language: 'JAVA', version: 513 },
  ...{ tls: null, proxied: false, requests: 0, bytesIn: 0, bytesOut: 0, lastActivityMs: 0 },
})

test('the last 1,024 closed connections are kept, the one that closed first at the head', () => {
  const closed = new ClosedConnections()
  expect(closed.list()).toEqual([])
  for (let id = 1; id <= 1_500; id++)
    closed.add(facts(id), { cause: 'peer_closed', code: null, detail: null }, 1_000 + id)
  expect(closed.list().map(({ id }) => id)).toEqual(Array.from({ length: 1_024 }, (_, index) => 477 + index))
  expect(closed.list()[0]).toMatchObject({ remoteAddress: '10.0.0.1:477', closedMs: 1_477 })
})

test('the text of a reason is cut, and a record keeps nothing else of its connection', () => {
  const closed = new ClosedConnections()
  const connection = { ...facts(1), socket: 'large' }
  closed.add(connection, { cause: 'invalid_frame', code: 'ERR_HEADER', detail: 'x'.repeat(10_000) }, 1)
  const [record] = closed.list()
  expect(record?.detail).toBe(`${'x'.repeat(200)}… (10000 characters)`)
  expect(record).not.toHaveProperty('socket')
})
