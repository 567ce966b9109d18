import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { compressed } from '../../src/http/content-coding.ts'
import { registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'

const response = { status: 200, contentType: 'text/plain', body: 'long '.repeat(1_000), etag: 'v1' }

test('a large body is compressed for a client that accepts gzip, with a weak ETag', async () => {
  const { body, headers, ...rest } = await compressed(response, 'gzip, deflate, br')
  expect(gunzipSync(body).toString()).toBe(response.body)
  expect(headers).toEqual({ 'Content-Encoding': 'gzip' })
  expect(rest).toEqual({ status: 200, contentType: 'text/plain', etag: 'v1', isWeak: true })
})

test.each([undefined, '', 'br', 'gzip;q=0', 'br, GZIP; q=0.0'])(
  'a large body is sent as it is to a client with Accept-Encoding %j',
  async (acceptEncoding) => {
    expect(await compressed(response, acceptEncoding)).toBe(response)
  },
)

test('neither a small body nor one that was compressed before is compressed', async () => {
  for (const whole of [
    { ...response, body: 'short' },
    { ...response, headers: { 'Content-Encoding': 'br' } },
  ])
    expect(await compressed(whole, 'gzip')).toBe(whole)
})

test('views and metrics are compressed, and a view is known by its ETag in either form', async () => {
  const { httpPort, connect } = await startServer({ httpListenPort: 'any' })
  const broker = await connect()
  await broker.request(
    registration({ topics: Array.from({ length: 1_000 }, (_, topic) => `Topic-${topic}`) }),
  )
  const ask = (path: string, headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${httpPort}${path}`, { headers })
  const plain = await ask('/api/v1/topics', { 'Accept-Encoding': 'identity' })
  const gzip = await ask('/api/v1/topics', { 'Accept-Encoding': 'gzip' })
  expect([plain, gzip].map(({ headers }) => headers.get('content-encoding'))).toEqual([null, 'gzip'])
  expect([plain, gzip].map(({ headers }) => headers.get('vary'))).toEqual(Array(2).fill('Accept-Encoding'))
  expect(Number(gzip.headers.get('content-length'))).toBeLessThan(
    Number(plain.headers.get('content-length')) / 4,
  )
  expect(await gzip.text()).toBe(await plain.text())
  const etag = plain.headers.get('etag') as string
  expect(gzip.headers.get('etag')).toBe(`W/${etag}`)
  for (const known of [etag, `W/${etag}`]) {
    const again = await ask('/api/v1/topics', { 'Accept-Encoding': 'gzip', 'If-None-Match': known })
    expect([again.status, again.headers.get('vary')]).toEqual([304, 'Accept-Encoding'])
  }
  const metrics = await ask('/metrics', { 'Accept-Encoding': 'gzip' })
  expect(metrics.headers.get('content-encoding')).toBe('gzip')
  expect(await metrics.text()).toContain('# TYPE ')
})
