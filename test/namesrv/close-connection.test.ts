import { expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { headerOf } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const CLOSE_CONNECTION = 1451

interface Shown {
  readonly id: number
  readonly address: string
  readonly asking: boolean
  readonly cause: string | null
}

/** The connections that a view shows to a client. */
async function shown(client: RawClient, query = ''): Promise<readonly Shown[]> {
  const answer = await client.request({ code: 1450, extFields: { path: `/api/v1/connections${query}` } })
  return (JSON.parse(answer.body.toString()) as { connections: Shown[] }).connections
}

async function close(client: RawClient, id: number | string, address: string) {
  const extFields = { connectionId: `${id}`, address }
  const { code, remark } = headerOf(await client.request({ code: CLOSE_CONNECTION, extFields }))
  return { code, remark }
}

async function twoClients(): Promise<{
  server: TestServer
  operator: RawClient
  other: RawClient
  id: number
}> {
  const server = await startServer()
  const [operator, other] = [await server.connect(), await server.connect()]
  await other.request(lookup('TopicA'))
  const id = (await shown(operator)).find(({ address }) => address === other.address)?.id ?? 0
  return { server, operator, other, id }
}

test('a named connection is closed, and kept with its cause; an event and a log line say by which peer', async () => {
  const { server, operator, other, id } = await twoClients()
  expect(await close(operator, id, other.address)).toEqual({ code: 0 })
  await other.closed
  expect(await shown(operator, '?state=closed')).toMatchObject([{ id, cause: 'closed_by_operator' }])
  expect(server.controller.events.list()).toContainEqual(
    expect.objectContaining({
      kind: 'connection_closed',
      subject: other.address,
      text: `connection ${id}, by ${operator.address}`,
    }),
  )
  expect(server.lines).toContainEqual(
    expect.objectContaining({
      msg: 'connection closed by an operator',
      peer: operator.address,
      connectionId: id,
      address: other.address,
    }),
  )
})

test('no other connection is closed if the id or the address is not that of a connection', async () => {
  const { operator, other, id } = await twoClients()
  const remark = `no open connection ${id} of ${operator.address}`
  expect(await close(operator, id, operator.address)).toEqual({ code: 22, remark })
  expect(await close(operator, 999, other.address)).toMatchObject({ code: 22 })
  expect(await close(operator, '', other.address)).toMatchObject({
    code: 1,
    remark: 'request field connectionId="" is not an int64',
  })
  expect(headerOf(await other.request(lookup('TopicA'))).code).toBe(17)
})

test('a connection that names itself gets the response before it is closed', async () => {
  const { operator } = await twoClients()
  const own = (await shown(operator)).filter(({ asking }) => asking)
  expect(own).toMatchObject([{ address: operator.address }])
  expect(await close(operator, own[0]?.id ?? 0, operator.address)).toEqual({ code: 0 })
  await operator.closed
})

test('a broker whose connection is closed is removed, and told from one that lost its connection', async () => {
  const { server, operator, other, id } = await twoClients()
  await other.request(registration())
  await close(operator, id, other.address)
  await other.closed
  await until('the broker is lost', () =>
    server.controller.events.list().some(({ kind }) => kind === 'broker_lost'),
  )
  const path = '/api/v1/explain?broker=broker-a'
  const answer = await operator.request({ code: 1450, extFields: { path } })
  const story = JSON.parse(`${answer.body}`)
  expect(story.verdict).toBe('connection_lost')
  expect(story.sentences[0]).toContain('an operator closed its connection')
  expect(story.history.at(-1).text).toContain('an operator closed its connection')
  expect(server.lines).toContainEqual(
    expect.objectContaining({ msg: 'broker lost: an operator closed its connection', peer: other.address }),
  )
})
