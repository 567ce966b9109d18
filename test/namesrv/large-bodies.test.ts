import { describe, expect, test } from 'vitest'
import { headerOf, type RawClient } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'

const MIB = 1024 * 1024
const VERSION = '{"counter":9007199254740993,"stateVersion":0,"timestamp":1700000000000}'

/** The body of a registration with this many topics, each padded by an unknown field. */
function bodyOf(topics: number, letters = 0): string {
  const entries = Array.from({ length: topics }, (_, index) => {
    const topicName = nameOf(index)
    const unused = letters === 0 ? '' : `,"unused":"${'x'.repeat(letters)}"`
    return `"${topicName}":{"perm":6,"readQueueNums":8,"topicName":"${topicName}","writeQueueNums":8${unused}}`
  })
  return `{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":${VERSION},"topicConfigTable":{${entries}}}}`
}

function nameOf(index: number): string {
  return `topic-${String(index).padStart(6, '0')}`
}

async function register(client: RawClient, body: string): Promise<{ readonly code: number }> {
  const { code } = headerOf(await client.request({ ...registration(), body }))
  return { code }
}

async function topicsOf(client: RawClient): Promise<string[]> {
  const { body } = await client.request({ code: 206 })
  return (JSON.parse(`${body}`) as { topicList: string[] }).topicList
}

describe('a registration', () => {
  test('of 100,000 topics is accepted whole', async () => {
    const client = await (await startServer()).connect()
    expect(await register(client, bodyOf(100_000))).toEqual({ code: 0 })
    expect((await topicsOf(client)).sort()).toEqual(
      Array.from({ length: 100_000 }, (_, index) => nameOf(index)),
    )
    for (const index of [0, 50_000, 99_999]) {
      expect(headerOf(await client.request(lookup(nameOf(index)))).code).toBe(0)
    }
    expect(headerOf(await client.request(lookup(nameOf(100_000)))).code).toBe(17)
    const { extFields } = registration()
    // Without the broker's own topic, it is known to be complete once it is repeated.
    expect(await register(client, bodyOf(100_000))).toEqual({ code: 0 })
    const answer = await client.request({ code: 322, ...(extFields && { extFields }), body: VERSION })
    expect(headerOf(answer).extFields).toEqual({ changed: 'false' })
    expect(`${answer.body}`).toBe(VERSION)
  })

  test('of 60,000 topics is accepted up to the frame limit, and beyond it with a larger limit', async () => {
    const body = bodyOf(60_000, 165)
    expect(body.length).toBeGreaterThan(15 * MIB)
    expect(body.length).toBeLessThan(16 * MIB)
    const client = await (await startServer()).connect()
    expect(await register(client, body)).toEqual({ code: 0 })

    const longer = bodyOf(60_000, 300)
    expect(longer.length).toBeGreaterThan(20 * MIB)
    const larger = await startServer({ 'com.rocketmq.remoting.frameMaxLength': `${32 * MIB}` })
    const patient = await larger.connect()
    expect(await register(patient, longer)).toEqual({ code: 0 })
    expect(await topicsOf(patient)).toHaveLength(60_000)
  })

  test('is compared with the last one of its own broker, not of another', async () => {
    const { connect, time } = await startServer()
    // A registration at the very time of its data version is not kept.
    time.advance(1)
    const client = await connect()
    const registrations = ['a', 'b'].map((name) => ({
      ...registration({ name: `broker-${name}`, address: `10.0.0.1:${name.charCodeAt(0)}` }),
      // Equal in length, and different everywhere.
      body: bodyOf(5_000).replaceAll('topic-', `${name}-pic-`),
    }))
    for (let round = 0; round < 3; round++) {
      for (const request of registrations) expect(headerOf(await client.request(request)).code).toBe(0)
    }
    // A wrong comparison would take this registration for a repetition.
    const [first] = registrations
    const changed = { ...first, body: bodyOf(5_000).replaceAll('topic-', 'c-pic-') }
    expect(headerOf(await client.request({ code: 103, ...changed })).code).toBe(0)
    const topics = new Set(await topicsOf(client))
    for (const name of ['a', 'b', 'c']) {
      for (const index of [0, 2_500, 4_999]) {
        expect(topics).toContain(nameOf(index).replace('topic-', `${name}-pic-`))
      }
    }
    expect(topics.size).toBe(15_000)
  })

  test('is read in turns with other connections while they have traffic', async () => {
    const { connect, time } = await startServer()
    const [broker, client] = [await connect(), await connect()]
    expect(await register(broker, bodyOf(20_000))).toEqual({ code: 0 })
    expect(time.mostDeferredMs).toBe(0)
    await client.request(lookup('topic'))
    expect(await register(broker, bodyOf(20_000))).toEqual({ code: 0 })
    expect(time.mostDeferredMs).toBeGreaterThan(1)
  })

  test('that is longer than the frame limit closes its connection, with a log line that names the key to change', async () => {
    const { connect, lines } = await startServer()
    const client = await connect()
    const { extFields } = registration()
    const header = JSON.stringify({
      code: 103,
      extFields,
      flag: 0,
      language: 'JAVA',
      opaque: 1,
      version: 513,
    })
    const words = Buffer.alloc(8)
    words.writeInt32BE(4 + header.length + 20 * MIB)
    words.writeInt32BE(header.length, 4)
    client.send(words)
    await client.closed
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        peer: client.address,
        code: 'ERR_FRAME_TOO_LONG',
        reason:
          `frame of ${8 + header.length + 20 * MIB} bytes exceeds ` +
          'com.rocketmq.remoting.frameMaxLength (16777216)',
        msg: 'connection closed: invalid frame',
      },
    ])
  })
})

describe('names of topics', () => {
  const ALLOWED = '%-|_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

  test.each([ALLOWED, `%RETRY%${'g'.repeat(248)}`, '主题', 'é😀', 'a"b\\c', '\u007f\u0085\u2028'])(
    '%j are returned unchanged',
    async (topic) => {
      const client = await (await startServer()).connect()
      await client.request(registration({ topics: [topic, 'another'] }))
      expect(await topicsOf(client)).toEqual([topic, 'another'])
      expect(headerOf(await client.request(lookup(topic))).code).toBe(0)
    },
  )
})
