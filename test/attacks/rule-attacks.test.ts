import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { get } from '../support/http.ts'
import type { Request } from '../support/raw-client.ts'
import { lookup, registration, registrationBody, unregistration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import { codeOf, HONEST_RULES, HONEST_TOPIC, startAttackedServer } from './attacked-server.ts'

/** A server whose rules deny the attacker some names, and allow it the rest of a group. */
function serverThatDenies(group: string, names: string) {
  return startAttackedServer({
    accessFile: `profile: strict\nrules:\n  - { deny: [${group}], from: 203.0.113.0/24, ${names} }\n  - { allow: [${group}], from: 203.0.113.0/24 }${HONEST_RULES}\n`,
  })
}

describe('A rule that denies by name', () => {
  test.each([[{}], [{ clusterName: '' }], [{ clusterName: 'DefaultCluster' }]])(
    'rejects the deletion of a topic in all clusters: %j',
    async (cluster) => {
      const { attack, attacker } = await serverThatDenies('admin', 'clusters: [DefaultCluster]')
      await attack(async () => {
        expect(await codeOf(attacker, { code: 216, extFields: { topic: HONEST_TOPIC, ...cluster } })).toBe(16)
        const elsewhere = { topic: HONEST_TOPIC, clusterName: 'Other' }
        expect(await codeOf(attacker, { code: 216, extFields: elsewhere })).toBe(0)
      })
    },
  )

  test('rejects an admin request that has no such name, such as 205 by cluster', async () => {
    const { attack, attacker } = await serverThatDenies('admin', 'clusters: [DefaultCluster]')
    await attack(async () => {
      expect(await codeOf(attacker, { code: 205, extFields: { brokerName: 'honest-broker' } })).toBe(16)
    })
  })

  test('rejects a topic of a broker however long its body (217) is', async () => {
    const { attack, attacker } = await serverThatDenies('register', 'brokers: [honest-*]')
    const topicOf = (brokerName: string, spaces: number): Request => {
      const queue = { brokerName, perm: 6, readQueueNums: 1, writeQueueNums: 1, topicSysFlag: 0 }
      return {
        code: 217,
        extFields: { topic: 'Added' },
        body: JSON.stringify({ queueDatas: [queue] }) + ' '.repeat(spaces),
      }
    }
    await attack(async () => {
      const codes: number[] = []
      for (const request of [
        topicOf('honest-broker', 0),
        topicOf('honest-broker', 70_000),
        topicOf('other', 0),
      ])
        codes.push(await codeOf(attacker, request))
      expect(codes).toEqual([16, 16, 0])
    })
  })
})

describe('A sender that may register brokers of some names only', () => {
  const startLimited = (rule: string) =>
    startAttackedServer({
      accessFile: `profile: strict\nguard: { takeOver: off }\nrules:\n  - { allow: [register, lookup], from: 203.0.113.0/24, ${rule} }${HONEST_RULES}\n`,
    })
  const own = (body: object, address = '203.0.113.66:10911') => {
    const { extFields, ...request } = registration({ name: 'x1', address })
    const complete = { ...JSON.parse(registrationBody(['Own', 'Own2'])), ...body }
    return {
      ...request,
      extFields: { ...extFields, haServerAddr: '203.0.113.66:10912' },
      body: JSON.stringify(complete),
    }
  }

  test.each([904, 322])('keeps no other broker alive with a name of its own (%i)', async (code) => {
    const { attack, attacker } = await startLimited('brokers: ["x*"]')
    const { extFields = {} } = unregistration({ name: 'x1', address: '10.0.0.5:10911' })
    await attack(async () => {
      expect(await codeOf(attacker, { code, extFields })).toBe(16)
      const { brokerName: _, ...unnamed } = extFields
      expect(await codeOf(attacker, { code, extFields: unnamed })).toBe(16)
      const elsewhere = { ...extFields, brokerAddr: '10.0.0.6:10911' }
      expect(await codeOf(attacker, { code, extFields: elsewhere })).toBe(0)
    })
  })

  test('registers no name of its own at the address of another broker', async () => {
    const { attack, attacker } = await startLimited('brokers: ["x*"]')
    await attack(async () => {
      expect(await codeOf(attacker, own({}, '10.0.0.5:10911'))).toBe(16)
      expect(await codeOf(attacker, own({}))).toBe(0)
      expect(await codeOf(attacker, unregistration({ name: 'x1', address: '203.0.113.66:10911' }))).toBe(0)
    })
  })

  test('announces nothing but IP addresses and ports of its networks, as filter servers neither', async () => {
    const { attack, attacker } = await startLimited('announce: 203.0.113.0/24')
    await attack(async () => {
      const codes: number[] = []
      for (const request of [
        own({ filterServerList: ['203.0.113.66:1'] }),
        own({ filterServerList: ['203.0.113.66:1', '198.51.100.6:666'] }),
        own({}, '203.0.113.66%.evil.example:10911'),
        own({}, '203.0.113.66:'),
        own({}, '203.0.113.66:99999999'),
        own({}, '203.0.113.66'),
      ])
        codes.push(await codeOf(attacker, request))
      expect(codes).toEqual([0, 16, 16, 16, 16, 16])
      expect(await codeOf(attacker, lookup('Own'))).toBe(0)
    })
  })
})

describe('A sender that may register brokers of some clusters only', () => {
  const startLimited = () =>
    startAttackedServer({
      accessFile: `profile: strict\nrules:\n  - { allow: [register], from: 203.0.113.0/24, clusters: [Dev] }${HONEST_RULES}\n`,
    })
  const inDev = ({ extFields, ...request }: Request): Request => ({
    ...request,
    extFields: { ...extFields, haServerAddr: '203.0.113.66:10912', clusterName: 'Dev' },
  })

  test.each([
    ['removes', unregistration({ name: 'honest-broker', address: '10.0.0.5:10911' })],
    ['replaces', registration({ name: 'honest-broker', address: '203.0.113.66:10911' })],
    [
      'registers topics of',
      {
        code: 217,
        extFields: { topic: 'Added' },
        body: JSON.stringify({
          queueDatas: [
            { brokerName: 'honest-broker', perm: 6, readQueueNums: 1, writeQueueNums: 1, topicSysFlag: 0 },
          ],
        }),
      },
    ],
    ['joins the group of', registration({ name: 'honest-broker', address: '203.0.113.66:10911', id: 7 })],
  ])('%s no broker of another cluster by naming its own', async (_, request) => {
    const { attack, attacker } = await startLimited()
    await attack(async () => {
      expect(await codeOf(attacker, inDev(request))).toBe(16)
    })
  })

  test('registers and removes brokers of its own', async () => {
    const { attack, attacker } = await startLimited()
    await attack(async () => {
      const broker = { name: 'dev', address: '203.0.113.66:10911' }
      for (const request of [registration(broker), registration(broker), unregistration(broker)])
        expect(await codeOf(attacker, inDev(request))).toBe(0)
    })
  })
})

describe('The HTTP port', () => {
  const ACCESS_FILE = `profile: strict\nrules:${HONEST_RULES}\n`
  const VIEWS = ['/api/v1/config', '/api/v1/watch', '/api/v1/access/whoami', '/none']
  const OPEN = ['/livez', '/readyz', '/version', '/metrics']
  const statusOf = async (port: number, path: string, ...headers: string[]): Promise<number> =>
    Number((await get(port, path, ...headers)).slice(9, 12))

  test('serves no view where no rule allows the group inspect, and says how to open it', async () => {
    const { attack, httpPort = 0 } = await startAttackedServer({
      accessFile: ACCESS_FILE,
      properties: { httpListenPort: 'any' },
    })
    await attack(async () => {
      for (const path of VIEWS) expect(await statusOf(httpPort, path)).toBe(403)
      for (const path of OPEN) expect(await statusOf(httpPort, path)).toBe(200)
      expect(await get(httpPort, VIEWS[0] as string)).toContain(
        'from 127.0.0.1, the group "inspect" is rejected by profile strict; set httpTokenFile, or allow it in accessFile: docs/security.md#inspect',
      )
    })
  })

  test('serves all views with the token of httpTokenFile, and with a rule', async () => {
    const httpTokenFile = join(temporaryFolder(), 'token')
    writeFileSync(httpTokenFile, 's3cret', { mode: 0o600 })
    const path = VIEWS[0] as string
    const withToken = await startAttackedServer({
      accessFile: ACCESS_FILE,
      properties: { httpListenPort: 'any', httpTokenFile },
    })
    expect(await statusOf(withToken.httpPort ?? 0, path, 'Authorization: Bearer s3cret')).toBe(200)
    expect(await statusOf(withToken.httpPort ?? 0, path)).toBe(401)
    const withRule = await startAttackedServer({
      accessFile: `${ACCESS_FILE}  - { allow: [inspect], from: [loopback] }\n`,
      properties: { httpListenPort: 'any' },
    })
    expect(await statusOf(withRule.httpPort ?? 0, path)).toBe(200)
  })
})
