import { describe, expect, test } from 'vitest'
import { type FakePeer, startFakePeer } from '../support/fake-peer.ts'
import type { RawClient, Request } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { until } from '../support/until.ts'
import { codeOf, HONEST_TOPIC, signed, startAttackedServer } from './attacked-server.ts'

/** The account that signs notifications is an admin, which it should not be. */
const OPTIONS = {
  accessFile: `
profile: guarded
accounts:
  - { accessKey: name-server, secretKey: "secret-n", admin: true }
  - { accessKey: brokers-1, secretKey: "secret-b" }
`,
  properties: { notifyMinBrokerIdChanged: 'true', notifyAccessKey: 'name-server' },
}

/** Registers a slave that listens, then its master: the server notifies the slave, with a field that the master chose. */
async function notified(sender: RawClient, sign: (request: Request) => Request) {
  const slave = await startFakePeer()
  const register = async ({ address }: Pick<FakePeer, 'address'>, id: number): Promise<void> => {
    const { extFields, ...request } = registration({ name: 'own', id, address })
    const chosen = { ...extFields, enableActingMaster: 'true', haServerAddr: HONEST_TOPIC }
    expect(await codeOf(sender, sign({ ...request, extFields: chosen }))).toBe(0)
  }
  await register(slave, 1)
  await register(await startFakePeer(), 0)
  await until('the slave is notified', () => slave.received.length > 0)
  return slave.received[0]?.header.extFields ?? {}
}

describe('The signature of a notification', () => {
  test('is not sent to brokers without a proven identity', async () => {
    const { attack, attacker } = await startAttackedServer(OPTIONS)
    await attack(async () => {
      const fields = await notified(attacker, (request) => request)
      expect(fields).toMatchObject({ minBrokerId: '0', haBrokerAddr: HONEST_TOPIC })
      expect(fields).not.toHaveProperty('Signature')
    })
  })

  test('is not sent if a stranger has joined the group', async () => {
    const { attack, attacker } = await startAttackedServer(OPTIONS)
    let requests = 0
    await attack(async () => {
      const fields = await notified(attacker, (request) =>
        requests++ === 0 ? signed('brokers-1', 'secret-b', request) : request,
      )
      expect(fields).not.toHaveProperty('Signature')
    })
  })

  test('proves nothing when a broker sends it back with other names of fields', async () => {
    const { attack, attacker, connectFrom, lines } = await startAttackedServer(OPTIONS)
    await attack(async () => {
      const fields = await notified(attacker, (request) => signed('brokers-1', 'secret-b', request))
      const { AccessKey = '', Signature = '', haBrokerAddr = '', minBrokerAddr, minBrokerId } = fields
      expect([AccessKey, haBrokerAddr]).toEqual(['name-server', HONEST_TOPIC])
      const forged = { AccessKey, Signature, topic: haBrokerAddr, zzz: `${minBrokerAddr}${minBrokerId}` }
      expect(await codeOf(attacker, { code: 216, extFields: forged })).toBe(16)
    })
    expect(await codeOf(await connectFrom('10.0.0.8'), lookup(HONEST_TOPIC))).toBe(0)
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', warning: expect.stringContaining('name-server') }),
    )
  })
})
