import { describe, expect, test } from 'vitest'
import type { Request } from '../support/raw-client.ts'
import { lookup, registration, type TestBroker } from '../support/requests.ts'
import { ATTACKER_HOST, codeOf, HONEST_TOPIC, signed, startAttackedServer } from './attacked-server.ts'

const GUARDED = `
profile: guarded
accounts:
  - { accessKey: brokers, secretKey: "broker-secret", roles: [broker] }
guard: { takeOver: refuse }
`

/** The registration of a broker-b at a host, with a slave's id unless it says otherwise. */
function brokerAt(host: string, broker: TestBroker = {}): Request {
  const { extFields, body } = registration({ name: 'broker-b', address: `${host}:10911`, ...broker })
  return { code: 103, extFields: { ...extFields, haServerAddr: `${host}:10912` }, ...(body && { body }) }
}

function heartbeatOf({ extFields }: Request): Request {
  return { code: 904, ...(extFields && { extFields }) }
}

function byBroker(request: Request): Request {
  return signed('brokers', 'broker-secret', request)
}

describe('A stranger that registers a broker first', () => {
  test('loses it to a broker that signs with an account of the role broker', async () => {
    const { attack, attacker, connectFrom } = await startAttackedServer({ accessFile: GUARDED })
    const strangers = brokerAt(ATTACKER_HOST)
    const own = byBroker(brokerAt('10.0.0.20'))
    await attack(async () => {
      expect(await codeOf(attacker, strangers)).toBe(0)
      const broker = await connectFrom('10.0.0.20')
      expect(await codeOf(broker, own)).toBe(0)
      expect(await codeOf(attacker, strangers)).toBe(16)
      expect(await codeOf(broker, byBroker(heartbeatOf(own)))).toBe(0)
    })
  })

  test('keeps it from a broker that signs with an account of another role', async () => {
    const accessFile = GUARDED.replace('[broker]', '[client]')
    const { attack, attacker, connectFrom } = await startAttackedServer({ accessFile })
    await attack(async () => {
      expect(await codeOf(attacker, brokerAt(ATTACKER_HOST))).toBe(0)
      expect(await codeOf(await connectFrom('10.0.0.20'), byBroker(brokerAt('10.0.0.20')))).toBe(16)
    })
  })
})

describe('A flood of wrong signatures from the address of an honest broker', () => {
  test('does not make an address the owner of a broker that signs', async () => {
    const accessFile = `${GUARDED}rates: [{ per: address, failures: 5/h }]\n`
    const { attack, connectFrom } = await startAttackedServer({ accessFile })
    const broker = await connectFrom('10.0.0.20')
    expect(await codeOf(broker, byBroker(brokerAt('10.0.0.20')))).toBe(0)
    await attack(async () => {
      const neighbour = await connectFrom('10.0.0.20')
      for (let i = 0; i < 6; i++)
        await codeOf(neighbour, signed('brokers', `guess-${i}`, brokerAt('10.0.0.30', { name: 'other' })))
      expect(await codeOf(broker, byBroker(brokerAt('10.0.0.20')))).toBe(2)
      // The account still owns the broker, and may continue it elsewhere.
      expect(await codeOf(await connectFrom('10.0.0.21'), byBroker(brokerAt('10.0.0.21')))).toBe(0)
    })
  })
})

describe('Clients that sign with an account of the brokers', () => {
  test('do not use up the failures of their address where they may ask anyway', async () => {
    const accessFile = `${GUARDED.replace('guarded', 'strict')}rates: [{ per: address, failures: 5/h }]
rules:
  - { allow: [admin], from: [loopback] }
  - { allow: [lookup, register], from: [10.0.0.0/8] }
`
    const { attack, connectFrom } = await startAttackedServer({ accessFile })
    const neighbour = await connectFrom('10.0.0.20')
    await attack(async () => {
      for (let i = 0; i < 10; i++)
        expect(await codeOf(neighbour, signed('of-brokers', 'any', lookup(HONEST_TOPIC)))).toBe(0)
      const large = brokerAt('10.0.0.20', { name: 'large', address: '10.0.0.20:10921' })
      for (let i = 0; i < 4; i++) {
        const body = `${' '.repeat(800_000)}${large.body}`
        expect(await codeOf(neighbour, signed('of-brokers', 'any', { ...large, body }))).toBe(0)
      }
      expect(await codeOf(neighbour, byBroker(brokerAt('10.0.0.20')))).toBe(0)
      expect(await codeOf(await connectFrom('10.0.0.21'), byBroker(brokerAt('10.0.0.21')))).toBe(0)
      // Where they may not, each counts.
      const codes: number[] = []
      for (let i = 0; i < 7; i++)
        codes.push(await codeOf(neighbour, signed('of-brokers', 'any', { code: 206 })))
      expect(codes).toEqual([16, 16, 16, 16, 16, 2, 2])
    })
  })
})

describe('A stranger that splits the queues of a topic between many brokers', () => {
  const withQueues = (request: Request, queues: number): Request => ({
    ...request,
    body: `${request.body}`.replaceAll(/"(read|write)QueueNums":4/g, `"$1QueueNums":${queues}`),
  })
  const onBrokers = (queues: number, ...names: string[]): Request => ({
    code: 217,
    extFields: { topic: HONEST_TOPIC },
    body: JSON.stringify({
      queueDatas: names.map((brokerName) => ({
        ...{ brokerName, readQueueNums: queues, writeQueueNums: queues, perm: 6, topicSysFlag: 0 },
      })),
    }),
  })

  test('gets no more of them with refuse than one broker may have, and honest brokers as many as before', async () => {
    const { attacker, connectFrom } = await startAttackedServer({
      properties: { registrationGuard: 'refuse' },
    })
    const register = (name: string, port: number, queues: number): Promise<number> => {
      const broker = { name, address: `${ATTACKER_HOST}:${port}`, topics: [HONEST_TOPIC, 'T2'] }
      return codeOf(attacker, withQueues(brokerAt(ATTACKER_HOST, broker), queues))
    }
    expect(await register('evil-1', 1, 65_436)).toBe(0)
    expect(await register('evil-2', 2, 101)).toBe(16)
    expect(await register('evil-2', 2, 100)).toBe(0)
    expect(await register('evil-3', 3, 65)).toBe(16)
    // Few are limited by the number of brokers.
    expect(await register('evil-3', 3, 64)).toBe(0)
    expect(await codeOf(attacker, onBrokers(101, 'evil-2'))).toBe(16)
    expect(await codeOf(attacker, onBrokers(33, 'evil-2', 'evil-3'))).toBe(0)
    expect(await codeOf(attacker, onBrokers(40_000, 'evil-2', 'evil-3'))).toBe(16)

    const honest = await connectFrom('10.0.0.20')
    const topics = [HONEST_TOPIC, 'T2']
    expect(await codeOf(honest, withQueues(brokerAt('10.0.0.20', { topics }), 65_536))).toBe(0)
  })

  test('cannot give them to names without a broker instead', async () => {
    const { attacker } = await startAttackedServer({ properties: { registrationGuard: 'refuse' } })
    for (const [at, code] of [0, 16].entries()) {
      const name = `none-${at}`
      const early = brokerAt(ATTACKER_HOST, { name, topics: ['T9'] })
      expect(await codeOf(attacker, early)).toBe(1)
      expect(await codeOf(attacker, onBrokers(65_536, name))).toBe(code)
    }
  })
})

describe('In the mode audit', () => {
  test('the guard carries out what it would reject, and reports it', async () => {
    const accessFile = GUARDED.replace('profile', 'mode: audit\nprofile')
    const { attack, connectFrom, lines } = await startAttackedServer({ accessFile })
    await attack(async () => {
      expect(await codeOf(await connectFrom('10.0.0.20'), brokerAt('10.0.0.20'))).toBe(0)
      expect(await codeOf(await connectFrom('10.0.0.21'), brokerAt('10.0.0.21'))).toBe(0)
    })
    const disputed = lines.filter(({ msg }) => msg === 'registration disputed')
    expect(disputed).toMatchObject([{ rule: 'broker_id_taken', rejected: false }])
  })
})
