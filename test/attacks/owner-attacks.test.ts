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
