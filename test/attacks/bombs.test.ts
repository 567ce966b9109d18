import { writeFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { frame, headerOf, type Request, requestFrame } from '../support/raw-client.ts'
import { lookup, registration, registrationBody } from '../support/requests.ts'
import { ATTACKER_HOST, codeOf, HONEST_RULES, startAttackedServer } from './attacked-server.ts'

const MIB = 1024 * 1024
const OWN = registration({ name: 'fake', address: `${ATTACKER_HOST}:1` })
const FIELDS = { ...OWN.extFields, haServerAddr: `${ATTACKER_HOST}:2` }
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const digits = (count: number): string => '9'.repeat(count)

function body(text: string | Buffer): Request {
  return { ...OWN, extFields: FIELDS, body: text }
}

function compressed(content: Buffer): Request {
  return { ...OWN, extFields: { ...FIELDS, compressed: 'true' }, body: deflateSync(content) }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const topics = registrationBody()
const entry =
  '"TopicA":{"topicName":"TopicA","perm":6,"readQueueNums":4,"writeQueueNums":4,"topicSysFlag":0},'

/** Requests that are small for what a careless reader makes of them, and the codes of their responses; the connection stays. */
const BODIES: readonly [string, Request, number][] = [
  ['a body nested a million levels deep', body(topics.replace('{', `{"x":${nested(1_000_000)},`)), 1],
  ['a body of a million opening brackets', body('['.repeat(1_000_000)), 1],
  [
    'a number of a million digits where one is read',
    body(topics.replace('"counter":1', `"counter":${digits(1_000_000)}`)),
    1,
  ],
  [
    'a number of a million digits where none is read',
    body(topics.replace('{', `{"x":${digits(1_000_000)},`)),
    0,
  ],
  [
    'an exponent of a million digits',
    body(topics.replace('"counter":1', `"counter":1e${digits(1_000_000)}`)),
    1,
  ],
  ['a million escapes', body(topics.replace('{', `{"${'\\u0041'.repeat(1_000_000)}":1,`)), 0],
  [
    'one topic thirty thousand times',
    body(topics.replace('"topicConfigTable":{', `$&${entry.repeat(30_000)}`)),
    0,
  ],
  ['a topic (217) nested too deeply', { code: 217, extFields: { topic: 'T' }, body: nested(100_000) }, 1],
  ['a version query (322) nested too deeply', { code: 322, extFields: FIELDS, body: nested(100_000) }, 1],
  ['zeros that inflate to 80 MiB', compressed(Buffer.alloc(80 * MIB)), 1],
  [
    'a compressed text of two gigabytes, as it says',
    compressed(Buffer.concat([int32(0x7fffffff), Buffer.alloc(100)])),
    1,
  ],
  [
    'two billion compressed topics, as it says',
    compressed(Buffer.concat([int32(2), Buffer.from('{}'), int32(0x7fffffff)])),
    1,
  ],
  ['a compression of a compression', compressed(deflateSync(Buffer.alloc(MIB))), 1],
  [
    'ten thousand fields',
    { code: 105, extFields: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, ''])) },
    17,
  ],
  ['a topic of 200,000 letters', lookup('x'.repeat(200_000)), 17],
]

/** Frames after which the server closes the connection. */
const FRAMES: readonly [string, Buffer][] = [
  ['a header nested a hundred thousand levels deep', frame(`{"code":105,"x":${nested(100_000)}}`)],
  ['a header with a code of 200,000 digits', frame(`{"code":${digits(200_000)}}`)],
  ['a header of a megabyte', frame(`{"code":105,"x":"${'x'.repeat(MIB)}"}`)],
  ['a frame of two gigabytes', int32(0x7fffffff)],
  ['a frame of a negative length', int32(-1)],
  ['a header longer than its frame', Buffer.concat([int32(100), int32(0xffffff), Buffer.alloc(96)])],
  ['binary fields of two gigabytes', frame(Buffer.concat([Buffer.alloc(17), int32(0x7fffffff)]), '', 1)],
]

describe('A client is served beside peers that send', () => {
  test.each(BODIES)('%s', async (_, request, code) => {
    const { attack, attacker, connectFrom } = await startAttackedServer()
    const bytes = requestFrame(request)
    await attack(async () => {
      const peers = [
        attacker,
        ...(await Promise.all([67, 68].map((host) => connectFrom(`203.0.113.${host}`)))),
      ]
      for (const peer of peers) peer.send(bytes)
      for (const peer of peers) expect([code, 2, 16]).toContain(headerOf(await peer.next()).code)
      expect(await codeOf(attacker, request)).toBe(code)
    })
  })

  test.each(FRAMES)('%s, which closes their connection', async (_, bytes) => {
    const { attack, connectFrom, controller } = await startAttackedServer()
    await attack(async () => {
      const peers = await Promise.all(Array.from({ length: 20 }, () => connectFrom(ATTACKER_HOST)))
      for (const peer of peers) peer.send(bytes)
      for (const peer of peers) await peer.closed
      expect(peers.flatMap(({ answers }) => answers)).toEqual([])
    })
    expect(controller.counters.queuedRequestBytes).toBe(0)
  })
})

test('A client is served, by the policy in effect, beside an access file that became a YAML bomb', async () => {
  const accessFile = `profile: strict\nrules:${HONEST_RULES}\n`
  const { accessPath, attack, attacker, lines, time } = await startAttackedServer({ accessFile })
  const laughs = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]`)
  const bombs = [
    `a0: &a0 lol\n${laughs.join('\n')}\n`,
    `profile: ${'['.repeat(500_000)}`,
    `<<: &a { <<: *a }\n`,
    `profile: open\n#${'x'.repeat(2 * MIB)}`,
  ]
  await attack(async () => {
    for (const bomb of bombs) {
      writeFileSync(accessPath, bomb)
      for (let second = 0; second < 5; second++) {
        time.advance(1_000)
        expect(await codeOf(attacker, lookup('none'))).toBe(16)
      }
    }
    const rejected = lines.filter(({ msg }) => msg.startsWith('access file cannot be used'))
    expect(rejected).toHaveLength(bombs.length)
    lines.length = 0
  })
})
