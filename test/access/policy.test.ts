import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readAccessFile } from '../../src/access/access-file.ts'
import { type Policy, PROFILES, type RequestSubject } from '../../src/access/policy.ts'
import { profilePolicy } from '../../src/access/profiles.ts'
import { GROUP_OF, REQUEST_GROUPS, type RequestGroup } from '../../src/access/request-groups.ts'
import type { Identity } from '../../src/protocol/identity.ts'
import { RequestCode } from '../../src/protocol/request-code.ts'

const ANONYMOUS = undefined
const ADMIN = identity('ops', 'admin')
const BROKER = identity('broker-main', 'broker')
const PLAIN = identity('orders')

function identity(name: string, ...roles: string[]): Identity {
  return { kind: 'account', name, roles: new Set(roles) }
}

function policyOf(text: string): Policy {
  const { policy, problems } = readAccessFile(text, {
    profile: 'default',
    readSecret: ({ name }) => `secret of ${name}`,
  })
  expect(problems).toEqual([])
  return policy as Policy
}

function subjectOf(group: RequestGroup, names: Partial<RequestSubject> = {}): RequestSubject {
  return { group, clusterName: null, brokerName: null, topic: null, announced: [], ...names }
}

/** Letters of the groups that are allowed: `l`ookup, lis`t`, `r`egister, `a`dmin, `c`onfig, `i`nspect. */
function allowed(policy: Policy, who: Identity | undefined, host: string): string {
  const letters = { lookup: 'l', list: 't', register: 'r', admin: 'a', config: 'c', inspect: 'i' }
  const groups = REQUEST_GROUPS.filter(
    (group) => policy.decide({ identity: who, host, isTls: false }, subjectOf(group)).isAllowed,
  )
  return groups.map((group) => letters[group]).join('')
}

const STRICT = `
profile: strict
networks:
  brokers: [10.1.0.0/24, "fd00:1::/64"]
  clients: [10.0.0.0/8]
  ops: [10.9.0.0/28]
accounts:
  - accessKey: broker-main
    secretFile: /run/secrets/broker-main
    roles: [broker]
    from: [brokers]
  - accessKey: ops
    secretFile: /run/secrets/ops
    admin: true
    from: [ops, loopback]
    requireTls: true
certificates:
  - commonName: "broker-*.mq.example"
    roles: [broker]
  - subjectAltName: "URI:spiffe://mq/ops/*"
    roles: [admin]
rules:
  - allow: [register, lookup, list]
    who: { role: broker }
    clusters: [DefaultCluster]
    brokers: ["broker-*"]
    announce: [brokers]
  - allow: [register, lookup, list]
    from: [brokers]
    brokers: ["legacy-*"]
    announce: [brokers]
  - deny: [lookup]
    from: [clients]
    topics: ["%RETRY%*", "internal-*"]
  - allow: [lookup]
    from: [clients]
  - allow: [admin, config, inspect, list, lookup]
    who: { role: admin }
`

describe('Request codes', () => {
  it('are each in exactly one group', () => {
    expect(Object.keys(GROUP_OF).map(Number).sort()).toEqual(Object.values(RequestCode).sort())
    expect(new Set(Object.values(GROUP_OF))).toEqual(new Set(REQUEST_GROUPS))
  })

  it.each<[page: string, of: (group: RequestGroup) => RegExp]>([
    ['access-file.md', (group) => new RegExp(`^\\| \`${group}\` \\| (\\d.*) \\|$`, 'm')],
    ['security.md', (group) => new RegExp(`^### ${group}\\n\\n(\\d[^.:]*)`, 'm')],
  ])('are in the groups that docs/%s has', (page, ofGroup) => {
    const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8')
    // In brackets stands the status of an HTTP response.
    const codesIn = (part = '') => [...part.matchAll(/(?<!\()\b\d{3,4}\b/g)].map(([code]) => Number(code))
    const codesOf = (group: RequestGroup) =>
      Object.values(RequestCode)
        .filter((code) => GROUP_OF[code] === group)
        .sort((a, b) => a - b)
    expect(REQUEST_GROUPS.map((group) => [group, codesIn(ofGroup(group).exec(text)?.[1])])).toEqual(
      REQUEST_GROUPS.map((group) => [group, codesOf(group)]),
    )
  })
})

const LOCAL = '127.0.0.1'
const REMOTE = '192.0.2.7'

describe('Profiles', () => {
  it.each<[profile: (typeof PROFILES)[number], host: string, who: Identity | undefined, groups: string]>([
    ['open', REMOTE, ANONYMOUS, 'ltraci'],
    ['default', REMOTE, ANONYMOUS, 'ltra'],
    ['default', LOCAL, ANONYMOUS, 'ltraci'],
    ['guarded', REMOTE, ANONYMOUS, 'ltr'],
    ['guarded', LOCAL, PLAIN, 'ltraci'],
    ['guarded', REMOTE, ADMIN, 'ltraci'],
    ['strict', LOCAL, ANONYMOUS, ''],
    ['strict', REMOTE, ADMIN, ''],
    ['strict', REMOTE, BROKER, 'lt'],
  ])('without an access file, %s: from %s as %o: %s', (profile, host, who, groups) => {
    expect(allowed(profilePolicy(profile), who, host)).toBe(groups)
  })

  it('need no decision for the groups that they open to everyone', () => {
    const open = PROFILES.map((profile) => [...profilePolicy(profile).openGroups].join(' '))
    expect(open).toEqual([
      'lookup list register admin config inspect',
      'lookup list register admin',
      'lookup list register',
      '',
    ])
  })

  it('open every group in mode off, and no other in mode audit', () => {
    expect(policyOf(`mode: off\n${STRICT}`).openGroups.size).toBe(REQUEST_GROUPS.length)
    expect(policyOf(`mode: audit\n${STRICT}`).openGroups.size).toBe(0)
  })

  it('name themselves as the place of a decision, also if nothing matches', () => {
    const policy = profilePolicy('default')
    const sender = { identity: undefined, host: REMOTE, isTls: false }
    expect(policy.decide(sender, subjectOf('lookup'))).toMatchObject({
      isAllowed: true,
      rule: 'profile default',
    })
    expect(policy.decide(sender, subjectOf('config'))).toMatchObject({
      isAllowed: false,
      rule: 'profile default',
    })
  })

  it('do not take this machine for trusted with loopback: none', () => {
    const policy = policyOf('loopback: none\nprofile: guarded\n')
    expect(allowed(policy, ANONYMOUS, LOCAL)).toBe('ltr')
    expect(policy.networkOf(LOCAL)).toBeUndefined()
    expect(profilePolicy('default').networkOf(LOCAL)).toBe('loopback')
  })
})

describe('Rules of an access file', () => {
  const policy = policyOf(STRICT)

  it.each<
    [
      group: RequestGroup,
      host: string,
      who: Identity | undefined,
      names: Partial<RequestSubject>,
      rule: string,
    ]
  >([
    [
      'register',
      '10.1.0.9',
      BROKER,
      {
        clusterName: 'DefaultCluster',
        brokerName: 'broker-a',
        announced: ['10.1.0.9:10911', '[fd00:1::9]:10912'],
      },
      '+rule 1 (line 23)',
    ],
    [
      'register',
      '192.0.2.7',
      BROKER,
      { clusterName: 'DefaultCluster', brokerName: 'broker-a', announced: ['10.1.0.9:10911'] },
      '+rule 1 (line 23)',
    ],
    [
      'register',
      '10.1.0.9',
      BROKER,
      { clusterName: 'DefaultCluster', brokerName: 'broker-a', announced: ['10.2.0.9:10911'] },
      '-profile strict',
    ],
    [
      'register',
      '10.1.0.9',
      BROKER,
      { clusterName: 'DefaultCluster', brokerName: 'broker-a', announced: ['broker-a.example:10911'] },
      '-profile strict',
    ],
    ['register', '10.1.0.9', BROKER, { clusterName: 'Other', brokerName: 'broker-a' }, '-profile strict'],
    [
      'register',
      '10.1.0.9',
      BROKER,
      { clusterName: 'DefaultCluster', brokerName: 'other-a' },
      '-profile strict',
    ],
    [
      'register',
      '10.1.0.9',
      ANONYMOUS,
      { clusterName: 'X', brokerName: 'legacy-a', announced: ['10.1.0.9:10911'] },
      '+rule 2 (line 28)',
    ],
    [
      'register',
      '::ffff:10.1.0.9',
      ANONYMOUS,
      { clusterName: 'X', brokerName: 'legacy-a' },
      '+rule 2 (line 28)',
    ],
    ['register', 'fd00:1::7', ANONYMOUS, { clusterName: 'X', brokerName: 'legacy-a' }, '+rule 2 (line 28)'],
    ['register', 'fd00:2::7', ANONYMOUS, { clusterName: 'X', brokerName: 'legacy-a' }, '-profile strict'],
    ['register', '10.2.0.9', ANONYMOUS, { clusterName: 'X', brokerName: 'legacy-a' }, '-profile strict'],
    // 217 has no broker in its header.
    ['register', '10.1.0.9', BROKER, { topic: 'TopicTest' }, '+rule 1 (line 23)'],
    ['lookup', '10.1.0.9', ANONYMOUS, { topic: 'internal-x' }, '+rule 2 (line 28)'],
    ['lookup', '10.5.0.9', ANONYMOUS, { topic: 'internal-x' }, '-rule 3 (line 32)'],
    ['lookup', '10.5.0.9', ANONYMOUS, { topic: '%RETRY%group' }, '-rule 3 (line 32)'],
    ['lookup', '10.5.0.9', ANONYMOUS, { topic: 'TopicTest' }, '+rule 4 (line 35)'],
    ['lookup', '192.0.2.7', ANONYMOUS, { topic: 'TopicTest' }, '-profile strict'],
    ['lookup', '192.0.2.7', BROKER, { topic: 'TopicTest' }, '+rule 1 (line 23)'],
    ['list', '10.5.0.9', ANONYMOUS, {}, '-profile strict'],
    ['list', '10.1.0.9', ANONYMOUS, {}, '+rule 2 (line 28)'],
    ['admin', '10.1.0.9', BROKER, { topic: 'TopicTest' }, '-profile strict'],
    ['admin', '192.0.2.7', ADMIN, { topic: 'TopicTest' }, '+rule 5 (line 37)'],
    ['config', '192.0.2.7', ADMIN, {}, '+rule 5 (line 37)'],
    ['config', LOCAL, ANONYMOUS, {}, '-profile strict'],
    ['register', '192.0.2.7', ADMIN, { clusterName: 'X', brokerName: 'broker-a' }, '-profile strict'],
  ])('decide %s from %s as %o about %o: %s', (group, host, who, names, rule) => {
    const decision = policy.decide({ identity: who, host, isTls: false }, subjectOf(group, names))
    expect(`${decision.isAllowed ? '+' : '-'}${decision.rule}`).toBe(rule)
  })

  it.each<
    [what: string, who: Identity | undefined, names: Partial<RequestSubject>, nearMiss: string | undefined]
  >([
    [
      'a slave address outside of announce',
      BROKER,
      { clusterName: 'DefaultCluster', brokerName: 'broker-a', announced: ['10.1.0.9:1', '10.2.0.9:2'] },
      'rule 1 (line 23) would allow it but for announce: 10.2.0.9:2',
    ],
    [
      'two names, one of them with an invisible character',
      BROKER,
      { clusterName: 'Other', brokerName: 'x\u202e' },
      String.raw`rule 1 (line 23) would allow it but for clusters: Other, brokers: x\u202e`,
    ],
    ['a sender that no rule is about', ANONYMOUS, { brokerName: 'broker-a' }, undefined],
  ])('explain a rejection by the first rule that is about its sender: %s', (_, who, names, nearMiss) => {
    const sender = { identity: who, host: '192.0.2.7', isTls: false }
    expect(policy.nearMiss(sender, subjectOf('register', names))).toBe(nearMiss)
  })

  it('limited to names do not match administration of something else', () => {
    const team = policyOf(`profile: guarded
accounts: [{ accessKey: team-a, secretKey: "abc" }]
rules: [{ allow: [admin], who: { account: team-a }, topics: ["team-a-*"] }]
`)
    const sender = { identity: identity('team-a'), host: REMOTE, isTls: false }
    const may = (names: Partial<RequestSubject>) => team.decide(sender, subjectOf('admin', names)).isAllowed
    expect(may({ topic: 'team-a-orders' })).toBe(true)
    expect(may({ topic: 'team-b-orders' })).toBe(false)
    // 205 names a broker, 100 names nothing.
    expect(may({ brokerName: 'team-a-broker' })).toBe(false)
    expect(team.nearMiss(sender, subjectOf('admin', {}))).toBe(
      'rule 1 (line 3) would allow it but for topics: it names none',
    )
    expect(may({})).toBe(false)
  })

  it('come before those of the profile', () => {
    const text = 'profile: open\nrules: [{ deny: [admin], from: 192.0.2.0/24 }]\n'
    expect(allowed(policyOf(text), ANONYMOUS, REMOTE)).toBe('ltrci')
    expect([...policyOf(text).openGroups]).not.toContain('admin')
    expect(allowed(policyOf(text), ANONYMOUS, '198.51.100.1')).toBe('ltraci')
  })

  it('name the network of an address, and accounts the networks and connections they count from', () => {
    expect(policy.networkOf('10.1.0.9')).toBe('brokers')
    expect(policy.networkOf('10.9.0.3')).toBe('clients')
    expect(policy.networkOf(REMOTE)).toBeUndefined()
    // Clients own no brokers together: no rule lets them register.
    expect(['10.1.0.9', '10.9.0.3', REMOTE].map((host) => policy.brokerNetworkOf(host))).toEqual([
      'brokers',
      undefined,
      undefined,
    ])
    const ops = policy.accounts.get('ops')
    expect(ops?.isUsableFrom('10.9.0.3', true)).toBe(true)
    expect(ops?.isUsableFrom(LOCAL, true)).toBe(true)
    expect(ops?.isUsableFrom('10.9.0.3', false)).toBe(false)
    expect(ops?.isUsableFrom('10.9.0.16', true)).toBe(false)
    expect(policy.accounts.get('broker-main')?.isUsableFrom('10.1.0.3', false)).toBe(true)
  })
})

describe('Client certificates', () => {
  const policy = policyOf(STRICT)

  it.each<[commonName: string | null, names: string[], name: string, roles: string[]]>([
    ['broker-a.mq.example', [], 'broker-a.mq.example', ['broker']],
    ['broker-a.mq.example.evil', [], 'broker-a.mq.example.evil', []],
    [null, ['URI:spiffe://mq/ops/jane'], 'URI:spiffe://mq/ops/jane', ['admin']],
    ['broker-a.mq.example', ['URI:spiffe://mq/ops/jane'], 'broker-a.mq.example', ['broker', 'admin']],
    ['jane', ['DNS:spiffe://mq/ops/jane'], 'jane', []],
  ])('%o, %o are %s with the roles %o', (commonName, subjectAltNames, name, roles) => {
    const found = policy.certificateIdentity({ commonName, subjectAltNames })
    expect(found).toMatchObject({ kind: 'certificate', name, roles: new Set(roles) })
  })

  it('of an entry with the role broker own brokers together, others by their own names', () => {
    const ownerOf = (commonName: string, ...subjectAltNames: string[]) =>
      policy.certificateIdentity({ commonName, subjectAltNames })?.owner
    expect(ownerOf('broker-a.mq.example')).toBe('broker-*.mq.example')
    expect(ownerOf('broker-b.mq.example', 'URI:spiffe://mq/ops/jane')).toBe('broker-*.mq.example')
    expect(ownerOf('jane', 'URI:spiffe://mq/ops/jane')).toBeUndefined()
  })

  it('without a name are anonymous', () => {
    expect(policy.certificateIdentity({ commonName: null, subjectAltNames: [] })).toBeUndefined()
  })

  it('are named by rules as certificates, not as accounts', () => {
    const byName = policyOf('rules: [{ allow: [config], who: { certificate: "ops-*" } }]\n')
    expect(allowed(byName, { kind: 'certificate', name: 'ops-1', roles: new Set() }, REMOTE)).toBe('ltrac')
    expect(allowed(byName, { kind: 'account', name: 'ops-1', roles: new Set() }, REMOTE)).toBe('ltra')
  })
})

describe('The keys of a plain_acl.yml', () => {
  const text = `
globalWhiteRemoteAddresses: [10.10.103.*]
accounts:
  - accessKey: RocketMQ
    secretKey: "abcdefgh"
    whiteRemoteAddress: 192.168.1-20.*,10.3.3.{7,9}
    defaultTopicPerm: DENY
    defaultGroupPerm: SUB
    topicPerms: [topicA=DENY, topicB=PUB|SUB, topicC = PUB]
    groupPerms: [groupA=DENY]
  - accessKey: wide
    secretKey: "abcdefgh"
    defaultTopicPerm: PUB
    topicPerms: [topicA=DENY]
rules: [{ allow: [admin], from: loopback }]
`
  const strict = policyOf(`profile: strict\n${text}`)

  it.each<[who: string | undefined, host: string, topic: string, isAllowed: boolean]>([
    ['RocketMQ', REMOTE, 'topicA', false],
    ['RocketMQ', REMOTE, 'topicB', true],
    ['RocketMQ', REMOTE, 'topicC', true],
    ['RocketMQ', REMOTE, 'topicD', false],
    ['RocketMQ', REMOTE, '%RETRY%groupA', false],
    ['RocketMQ', REMOTE, '%RETRY%groupB', true],
    ['wide', REMOTE, 'topicA', false],
    ['wide', REMOTE, 'topicD', true],
    ['other', REMOTE, 'topicB', false],
    [undefined, REMOTE, 'topicB', false],
    [undefined, '10.10.103.5', 'topicA', true],
    [undefined, '192.168.7.5', 'topicA', true],
    [undefined, '192.168.21.5', 'topicA', false],
    [undefined, '10.3.3.9', 'topicA', true],
    [undefined, '10.3.3.8', 'topicA', false],
  ])('under strict let %s from %s look up %s: %s', (name, host, topic, isAllowed) => {
    const who = name === undefined ? undefined : identity(name)
    const { isAllowed: found } = strict.decide(
      { identity: who, host, isTls: false },
      subjectOf('lookup', { topic }),
    )
    expect(found).toBe(isAllowed)
  })

  it('never open more than lookups and lists by a white list', () => {
    expect(allowed(strict, ANONYMOUS, '10.10.103.5')).toBe('lt')
  })

  it('change nothing where the profile opens lookups', () => {
    expect([...policyOf(text).openGroups]).toEqual(['lookup', 'list', 'register', 'admin'])
  })
})
