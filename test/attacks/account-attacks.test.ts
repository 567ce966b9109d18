import { beforeEach, describe, expect, test, vi } from 'vitest'
import { nodeCrypto } from '../../src/common/node-modules.ts'
import { headerOf, type Request } from '../support/raw-client.ts'
import { lookup } from '../support/requests.ts'
import { codeOf, HONEST_RULES, HONEST_TOPIC, signed, startAttackedServer } from './attacked-server.ts'

/** What HMACs were computed over: the length of each part, in order. */
const hashed: number[][] = []

const { createHmac } = nodeCrypto()

const ACCESS_FILE = `
profile: strict
accounts:
  - { accessKey: one-secret, secretKey: "secret-a", roles: [client] }
  - { accessKey: two-secret, secretKey: "secret-b", previousSecretKey: "secret-c", roles: [client] }
  - { accessKey: elsewhere1, secretKey: "secret-d", roles: [client], from: [10.9.0.0/28] }
  - { accessKey: operator-1, secretKey: "secret-e", admin: true }
rules:${HONEST_RULES}
  - { allow: [lookup], who: { role: client } }
  - { allow: [admin, lookup], who: { role: admin } }
`

beforeEach(() => {
  hashed.length = 0
  vi.spyOn(nodeCrypto(), 'createHmac').mockImplementation((algorithm, key) => {
    const hmac = createHmac(algorithm, key)
    const lengths: number[] = []
    hashed.push(lengths)
    const update = hmac.update.bind(hmac) as (part: string | Buffer) => typeof hmac
    return Object.assign(hmac, {
      update: (part: string | Buffer) => {
        lengths.push(part.length)
        return update(part)
      },
    })
  })
})

describe('To a guess at the name of an account, the server responds after the same work and in the same words as to a wrong secret', () => {
  test.each<[string, Request]>([
    ['of a lookup', lookup(HONEST_TOPIC)],
    [
      'of a lookup with fields that some clients do not sign',
      { code: 105, extFields: { topic: HONEST_TOPIC, __ZONE_NAME: 'z', SecurityToken: 't' } },
    ],
    ['with a large body', { code: 217, extFields: { topic: 'T' }, body: 'x'.repeat(1_000_000) }],
  ])('%s', async (_, request) => {
    const { attack, attacker } = await startAttackedServer({ accessFile: ACCESS_FILE })
    const seen: unknown[] = []
    await attack(async () => {
      for (const accessKey of ['not-there1', 'one-secret', 'two-secret', 'elsewhere1']) {
        const guess = signed(accessKey, 'a-guess', request)
        hashed.length = 0
        const { code, remark } = headerOf(await attacker.request(guess))
        seen.push({ code, remark, hashed: [...hashed] })
      }
    })
    expect(seen[0]).toMatchObject({ code: 16 })
    expect((seen[0] as { hashed: unknown[] }).hashed.length).toBeGreaterThan(1)
    expect(seen).toEqual([seen[0], seen[0], seen[0], seen[0]])
  })
})

describe('A signed request that was overheard', () => {
  const DELETE: Request = { code: 216, extFields: { topic: HONEST_TOPIC } }

  test('is accepted again, but a lookup is not accepted as the deletion of its topic, unless the account is an admin', async () => {
    const { attack, attacker, connectFrom } = await startAttackedServer({ accessFile: ACCESS_FILE })
    const overheard = signed('one-secret', 'secret-a', lookup(HONEST_TOPIC))
    await attack(async () => {
      for (let i = 0; i < 3; i++) expect(await codeOf(attacker, overheard)).toBe(0)
      expect(await codeOf(attacker, { ...overheard, code: DELETE.code })).toBe(16)
      expect(await codeOf(attacker, { ...overheard, code: 206 })).toBe(16)
    })
    const ofAdmin = signed('operator-1', 'secret-e', lookup(HONEST_TOPIC))
    expect(await codeOf(attacker, { ...ofAdmin, code: DELETE.code })).toBe(0)
    expect(await codeOf(await connectFrom('10.0.0.8'), lookup(HONEST_TOPIC))).toBe(17)
  })

  test('counts with fields that are cut otherwise or have other names, for those signatures do not tell apart', async () => {
    const { attack, attacker } = await startAttackedServer({ accessFile: ACCESS_FILE })
    const request = signed('one-secret', 'secret-a', lookup(HONEST_TOPIC))
    const { AccessKey = '', Signature = '' } = request.extFields ?? {}
    await attack(async () => {
      const cut = { AccessKey, Signature, a: HONEST_TOPIC.slice(0, 6), topic: HONEST_TOPIC.slice(6) }
      expect(await codeOf(attacker, { code: 105, extFields: cut })).toBe(17)
      // What it may do is what its account may.
      expect(await codeOf(attacker, { code: 216, extFields: cut })).toBe(16)
    })
  })
})

describe('A signature that was verified without the fields that some clients do not sign', () => {
  test.each([['SecurityToken'], ['__ZONE_NAME'], ['__ZONE_MODE']])(
    'does not count for the value of %s in another field',
    async (unsigned) => {
      const { attack, attacker, connectFrom } = await startAttackedServer({ accessFile: ACCESS_FILE })
      const overheard = signed('operator-1', 'secret-e', { code: 105, extFields: { topic: 'X' } })
      const { AccessKey = '', Signature = '' } = overheard.extFields ?? {}
      const forged: Request = {
        code: 216,
        extFields: { AccessKey, Signature, topic: HONEST_TOPIC, zzz: 'X' },
      }
      const withToken = { ...overheard, extFields: { ...overheard.extFields, [unsigned]: HONEST_TOPIC } }
      await attack(async () => {
        expect(await codeOf(attacker, forged)).toBe(16)
        for (let i = 0; i < 2; i++) expect(await codeOf(attacker, withToken)).toBe(0)
        expect(await codeOf(attacker, forged)).toBe(16)
      })
      expect(await codeOf(await connectFrom('10.0.0.8'), lookup(HONEST_TOPIC))).toBe(0)
    },
  )
})

describe('A flood of wrong signatures over large bodies', () => {
  test('is hashed no further than the rate of its address allows: each 64 KiB count as a signature', async () => {
    const accessFile = `${ACCESS_FILE}rates: [{ per: address, failures: 100/min }]\n`
    const { attack, attacker } = await startAttackedServer({ accessFile })
    const request: Request = { code: 103, extFields: {}, body: 'x'.repeat(2_000_000) }
    const codes: number[] = []
    await attack(async () => {
      for (let i = 0; i < 10; i++)
        codes.push(await codeOf(attacker, signed('one-secret', `guess-${i}`, request)))
    })
    expect(codes).toEqual([16, 16, 16, 16, 2, 2, 2, 2, 2, 2])
    const bytes = hashed.flat().reduce((sum, length) => sum + length, 0)
    expect(bytes).toBeLessThan(20 * 2_100_000)
  })
})
