import { describe, expect, test } from 'vitest'
import { type AccessFile, readAccessFile } from '../../src/access/access-file.ts'
import { type Denial, Gate } from '../../src/access/gate.ts'
import { POLICY_MODES, PROFILES, type ProfileName } from '../../src/access/policy.ts'
import { profilePolicy } from '../../src/access/profiles.ts'
import { GROUP_OF } from '../../src/access/request-groups.ts'
import { signatureOf } from '../../src/access/signature.ts'
import { LimitError } from '../../src/common/limit-error.ts'
import type { CertificateNames } from '../../src/protocol/identity.ts'
import type { Processor, RequestContext } from '../../src/protocol/processor.ts'
import type { RemotingResponse } from '../../src/protocol/remoting-command.ts'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { openChannel } from '../routeinfo/route-helpers.ts'

interface Asked {
  readonly code: number
  readonly fields?: Readonly<Record<string, string>>
  readonly body?: string
  readonly host?: string
  readonly isTls?: boolean
  readonly certificate?: CertificateNames
}

function policyOf(text: string): NonNullable<AccessFile['policy']> {
  const { policy, problems } = readAccessFile(text, { profile: 'default', readSecret: () => 'never' })
  if (policy === undefined) throw new Error(JSON.stringify(problems))
  return policy
}

/** A gate before processors that only say who asked. */
class World {
  readonly denials: (Denial & { readonly identity: string | undefined })[] = []
  readonly letPass: string[] = []
  readonly previous: string[] = []
  readonly raw: Processor
  readonly guarded: Readonly<Record<number, Processor>>

  constructor(
    policy = profilePolicy('default'),
    raw: Processor = (_, { identity }) => ({ code: 0, remark: identity?.name ?? 'anonymous' }),
  ) {
    this.raw = raw
    const processors = Object.fromEntries(Object.values(RequestCode).map((code) => [code, this.raw]))
    const gate = new Gate(policy, {
      onDenied: (denial, _, { identity }) => this.denials.push({ ...denial, identity: identity?.name }),
      onRateLetPass: ({ message }, { code }, { identity }) =>
        this.letPass.push(`${code} of ${identity?.name ?? 'anonymous'}: ${message}`),
      onPreviousSecret: (accessKey, { channel }) => this.previous.push(`${accessKey} from ${channel.host}`),
    })
    this.guarded = gate.guarded(processors as Readonly<Record<RequestCode, Processor>>)
  }

  ask({ code, fields, body, host = '10.0.0.1', isTls = false, certificate }: Asked): RemotingResponse {
    const request = {
      ...{ code, language: 'JAVA' as const, version: 513, opaque: 1, flag: 0, remark: null },
      extFields: fields === undefined ? null : new Map(Object.entries(fields)),
      body: body === undefined ? null : Buffer.from(body),
    }
    const channel = { ...openChannel(1), host, isTls, certificate: certificate ?? null }
    const context: RequestContext = { channel, nowMs: 0 }
    return this.guarded[code]?.(request, context) as RemotingResponse
  }
}

function signed(accessKey: string, secret: string, asked: Asked): Asked {
  const fields = { ...asked.fields, AccessKey: accessKey }
  const body = asked.body === undefined ? null : Buffer.from(asked.body)
  return {
    ...asked,
    fields: { ...fields, Signature: signatureOf(new Map(Object.entries(fields)), body, secret) },
  }
}

const STRICT = `
profile: strict
networks:
  clients: [10.0.0.0/8]
  legacy: [10.4.0.0/16]
accounts:
  - { accessKey: broker-main, secretKey: "broker-secret", roles: [broker] }
  - { accessKey: client-a, secretKey: "client-secret" }
  - { accessKey: ops, secretKey: "ops-secret", admin: true, requireTls: true }
certificates:
  - { commonName: "broker-*.mq.example", roles: [broker] }
rules:
  - { allow: [register], who: { role: broker }, brokers: ["broker-*"] }
  - { allow: [register], from: [legacy], brokers: ["legacy-*"], announce: [legacy] }
  - { deny: [lookup], who: { account: client-a }, topics: ["orders-old"] }
  - { allow: [lookup], who: { account: client-a }, topics: ["orders-*"] }
  - { allow: [admin, config, inspect, list, lookup], who: { role: admin } }
`

/** The first letters of the groups: t is list. */
const LETTERS = { lookup: 'l', list: 't', register: 'r', admin: 'a', config: 'c', inspect: 'i' } as const
const ALL = Object.values(LETTERS).join('')
const HOSTS = {
  elsewhere: ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::7', 'unknown'],
  /** The network from which a rule lets everyone read views. */
  desk: ['198.51.100.7', '::ffff:198.51.100.7', '2001:db8:1::7'],
  loopback: ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'],
} as const
const IDENTITIES = {
  anonymous: (asked) => asked,
  'an account with a wrong secret': (asked) => signed('ops', 'wrong', asked),
  'an account': (asked) => signed('orders', 'orders-secret', asked),
  'a broker': (asked) => signed('broker', 'broker-secret', asked),
  'an admin': (asked) => signed('ops', 'ops-secret', asked),
  "an admin's certificate": (asked) => ({
    ...asked,
    isTls: true,
    certificate: { commonName: 'ops-1', subjectAltNames: [] },
  }),
} as const satisfies Record<string, (asked: Asked) => Asked>
type IdentityName = keyof typeof IDENTITIES

const STRANGERS: readonly IdentityName[] = ['anonymous', 'an account with a wrong secret', 'an account']
const ADMINS: readonly IdentityName[] = ['an admin', "an admin's certificate"]
const OTHERS: readonly IdentityName[] = [...STRANGERS, 'a broker']

/** What enforce lets pass, by profile and identity: from elsewhere, from the desk, and from loopback. */
const TABLE: readonly (readonly [ProfileName, readonly IdentityName[], string, string, string])[] = [
  ['open', [...OTHERS, ...ADMINS], ALL, ALL, ALL],
  ['default', OTHERS, 'ltra', 'ltrai', ALL],
  ['default', ADMINS, ALL, ALL, ALL],
  ['guarded', OTHERS, 'ltr', 'ltri', ALL],
  ['guarded', ADMINS, ALL, ALL, ALL],
  ['strict', STRANGERS, '', 'i', ''],
  ['strict', ['a broker'], 'lt', 'lti', 'lt'],
  ['strict', ADMINS, 'aci', 'aci', 'aci'],
]

describe('all codes from all networks', () => {
  const cases = TABLE.flatMap(([profile, names, ...groups]) =>
    names.flatMap((name) => POLICY_MODES.map((mode) => ({ profile, mode, name, groups }))),
  )

  test('have a case for each profile, mode and identity', () => {
    const keys = new Set(cases.map(({ profile, mode, name }) => `${profile} ${mode} ${name}`))
    const count = PROFILES.length * POLICY_MODES.length * Object.keys(IDENTITIES).length
    expect([keys.size, cases.length]).toEqual([count, count])
  })

  test.each(cases)(
    'are decided for $name under $profile, in mode $mode',
    ({ profile, mode, name, groups }) => {
      const policy = policyOf(`
profile: ${profile}
mode: ${mode}
networks: { desk: [198.51.100.0/24, "2001:db8:1::/48"] }
accounts:
  - { accessKey: orders, secretKey: "orders-secret" }
  - { accessKey: broker, secretKey: "broker-secret", roles: [broker] }
  - { accessKey: ops, secretKey: "ops-secret", admin: true }
certificates: [{ commonName: "ops-*", roles: [admin] }]
rules:
  - { allow: [inspect], from: [desk] }
  - { allow: [admin, config, inspect], who: { role: admin } }
`)
      const world = new World(policy)
      const passes = (code: number, host: string): boolean => {
        const before = world.denials.length
        const answer = world.ask(IDENTITIES[name]({ code, host }))
        const [denial] = world.denials.slice(before)
        expect(answer.code).toBe(denial?.isEnforced ? 16 : 0)
        expect(denial?.isEnforced ?? mode === 'enforce').toBe(mode === 'enforce')
        return denial === undefined
      }
      const found = Object.values(HOSTS).map((hosts) => {
        const codes = Object.values(RequestCode)
        const passed = hosts.map((host) => codes.filter((code) => passes(code, host)))
        return passed.map((each) => each.join(' '))
      })
      const expected = Object.values(HOSTS).map((hosts, index) => {
        const letters = mode === 'off' ? ALL : `${groups[index]}`
        const passing = Object.values(RequestCode).filter((code) => letters.includes(LETTERS[GROUP_OF[code]]))
        return hosts.map(() => passing.join(' '))
      })
      expect(found).toEqual(expected)
    },
  )
})

describe('the default profile', () => {
  test('leaves the processor of lookups as it is', () => {
    const world = new World()
    for (const code of Object.values(RequestCode)) {
      const isLookup = GROUP_OF[code] === 'lookup'
      expect(world.guarded[code] === world.raw, `${code}`).toBe(isLookup)
    }
  })

  test.each([
    [318, 'config'],
    [1450, 'inspect'],
    [1451, 'config'],
  ])('rejects %d from another machine, and says how to open it', (code, group) => {
    const world = new World()
    expect(world.ask({ code })).toEqual({
      code: 16,
      remark:
        `username cannot be null. (request ${code} is in group "${group}", rejected by profile default; ` +
        `send it to 127.0.0.1 on the machine of the NameServer, sign it as an account that may, or allow it in accessFile: docs/security.md#${group})`,
    })
    expect(world.denials).toEqual([
      {
        ...{ group, rule: 'profile default', identity: undefined },
        ...{ accessKey: null, unproven: 'not signed', nearMiss: undefined, isEnforced: true },
      },
    ])
  })

  test.each(Object.values(RequestCode))('serves %d to this machine', (code) => {
    expect(new World().ask({ code, host: '127.0.0.1' }).code).toBe(0)
  })

  test('reports each request that is signed with a previous secret, and none with the present one', () => {
    const account = '{ accessKey: ops, secretKey: "new-secret", previousSecretKey: "old-secret" }'
    const world = new World(policyOf(`accounts: [${account}]`))
    const asked = { code: 216, fields: { topic: 'T' } }
    for (const secret of ['new-secret', 'old-secret', 'old-secret', 'none'])
      world.ask(signed('ops', secret, asked))
    expect(world.previous).toEqual(['ops from 10.0.0.1', 'ops from 10.0.0.1'])
  })

  test('takes a request of an account that it does not know for an anonymous one', () => {
    const asked = signed('unheard-of', 'any', { code: 103, fields: { brokerName: 'a' } })
    expect(new World().ask(asked)).toEqual({ code: 0, remark: 'anonymous' })
  })

  test('knows an account of the file behind a change that it leaves open', () => {
    const world = new World(policyOf('accounts: [{ accessKey: ops-one, secretKey: "ops-secret" }]'))
    const asked = { code: 216, fields: { topic: 'T' } }
    expect(world.ask(signed('ops-one', 'ops-secret', asked))).toEqual({ code: 0, remark: 'ops-one' })
    expect(world.ask(signed('ops-one', 'wrong', asked))).toEqual({ code: 0, remark: 'anonymous' })
    expect(world.denials).toEqual([])
  })
})

describe('a strict policy', () => {
  const world = new World(policyOf(STRICT))
  const register = (brokerName: string, brokerAddr = '10.4.0.7:10911'): Asked => ({
    code: 103,
    fields: { brokerName, brokerAddr, haServerAddr: brokerAddr, clusterName: 'DefaultCluster' },
    body: 'body',
  })
  const lookup = (topic: string): Asked => ({ code: 105, fields: { topic } })
  const topicOf = (...brokerNames: string[]): Asked => ({
    code: 217,
    fields: { topic: 'T' },
    body: JSON.stringify({
      queueDatas: brokerNames.map((brokerName) => ({ brokerName, readQueueNums: 4, writeQueueNums: 4 })),
    }),
  })
  const byBroker = (asked: Asked): Asked => signed('broker-main', 'broker-secret', asked)
  const certificate = { commonName: 'broker-7.mq.example', subjectAltNames: [] }

  test.each<[string, Asked, string]>([
    ['a signed lookup', signed('client-a', 'client-secret', lookup('orders-1')), 'client-a'],
    ['a signed registration', byBroker(register('broker-a')), 'broker-main'],
    [
      'a registration by certificate',
      { ...register('broker-a'), certificate, isTls: true },
      'broker-7.mq.example',
    ],
    ['a registration by network', { ...register('legacy-a'), host: '10.4.0.7' }, 'anonymous'],
    ['a topic of the own broker', byBroker(topicOf('broker-a')), 'broker-main'],
    [
      'an admin over TLS',
      { ...signed('ops', 'ops-secret', { code: 216, fields: { topic: 'T' } }), isTls: true },
      'ops',
    ],
    ['a lookup by a broker', byBroker(lookup('anything')), 'broker-main'],
  ])('serves %s', (_, asked, who) => {
    expect(world.ask(asked)).toEqual({ code: 0, remark: who })
  })

  const orders = signed('client-a', 'client-secret', lookup('orders-1'))
  test.each<[string, Asked, string]>([
    ['an unsigned lookup', lookup('orders-1'), 'username cannot be null. ('],
    [
      'a lookup signed with a wrong secret',
      signed('client-a', 'wrong', lookup('orders-1')),
      'Authentication failed. Please verify the credentials and try again. (',
    ],
    [
      'a lookup of an unknown account',
      signed('nobody', 'wrong', lookup('orders-1')),
      'Authentication failed. Please verify the credentials and try again. (',
    ],
    [
      'a field that was replaced',
      { ...orders, fields: { ...orders.fields, topic: 'orders-2' } },
      'Authentication failed. Please verify the credentials and try again. (',
    ],
    [
      'a body that was replaced',
      { ...byBroker(register('broker-a')), body: 'another' },
      'Authentication failed. Please verify the credentials and try again. (',
    ],
    [
      'a topic outside the rule',
      signed('client-a', 'client-secret', lookup('secrets')),
      'User:client-a has no permission to access Topic:secrets from 10.0.0.1, no matched policies. (',
    ],
    [
      'a topic that a rule denies',
      signed('client-a', 'client-secret', lookup('orders-old')),
      'User:client-a has no permission to access Topic:orders-old from 10.0.0.1, the decision is deny. (',
    ],
    [
      "a request of another account's group",
      signed('client-a', 'client-secret', { code: 216, fields: { topic: 'orders-1' } }),
      'User:client-a has no permission to access Topic:orders-1 from 10.0.0.1, no matched policies. (',
    ],
    [
      'the signature of a lookup under the code of another group',
      { ...orders, code: 318 },
      'User:client-a has no permission to access Cluster from 10.0.0.1, no matched policies. (',
    ],
    [
      'an admin without TLS',
      signed('ops', 'ops-secret', { code: 216, fields: { topic: 'T' } }),
      'Authentication failed. Please verify the credentials and try again. (',
    ],
    ["another's broker name", byBroker(register('mine')), 'User:broker-main has no permission'],
    [
      "a topic that also names another's broker",
      byBroker(topicOf('broker-a', 'mine')),
      'User:broker-main has no permission',
    ],
    [
      'a topic whose body is too long to be looked into',
      byBroker({ ...topicOf('broker-a'), body: `${topicOf('broker-a').body}${' '.repeat(65_536)}` }),
      'User:broker-main has no permission',
    ],
    [
      'an address outside the announced network',
      { ...register('legacy-a', '10.0.0.9:10911'), host: '10.4.0.7' },
      'username cannot be null. (',
    ],
    [
      "a heartbeat for an address outside it, which would be another's broker",
      {
        code: 904,
        fields: { brokerName: 'legacy-a', brokerAddr: '10.0.0.9:10911', clusterName: 'c' },
        host: '10.4.0.7',
      },
      'username cannot be null. (',
    ],
    [
      'a certificate of another name',
      {
        ...register('broker-a'),
        isTls: true,
        certificate: { commonName: 'client-1.mq.example', subjectAltNames: [] },
      },
      'User:client-1.mq.example has no permission to access Cluster from 10.0.0.1, no matched policies. (',
    ],
  ])('rejects %s', (_, asked, sentence) => {
    const { code, remark } = world.ask(asked)
    expect(code).toBe(16)
    expect(`${remark}`.slice(0, sentence.length)).toBe(sentence)
  })

  test('says the same of an unknown account as of a wrong secret, but for the log', () => {
    const denied = new World(policyOf(STRICT))
    const answers = ['nobody', 'client-a'].map((name) =>
      denied.ask(signed(name, 'wrong', lookup('orders-1'))),
    )
    expect(answers[0]).toEqual(answers[1])
    expect(denied.denials.map(({ accessKey, unproven }) => [accessKey, unproven])).toEqual([
      ['nobody', 'unknown access key'],
      ['client-a', 'wrong signature'],
    ])
  })

  test('names the limit that a proven broker does not meet, and does not call a certificate unsigned', () => {
    const denied = new World(policyOf(STRICT))
    const certificate = { commonName: 'broker-1.mq.example', subjectAltNames: [] }
    const { remark } = denied.ask({ ...register('other-a'), isTls: true, certificate })
    const nearMiss = 'rule 1 (line 13) would allow it but for brokers: other-a'
    expect(remark).toContain(`rejected by profile strict, ${nearMiss}; sign it`)
    expect(denied.denials).toMatchObject([{ nearMiss, unproven: undefined, identity: 'broker-1.mq.example' }])
  })

  test('does not tell a stranger which limit keeps a request out, but the log', () => {
    const denied = new World(policyOf(STRICT))
    const { remark } = denied.ask({ ...register('legacy-a'), host: '10.4.0.9' })
    const announce = { ...register('legacy-a').fields, haServerAddr: '192.0.2.1:10912' }
    const second = denied.ask({ code: 103, fields: announce, host: '10.4.0.9' })
    expect([remark, second.remark].join()).not.toContain('would allow')
    expect(denied.denials.at(-1)?.nearMiss).toBe(
      'rule 2 (line 14) would allow it but for announce: 192.0.2.1:10912',
    )
  })

  test('does not let fields that a processor does not read satisfy a rule', () => {
    const rule = '{ allow: [lookup], from: ["*"], topics: ["orders-*"], clusters: [C] }'
    const limited = new World(policyOf(`profile: default\nrules: [${rule}, { deny: [lookup] }]`))
    expect(limited.ask({ code: 105, fields: { topic: 'secrets', clusterName: 'C' } }).code).toBe(16)
    expect(limited.ask({ code: 105, fields: { topic: 'orders-1', clusterName: 'D' } }).code).toBe(0)
  })

  test('shows a topic in a remark with visible characters, and not all of a long one', () => {
    const topic = `a\u202eb\n${'x'.repeat(1_000)}`
    const { remark } = world.ask(signed('client-a', 'client-secret', lookup(topic)))
    expect(remark).toContain('Topic:a\\u202eb\\u000ax')
    expect(`${remark}`.length).toBeLessThan(700)
  })
})

test('the mode audit lets pass what it reports', () => {
  const world = new World(policyOf(`mode: audit\n${STRICT}`))
  expect(world.ask({ code: 105, fields: { topic: 'T' } })).toEqual({ code: 0, remark: 'anonymous' })
  expect(world.denials).toMatchObject([{ group: 'lookup', isEnforced: false, rule: 'profile strict' }])
})

test('the mode audit lets pass what exceeds the rates of the file, and reports it with who asked', () => {
  const rates = '[{ per: address, other: 2/s, failures: 1/min }, { per: identity, other: 1/s }]'
  const world = new World(policyOf(`mode: audit\nrates: ${rates}\n${STRICT}`))
  const list = signed('client-a', 'client-secret', { code: 206 })
  for (const _ of [1, 2, 3]) expect(world.ask(list).remark).toBe('client-a')
  expect(world.letPass).toEqual([
    '206 of client-a: rates.other (1/s per identity) exceeded by account client-a',
    '206 of anonymous: rates.other (2/s per address) exceeded by 10.0.0.1',
    '206 of client-a: rates.other (1/s per identity) exceeded by account client-a',
  ])
  for (const _ of [1, 2]) world.ask(signed('client-a', 'wrong', { code: 105, fields: { topic: 'T' } }))
  expect(world.letPass.slice(3)).toEqual([
    '105 of anonymous: rates.failures (1/min per address) exceeded by 10.0.0.1',
  ])
  // A signature is verified as before.
  expect(world.ask(list).remark).toBe('client-a')
})

test('the identity of a request is known to who reports that a limit rejects it', async () => {
  const busy = LimitError.busy('maxWaitingRequests', 'full')
  const certificate = { commonName: 'broker-7.mq.example', subjectAltNames: [] }
  const rates = '[{ per: address, other: 3/h }, { per: identity, other: 1/h }]'
  const limited = new World(policyOf(`rates: ${rates}\n${STRICT.replace('strict', 'guarded')}`), () => {
    throw busy
  })
  const byClient = signed('client-a', 'client-secret', { code: 103 })
  const errorOf = (asked: Asked): unknown => {
    try {
      return limited.ask(asked)
    } catch (error) {
      return error
    }
  }
  expect(errorOf(byClient)).toMatchObject({ error: busy, context: { identity: { name: 'client-a' } } })
  expect(errorOf(byClient)).toMatchObject({
    error: { message: 'rates.other (1/h per identity) exceeded by account client-a' },
    context: { identity: { name: 'client-a' } },
  })
  expect(errorOf({ code: 103 })).toBe(busy)
  // Beyond the rate of the address no signature is verified; the certificate is that of the connection.
  expect(errorOf(byClient)).toMatchObject({ limit: 'rates.other' })
  expect(errorOf({ ...byClient, isTls: true, certificate })).toMatchObject({
    error: { limit: 'rates.other' },
    context: { identity: { kind: 'certificate', name: 'broker-7.mq.example' } },
  })
  const later = new World(policyOf(STRICT), () => Promise.reject(busy))
  const pending = later.ask({ code: 103, isTls: true, certificate, fields: { brokerName: 'broker-a' } })
  await expect(pending).rejects.toMatchObject({ error: busy, context: { identity: { kind: 'certificate' } } })
})

describe('after too many wrong signatures from an address, a registration', () => {
  const rates = 'rates: [{ per: address, failures: 1/h }]'
  const exhausted = (text: string): World => {
    const world = new World(policyOf(text))
    world.ask(signed('client-a', 'wrong', { code: 103 }))
    return world
  }
  const guarded = `${rates}\n${STRICT.replace('strict', 'guarded')}`
  const byAccount = signed('client-a', 'client-secret', { code: 103 })
  const anonymous = { code: 0, remark: 'anonymous' }

  test('of an account is rejected where registrations are open', () => {
    expect(() => exhausted(guarded).ask(byAccount)).toThrow('rates.failures (1/h per address) exceeded')
  })

  test('of an account that is not in the file is as anonymous as before', () => {
    expect(exhausted(guarded).ask(signed('other', 'any', { code: 103 }))).toEqual(anonymous)
  })

  test('of a certificate is its own, whatever it is signed with', () => {
    const certificate = { commonName: 'broker-7.mq.example', subjectAltNames: [] }
    expect(exhausted(guarded).ask({ ...byAccount, isTls: true, certificate })).toMatchObject({
      code: 0,
      remark: 'broker-7.mq.example',
    })
  })

  test('is not rejected in the mode off', () => {
    const world = new World(policyOf(`mode: off\n${STRICT}`))
    for (let i = 0; i < 6_001; i++) world.ask(signed('client-a', 'wrong', { code: 103 }))
    expect(world.ask(byAccount)).toEqual(anonymous)
  })
})

test('the mode off checks nothing, and knows who changes something', () => {
  const world = new World(policyOf(`mode: off\n${STRICT}`))
  expect(world.guarded[RequestCode.GET_ROUTEINFO_BY_TOPIC]).toBe(world.raw)
  expect(world.ask({ code: 318 })).toEqual({ code: 0, remark: 'anonymous' })
  expect(world.ask(signed('client-a', 'client-secret', { code: 318 }))).toEqual({
    code: 0,
    remark: 'client-a',
  })
})
