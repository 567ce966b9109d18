import { describe, expect, test } from 'vitest'
import { frame, headerOf, type RawClient, type Request } from '../support/raw-client.ts'
import { getKVConfig, lookup, putKVConfig, registration, registrationBody } from '../support/requests.ts'
import { codeOf, HONEST_RULES, HONEST_TOPIC, startAttackedServer } from './attacked-server.ts'

const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']

describe('Names of the members that every JavaScript object inherits', () => {
  test.each(PROTOTYPE_NAMES)(
    'are names as any other for brokers, topics, fields and entries: %s',
    async (name) => {
      const { attack, attacker, connect } = await startAttackedServer({
        properties: { accessProfile: 'open' },
      })
      const before = Object.getOwnPropertyNames(Object.prototype)
      await attack(async () => {
        expect(await codeOf(attacker, lookup(name))).toBe(17)
        expect(await codeOf(attacker, getKVConfig(name, name))).toBe(22)
        const { extFields } = registration({ name, address: '203.0.113.66:1', topics: [name, 'T'] })
        const named = { ...extFields, clusterName: name, haServerAddr: '203.0.113.66:2' }
        expect(await codeOf(attacker, { ...registration(), extFields: named, body: bodyOf(name) })).toBe(0)
        expect(await codeOf(attacker, putKVConfig(name, name, name))).toBe(0)
        expect(await codeOf(attacker, { code: 205, extFields: { brokerName: name } })).toBe(0)
        expect(
          await codeOf(attacker, { code: 901, extFields: { brokerName: name, clusterName: name } }),
        ).toBe(0)
        // Members of headers and bodies that a recursive copy would put into the prototype.
        const polluted = `"${name}":{"polluted":true,"isAllowed":true,"admin":true}`
        attacker.send(
          frame(`{"code":105,${polluted},"extFields":{"topic":"none",${polluted.replace(/{.*}/, '"x"')}}}`),
        )
        expect(headerOf(await attacker.next()).code).toBe(17)
        const body = registrationBody(['T1', 'T2']).replace('{', `{${polluted},`)
        expect(await codeOf(attacker, { ...registration(), extFields: named, body })).toBe(0)
        expect(await codeOf(attacker, { code: 1450, extFields: { path: `/api/v1/${name}?${name}=1` } })).toBe(
          22,
        )
      })
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
      for (const member of ['polluted', 'isAllowed', 'admin']) expect(member in {}).toBe(false)
      const operator = await connect()
      expect(headerOf(await operator.request(getKVConfig(name, name))).extFields).toEqual({ value: name })
      expect(`${(await operator.request({ code: 106 })).body}`).toContain(`"${name}":{"brokerAddrs":{`)
    },
  )
})

/** The body of a registration, with the topic as it is: an object literal would lose `__proto__`. */
function bodyOf(topic: string): string {
  return registrationBody(['@', 'T']).replaceAll('@', topic)
}

describe('Under a policy that allows some topics, a field of a request', () => {
  const ACCESS_FILE = `
profile: strict
rules:
  - { deny: [lookup], topics: ["secret-*"] }${HONEST_RULES}
  - { allow: [lookup], topics: ["public-*"] }
`
  const json = (extFields: string): Buffer =>
    frame(`{"code":105,"extFields":{${extFields}},"flag":0,"language":"JAVA","opaque":1,"version":513}`)

  /** Ext fields of a binary header. */
  function binary(...pairs: readonly (readonly [string, string])[]): Buffer {
    const parts = pairs.flatMap(([key, value]) => {
      const lengths = [Buffer.alloc(2), Buffer.alloc(4)] as const
      lengths[0].writeInt16BE(key.length)
      lengths[1].writeInt32BE(value.length)
      return [lengths[0], Buffer.from(key), lengths[1], Buffer.from(value)]
    })
    const fields = Buffer.concat(parts)
    const header = Buffer.alloc(21)
    header.writeInt16BE(105, 0)
    header.writeInt32BE(fields.length, 17)
    return frame(Buffer.concat([header, fields]), '', 1)
  }

  async function codesOf(attacker: RawClient, frames: readonly Buffer[]): Promise<number[]> {
    const codes: number[] = []
    for (const bytes of frames) {
      attacker.send(bytes)
      codes.push(headerOf(await attacker.next()).code)
    }
    return codes
  }

  test('that is there twice counts with its last value for the policy and the response alike, however it is written', async () => {
    const { attack, attacker, connectFrom } = await startAttackedServer({ accessFile: ACCESS_FILE })
    const broker = await connectFrom('10.0.0.6')
    const { extFields, ...request } = registration({
      ...{ name: 'b', address: '10.0.0.6:1', topics: ['secret-1', 'public-1'] },
    })
    const own = { ...extFields, haServerAddr: '10.0.0.6:2' }
    expect(await codeOf(broker, { ...request, extFields: own })).toBe(0)
    await attack(async () => {
      expect(
        await codesOf(attacker, [
          json('"topic":"public-1"'),
          json('"topic":"secret-1"'),
          json('"topic":"public-1","topic":"secret-1"'),
          json('"topic":"public-1","to\\u0070ic":"secret-1"'),
          json('"topic":"public-1"},"extFields":{"topic":"secret-1"'),
          binary(['topic', 'public-1'], ['topic', 'secret-1']),
        ]),
      ).toEqual([0, 16, 16, 16, 16, 16])
      expect(
        await codesOf(attacker, [
          json('"topic":"secret-1","topic":"public-1"'),
          json('"to\\u0070ic":"secret-1","topic":"public-1"'),
          json('"topic":"secret-1"},"extFields":{"topic":"public-1"'),
          binary(['topic', 'secret-1'], ['topic', 'public-1']),
        ]),
      ).toEqual([0, 0, 0, 0])
    })
  })

  test('finds no topic if it only looks like its name, or is not there', async () => {
    const { attack, attacker } = await startAttackedServer({ accessFile: ACCESS_FILE })
    const requests: Request[] = [
      ...[HONEST_TOPIC, ` ${HONEST_TOPIC}`, HONEST_TOPIC.toUpperCase(), `public-1\0${HONEST_TOPIC}`].map(
        lookup,
      ),
      { code: 105, extFields: { Topic: HONEST_TOPIC } },
      { code: 105, extFields: { 'topic ': HONEST_TOPIC } },
      { code: 105, extFields: {} },
      { code: 105 },
    ]
    await attack(async () => {
      const codes: number[] = []
      for (const request of requests) codes.push(await codeOf(attacker, request))
      expect(codes).toEqual([16, 16, 16, 17, 17, 17, 17, 17])
    })
  })

  test('does not help a header with two codes, of which the policy and the response have the last one', async () => {
    const { attack, attacker } = await startAttackedServer({ accessFile: ACCESS_FILE })
    const codes = '"code":105,"code":216,"flag":0,"opaque":1'
    await attack(async () => {
      attacker.send(frame(`{${codes},"extFields":{"topic":"public-1"}}`))
      expect(headerOf(await attacker.next()).code).toBe(16)
    })
  })
})
