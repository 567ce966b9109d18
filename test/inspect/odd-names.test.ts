import { expect, test } from 'vitest'
import { putKVConfig } from '../support/requests.ts'
import { ask, plantBroker, startViewServer } from './view-world.ts'

const NAMES = [
  ' space in front',
  '%RETRY%group',
  '%2F',
  'a/b',
  'a?b=c&d#e',
  'a+b',
  'ü€漢字😀',
  '"quoted" \\ \'single\'',
  '<script>alert(1)</script>',
  'line\nfeed\r\u0000\u001f\u007f',
  '\u202eright to left',
  'x'.repeat(255),
  '漢'.repeat(255),
  '__proto__',
  'constructor',
  '{topic}',
]

test('names of any characters are found by their path, and come back as sent', async () => {
  const server = await startViewServer()
  for (const [index, name] of NAMES.entries()) {
    const topics = { [name]: {}, other: {} }
    // A computed __proto__ is a member as any other.
    await plantBroker(server.client, { name, address: `127.0.0.1:${index + 1}` }, topics)
    await server.client.request(putKVConfig('names', name, name))
  }
  const sorted = [...NAMES].sort()
  expect((await ask(server, 'topics')).body.topics).toEqual([...NAMES, 'other'].sort())
  expect(
    (await ask(server, 'brokers')).body.brokers.map((each: { brokerName: string }) => each.brokerName),
  ).toEqual(sorted)
  expect((await ask(server, 'kv?namespace=names')).body.matching).toBe(NAMES.length)
  for (const [index, name] of NAMES.entries()) {
    const encoded = encodeURIComponent(name)
    expect((await ask(server, `topics/${encoded}`)).body).toMatchObject({
      topic: name,
      brokers: [{ brokerName: name }],
    })
    expect((await ask(server, `topics/${encoded}/route`)).body).toMatchObject({ topic: name, code: 0 })
    expect((await ask(server, `brokers/${encoded}`)).body.members).toMatchObject([
      { address: `127.0.0.1:${index + 1}` },
    ])
    const { body } = await ask(server, `topics?prefix=${encoded}&limit=1`)
    expect(body.topics).toEqual([name])
    const overRemoting = await server.client.request({
      code: 1450,
      extFields: { path: `/api/v1/topics/${encoded}` },
    })
    expect(JSON.parse(overRemoting.body.toString()).topic).toBe(name)
  }
  const pages: string[] = []
  for (let next: string | null = ''; next !== null; ) {
    const { body } = await ask(server, `topics?limit=3&after=${encodeURIComponent(next)}`)
    pages.push(...body.topics)
    next = body.next
  }
  expect(pages).toEqual([...NAMES, 'other'].sort())
})
