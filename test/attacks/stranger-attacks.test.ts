import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { headerOf, type Request, requestFrame } from '../support/raw-client.ts'
import { getKVConfig, lookup, putKVConfig } from '../support/requests.ts'
import { ATTACKER_HOST, codeOf, HONEST_RULES, HONEST_TOPIC, startAttackedServer } from './attacked-server.ts'

const ORDER = 'ORDER_TOPIC_CONFIG'
const BROKER = {
  ...{
    brokerName: 'honest-broker',
    clusterName: 'DefaultCluster',
    brokerAddr: '10.0.0.5:10911',
    brokerId: '0',
  },
  haServerAddr: `${ATTACKER_HOST}:10912`,
}
const queues = { brokerName: 'honest-broker', perm: 0, readQueueNums: 2147483647, writeQueueNums: 2147483647 }

/** What each attack is, and what it would change if it was carried out. */
const CHANGES: readonly [string, Request][] = [
  ['deletes a topic (216)', { code: 216, extFields: { topic: HONEST_TOPIC } }],
  ['wipes write permission (205)', { code: 205, extFields: { brokerName: 'honest-broker' } }],
  ['restores write permission that was wiped (327)', { code: 327, extFields: { brokerName: 'wiped' } }],
  ['poisons the order configuration (100)', putKVConfig(ORDER, HONEST_TOPIC, 'honest-broker:2000000000')],
  ['deletes an order configuration (102)', { code: 102, extFields: { namespace: ORDER, key: 'Ordered' } }],
]

describe('With the profile guarded, a stranger that', () => {
  test.each(CHANGES)('%s is rejected, and changes nothing', async (_, request) => {
    const { attack, attacker, connect } = await startAttackedServer({
      properties: { accessProfile: 'guarded' },
    })
    const operator = await connect()
    expect(await codeOf(operator, putKVConfig(ORDER, 'Ordered', 'honest-broker:4'))).toBe(0)
    const state = async (): Promise<string> => {
      const responses = [106, 206].map((code) => operator.request({ code }))
      const order = operator.request({ code: 219, extFields: { namespace: ORDER } })
      return (await Promise.all([...responses, order])).map(({ body }) => `${body}`).join('\n')
    }
    const before = await state()
    await attack(async () => {
      expect(await codeOf(attacker, request)).toBe(16)
      attacker.send(requestFrame({ ...request, flag: 2 }))
      expect(await codeOf(attacker, getKVConfig(ORDER, 'Ordered'))).toBe(0)
    })
    expect(await state()).toBe(before)
    // The same request does change something where it is allowed.
    expect(await codeOf(operator, request)).toBe(0)
  })
})

describe('With the profile strict, a stranger', () => {
  const codes = Object.entries(RequestCode).map(([name, code]) => [code, name] as const)

  test.each(codes)('is rejected with request %i (%s), and learns no name', async (code) => {
    const { attack, attacker } = await startAttackedServer({
      accessFile: `profile: strict\nrules:${HONEST_RULES}\n`,
    })
    const extFields = {
      ...BROKER,
      topic: HONEST_TOPIC,
      namespace: ORDER,
      key: 'k',
      value: 'v',
      cluster: 'DefaultCluster',
    }
    const request = { code, extFields, body: JSON.stringify({ queueDatas: [queues] }) }
    await attack(async () => {
      const response = await attacker.request(request)
      const { remark } = headerOf(response)
      expect(headerOf(response)).toMatchObject({ code: 16 })
      expect(remark).toMatch(
        /^username cannot be null\. \(request \d+ is in group "\w+", rejected by profile strict;/,
      )
      expect(response.body).toHaveLength(0)
      for (const secret of ['honest', HONEST_TOPIC, 'DefaultCluster', '10.0.0'])
        expect(`${response.header}`).not.toContain(secret)
    })
  })

  test('is answered alike for a topic that is there and one that is not', async () => {
    const { attack, attacker } = await startAttackedServer({
      accessFile: `profile: strict\nrules:${HONEST_RULES}\n`,
    })
    await attack(async () => {
      const [there, not] = [
        await attacker.request(lookup(HONEST_TOPIC)),
        await attacker.request(lookup('none')),
      ]
      expect(there).toEqual(not)
    })
  })
})
