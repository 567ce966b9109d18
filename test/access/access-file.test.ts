import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AccessFile, readAccessFile } from '../../src/access/access-file.ts'

const SECRETS = new Map([
  ['/run/ops', 'first-secret'],
  ['/run/ops.old', 'former-secret'],
  ['/run/empty', ''],
  ['MQ_OPS', 'from-environment'],
])

function read(text: string, profile: 'default' | 'strict' = 'default'): AccessFile {
  return readAccessFile(text, {
    profile,
    readSecret: ({ name }) => {
      const secret = SECRETS.get(name)
      if (secret === undefined) throw new Error('cannot be read: no such file')
      return secret
    },
  })
}

/** Problems as `line:column message`. */
function problemsOf(text: string): string[] {
  return read(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

function warningsOf(text: string): string[] {
  const { policy, problems, warnings } = read(text)
  expect(problems).toEqual([])
  expect(policy).toBeDefined()
  return warnings.map(({ line, message }) => `${line} ${message}`)
}

const PLAIN_ACL = `globalWhiteRemoteAddresses:
  - 10.10.103.*
  - 192.168.0.*
accounts:
  - accessKey: RocketMQ
    secretKey: 12345678
    whiteRemoteAddress:
    admin: false
    defaultTopicPerm: DENY
    defaultGroupPerm: SUB
    topicPerms:
      - topicA=DENY
      - topicB=PUB|SUB
      - topicC=SUB
    groupPerms:
      # the group should convert to retry topic
      - groupA=DENY
      - groupB=PUB|SUB
  - accessKey: rocketmq2
    secretKey: 12345678
    whiteRemoteAddress: 192.168.1.*
    # if it is admin, it could access all resources
    admin: true
dataVersion:
- counter: 1
  timestamp: 1700000000000
`

describe('An access file is rejected with the line and column of', () => {
  it.each<[what: string, text: string, problems: string[]]>([
    ['an empty file', '# nothing\n', ['1:1 the file is empty']],
    ['a list in place of keys', '- a\n', ['1:1 the access file must be a mapping (key: value)']],
    [
      'an unknown key',
      'mode: audit\nprofil: open\n',
      ['2:1 unknown key "profil" in the access file; did you mean profile?'],
    ],
    ['a merge key', '<<: { mode: off }\n', ['1:1 unknown key in the access file']],
    ['a duplicate key', 'mode: audit\nmode: off\n', ['2:1 duplicate key "mode"; it is also in line 1']],
    [
      'an alias',
      'networks:\n  a: &a [10.0.0.0/8]\n  b: *a\n',
      ['3:6 network b is an alias; write the value itself, in quotes if it begins with *'],
    ],
    [
      'an unknown tag',
      'mode: !mode audit\n',
      ['1:7 a value must not begin with a tag (!); put it in quotes'],
    ],
    [
      'a second document',
      'mode: audit\n---\nmode: off\n',
      ['2:1 the file must be one document; remove this line ---'],
    ],
    [
      'syntax errors, of which only the first is no consequence',
      'mode: audit\n  a: b: c\nd: [\n',
      ['1:7 Nested mappings are not allowed in compact mappings'],
    ],
    [
      'rates without a kind',
      'rates:\n  - per: address\n',
      ['2:5 an entry of rates needs one of connections, handshakes, lookups, other, failures'],
    ],
    ['broken YAML', 'rules: [\n', [expect.stringMatching(/^\d+:\d+ Flow sequence/)]],
    ['a key that is no name', '? [a]\n: 1\n', ['1:3 a key of the access file must be a name']],
    [
      'an unknown word',
      'mode: enforced\n',
      ['1:7 mode is "enforced", not one of enforce, audit, off; did you mean enforce?'],
    ],
    [
      'an unknown profile',
      'profile: Open\n',
      ['1:10 profile is "Open", not one of open, default, guarded, strict; did you mean open?'],
    ],
    [
      'networks that are none',
      'networks:\n  a: [10.0.0.0/33, b]\n',
      [
        '2:7 network a: "10.0.0.0/33" is neither a network nor the name of one',
        '2:20 network a: "b" is neither a network nor the name of one',
      ],
    ],
    ['an empty list', 'networks:\n  a: []\n', ['2:6 network a is an empty list']],
    [
      'a network with a reserved name',
      'networks:\n  loopback: 10.0.0.1\n',
      ['2:3 "loopback" cannot be the name of a network'],
    ],
    ['an account without a key', 'accounts:\n  - secretKey: abc\n', ['2:5 an account needs an accessKey']],
    [
      'an account without a secret',
      'accounts:\n  - accessKey: a\n',
      ['2:5 account a needs one of secretKey, secretFile, secretEnv'],
    ],
    [
      'two secrets',
      'accounts:\n  - accessKey: a\n    secretKey: b\n    secretFile: /run/ops\n',
      ['4:5 account a has secretKey and secretFile; keep one'],
    ],
    [
      'a secret that cannot be read',
      'accounts:\n  - accessKey: a\n    secretFile: /run/none\n',
      ['3:17 secretFile "/run/none" cannot be read: no such file'],
    ],
    [
      'an empty secret',
      'accounts:\n  - accessKey: a\n    secretFile: /run/empty\n',
      ['3:17 secretFile "/run/empty" is empty'],
    ],
    [
      'a secret that YAML takes for something else',
      'accounts:\n  - accessKey: a\n    secretKey: yes\n',
      ['3:16 secretKey is not a text to YAML; put it in quotes'],
    ],
    [
      'an account twice',
      'accounts:\n  - { accessKey: a, secretKey: b }\n  - { accessKey: a, secretKey: c }\n',
      ['3:18 duplicate accessKey "a"; it is also in line 2'],
    ],
    [
      'a permission',
      'accounts:\n  - accessKey: a\n    secretKey: b\n    topicPerms: [t=READ]\n    defaultTopicPerm: ALL\n',
      [
        '4:18 topicPerms has "t=READ"; write NAME=PERMISSION with one of DENY, PUB, SUB, PUB|SUB, SUB|PUB',
        '5:23 defaultTopicPerm is "ALL", not one of DENY, PUB, SUB, PUB|SUB, SUB|PUB',
      ],
    ],
    [
      'a white list',
      'globalWhiteRemoteAddresses: [10.*.3.4]\n',
      ['1:30 globalWhiteRemoteAddresses: "10.*.3.4" is not an address pattern'],
    ],
    [
      'a certificate',
      'certificates:\n  - roles: [a]\n  - commonName: b\n  - subjectAltName: c\n    roles: [a]\n',
      [
        '2:5 a certificate needs commonName or subjectAltName',
        '3:5 a certificate needs roles',
        '4:21 subjectAltName "c" must begin with DNS:, URI:, IP Address: or email:',
      ],
    ],
    [
      'a rule without a decision',
      'rules:\n  - from: [loopback]\n',
      ['2:5 rule 1 needs either allow or deny'],
    ],
    [
      'a rule with two decisions',
      'rules:\n  - allow: [list]\n    deny: [list]\n',
      ['2:5 rule 1 needs either allow or deny'],
    ],
    [
      'an unknown group',
      'rules:\n  - allow: [lookups]\n',
      [expect.stringMatching(/^2:13 group of rule 1 is "lookups", not one of .*; did you mean lookup\?$/)],
    ],
    [
      'a misspelt network',
      'networks:\n  ops: 10.9.0.0/28\nrules:\n  - allow: admin\n    from: opps\n',
      ['5:11 from of rule 1: "opps" is neither a network nor the name of one; did you mean ops?'],
    ],
    [
      'a misspelt account',
      'accounts:\n  - { accessKey: ops, secretKey: b }\nrules:\n  - allow: admin\n    who: { account: osp }\n',
      ['5:21 there is no account "osp"; did you mean ops?'],
    ],
    [
      'a role that a rule denies and nothing has',
      'rules:\n  - deny: list\n    who: { role: crawler }\n',
      ['3:18 no account and no certificate has the role "crawler"'],
    ],
    [
      'who without a kind',
      'rules:\n  - allow: list\n    who: {}\n',
      ['3:10 who needs one of account, role and certificate'],
    ],
    [
      'topics for lists',
      'rules:\n  - allow: [lookup, list]\n    topics: ["a-*"]\n',
      ['3:5 topics cannot limit the group list; make another rule for it'],
    ],
    [
      'brokers for config',
      'rules:\n  - allow: [config]\n    brokers: ["a-*"]\n',
      ['3:5 brokers cannot limit the group config; make another rule for it'],
    ],
    [
      'announce for lookups',
      'rules:\n  - allow: [lookup]\n    announce: 10.0.0.0/8\n',
      ['3:5 announce limits registrations: it belongs to a rule that allows register'],
    ],
    [
      'guard',
      'guard:\n  takeOver: no\n  maxHeartbeatTimeoutMillis: 0\n',
      [
        '2:13 takeOver is "no", not one of off, log, refuse',
        '3:30 maxHeartbeatTimeoutMillis must be a whole number of at least 1',
      ],
    ],
    [
      'rates',
      'rates:\n  - lookups: 20/s\n  - per: address\n    lookups: 20/sec\n  - per: host\n    other: 1/s\n',
      [
        '2:5 an entry of rates needs per: address or identity',
        '4:14 lookups is "20/sec"; write it like 20/s, 5/min or 100/h',
        '5:10 per is "host", not one of address, identity',
      ],
    ],
    [
      'strict without an admin',
      'profile: strict\nrules:\n  - allow: lookup\n',
      [
        '1:10 profile strict needs an admin: no account, certificate or network may use the group admin for everything',
      ],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems)
    expect(read(text).policy).toBeUndefined()
  })

  it('everything that is wrong, not only the first', () => {
    const text = 'mode: on\nloopback: some\nrules:\n  - allow: x\n    form: y\n'
    expect(read(text).problems.map(({ line }) => line)).toEqual([1, 2, 4, 5])
  })

  it.each(['from', 'who', 'clusters', 'brokers', 'topics', 'announce'])(
    'a restriction whose value is commented out: %s',
    (key) => {
      const text = `rules:\n  - allow: [register]\n    ${key}:\n      # - 10.0.0.0/8\n`
      expect(problemsOf(text)).toEqual([`3:5 ${key} has no value`])
    },
  )

  it.each([
    ['an alias', 'secretKey: *Hunter22'],
    ['a tag', 'secretKey: !Hunter22'],
    ['a tag without a suffix', 'secretKey: !Hunter22!'],
    ['a verbatim tag', 'secretKey: !<Hunter22'],
    ['a block', 'secretKey: |Hunter22'],
    ['a folded block', 'secretKey: >Hunter22'],
    ['an escape', 'secretKey: "\\Hunter22"'],
    ['a key, for want of a space', 'secretKey:Hunter22:'],
    ['a key in braces', 'roles: {secretKey:Hunter22}'],
    ['the name of a file', 'secretFile: Hunter22'],
    ['the name of a variable', 'secretEnv: Hunter22'],
  ])('a secret that is written like %s, which no message shows', (_, line) => {
    const problems = problemsOf(`accounts:\n  - accessKey: ops\n    ${line}\n`)
    expect(problems.length).toBeGreaterThan(0)
    expect(JSON.stringify(problems)).not.toContain('Hunter')
  })

  it('a name of a published account in a rule for admins', () => {
    const text = `accounts:\n  - { accessKey: rocketmq2, secretKey: "12345678" }\nrules:\n  - allow: [admin]\n    who: { account: rocketmq2 }\n`
    expect(problemsOf(text)).toEqual([
      '5:10 account rocketmq2 cannot have the group admin: its secret is published; change it',
    ])
  })

  it('values nested so deeply that the parser would end the process', () => {
    for (const part of ['[', '- ', '? ', '{a: ']) {
      expect(problemsOf(part.repeat(20_000))).toEqual(['1:1 nested more than 64 levels deep'])
    }
  })
})

describe('An access file', () => {
  it('never makes the reader throw, whatever it contains', () => {
    const lines = [
      ...PLAIN_ACL.split('\n'),
      'rules:',
      '  - allow: [admin]',
      '    who: { role: x }',
      'a: &b',
      'c: *b',
      '%YAML 1.2',
      '---',
    ]
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(fc.oneof(fc.constantFrom(...lines), fc.string({ maxLength: 20 })), { maxLength: 30 })
        .map((all) => all.join('\n')),
    )
    fc.assert(
      fc.property(text, (any) => {
        const { policy, problems } = read(any)
        expect(policy === undefined).toBe(problems.length > 0)
        for (const { line, column } of problems) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1)
      }),
      { numRuns: 100 },
    )
  })

  it('may be the plain_acl.yml that RocketMQ ships; its published admin is no admin, and its white lists are limited', () => {
    expect(warningsOf(PLAIN_ACL)).toEqual([
      '1 globalWhiteRemoteAddresses allows lookup and list only, not everything as in a broker',
      '5 no rule names account RocketMQ or a role of it, nor does profile default',
      '6 secretKey is a number without quotes; put it in quotes',
      "6 account RocketMQ has the secret of RocketMQ's examples (12345678); change it",
      '19 account rocketmq2 is not made an admin: its secret is published, and attackers try it; change the secret',
      '19 no rule names account rocketmq2 or a role of it, nor does profile default',
      '20 secretKey is a number without quotes; put it in quotes',
      "20 account rocketmq2 has the secret of RocketMQ's examples (12345678); change it",
      '21 whiteRemoteAddress of account rocketmq2 allows lookup and list only, not everything as in a broker',
    ])
    expect(read(PLAIN_ACL).policy?.accounts.get('rocketmq2')?.identity.roles.size).toBe(0)
    expect([...(read(PLAIN_ACL).policy?.openGroups ?? [])]).toEqual(['lookup', 'list', 'register', 'admin'])
  })

  it('may have the empty lists and texts that mqadmin writes into a plain_acl.yml', () => {
    const text = `globalWhiteRemoteAddresses: []
accounts:
  - accessKey: orders
    secretKey: "abcdefgh"
    whiteRemoteAddress: ''
    topicPerms: []
    groupPerms: []
`
    expect(read(text).problems).toEqual([])
    expect(read('accounts: []\n').problems).toEqual([])
    expect(warningsOf('globalWhiteRemoteAddresses: []\n')).toEqual([])
    expect(warningsOf('globalWhiteRemoteAddresses:\n  - ""\n  -\n')).toEqual([])
  })

  it('has no account whose name is a pattern: its permissions would be those of other accounts', () => {
    expect(
      problemsOf('accounts:\n  - { accessKey: app*, secretKey: "abcdefgh", topicPerms: [T=SUB] }\n'),
    ).toEqual(['2:18 accessKey must not contain *, which stands for any characters in rules'])
  })

  it('does not load under strict with the published admin only', () => {
    expect(read(PLAIN_ACL, 'strict').problems).toMatchObject(
      [{ line: 1, message: /^profile strict needs/ }].map(({ line }) => ({
        line,
        message: expect.stringMatching(/^profile strict needs/),
      })),
    )
  })

  it('gives numbers without quotes the value that SnakeYAML gives them', () => {
    const { policy } = read('accounts:\n  - accessKey: a\n    secretKey: 01234567\n')
    expect(policy?.accounts.get('a')?.secrets.map((key) => key.export().toString())).toEqual(['342391'])
    expect(warningsOf('accounts:\n  - accessKey: a\n    secretKey: 01234567\n')).toContain(
      '3 secretKey is a number without quotes and is read as a different value, as in a broker; put it in quotes',
    )
    const text = read('accounts:\n  - accessKey: 0900\n    secretKey: 08123456\n').policy
    expect(text?.accounts.get('0900')?.secrets[0]?.export().toString()).toBe('08123456')
    const long = read('accounts:\n  - accessKey: a\n    secretKey: 12345678901234567890\n').policy
    expect(long?.accounts.get('a')?.secrets[0]?.export().toString()).toBe('12345678901234567890')
  })

  it('takes secrets from files, from the environment and from itself, the present one before the previous one', () => {
    const file = read(`accounts:
  - { accessKey: a, secretFile: /run/ops, previousSecretFile: /run/ops.old }
  - { accessKey: b, secretEnv: MQ_OPS }
  - { accessKey: c, secretKey: "0123", previousSecretKey: "4567" }
`)
    const secretsOf = (name: string) =>
      file.policy?.accounts.get(name)?.secrets.map((key) => key.export().toString())
    expect(secretsOf('a')).toEqual(['first-secret', 'former-secret'])
    expect(secretsOf('b')).toEqual(['from-environment'])
    expect(secretsOf('c')).toEqual(['0123', '4567'])
    expect(file.secretFiles).toEqual(['/run/ops', '/run/ops.old'])
    expect(file.hasSecrets).toBe(true)
  })

  it('shows no secret when its policy is printed', () => {
    const { policy } = read('accounts:\n  - { accessKey: c, secretKey: "top-secret" }\n')
    expect(JSON.stringify({ ...policy, accounts: [...(policy?.accounts.values() ?? [])] })).not.toContain(
      'top-secret',
    )
  })

  it('has guard and rates as plain values', () => {
    const { policy } = read(`guard: { takeOver: off, maxHeartbeatTimeoutMillis: 600_000 }
rates:
  - { per: address, connections: 20/s, failures: 5/min }
  - { per: identity, lookups: 100/h }
`)
    expect(policy?.guard).toEqual({ takeOver: 'off', maxHeartbeatTimeoutMillis: 600_000 })
    expect(policy?.rates).toEqual([
      {
        per: 'address',
        rates: { connections: { count: 20, periodMs: 1_000 }, failures: { count: 5, periodMs: 60_000 } },
      },
      { per: 'identity', rates: { lookups: { count: 100, periodMs: 3_600_000 } } },
    ])
  })

  it('reads off, yes and numbers as they are written where a text belongs', () => {
    expect(read('mode: off\n').policy?.mode).toBe('off')
    const { policy } = read(
      'accounts:\n  - { accessKey: a, secretKey: b, admin: yes }\nrules:\n  - { allow: lookup, topics: [123] }\n',
    )
    expect(policy?.accounts.get('a')?.identity.roles).toEqual(new Set(['admin']))
    expect(policy?.rules[0]?.names?.topics?.patterns).toEqual(['123'])
  })

  it.each([
    [
      'an account',
      'accounts: [{ accessKey: ops, secretKey: b, admin: true, from: 10.9.0.0/28 }]\nrules: [{ allow: [admin], who: { role: admin }, from: 10.0.0.0/8 }]',
    ],
    [
      'a certificate',
      'certificates: [{ commonName: "ops-*", roles: [admin] }]\nrules: [{ allow: [admin], who: { role: admin } }]',
    ],
    ['a certificate by its own name', 'rules: [{ allow: [admin], who: { certificate: "ops-*" } }]'],
    ['a network', 'rules: [{ allow: [admin], from: loopback }]'],
    [
      'a network of which a part is denied',
      'rules: [{ deny: [admin], from: 10.0.0.0/16 }, { allow: [admin], from: 10.0.0.0/8 }]',
    ],
    [
      'a network of which the first and the last address are denied',
      'rules: [{ deny: [admin], from: [10.0.0.0, 10.255.255.255] }, { allow: [admin], from: 10.0.0.0/8 }]',
    ],
    [
      'outside of the networks that are denied',
      'rules: [{ deny: [admin], from: [0.0.0.0/1, 192.0.2.0/24, "::/0"] }, { allow: [admin] }]',
    ],
    [
      'a certificate with the second of two names',
      'certificates: [{ commonName: [ops-a, ops-b], roles: [admin] }]\nrules: [{ deny: [admin], who: { certificate: ops-a } }, { allow: [admin], who: { role: admin } }]',
    ],
    [
      'a certificate with a longer name than one that is denied',
      'certificates: [{ commonName: "ops-*", roles: [admin] }]\nrules: [{ deny: [admin], who: { certificate: ops- } }, { allow: [admin], who: { role: admin } }]',
    ],
    [
      'a certificate with the second of two alternative names',
      'certificates: [{ subjectAltName: ["DNS:a", "DNS:b"], roles: [admin] }]\nrules: [{ deny: [admin], who: { certificate: "DNS:a" } }, { allow: [admin], who: { role: admin } }]',
    ],
  ])('loads under strict with an admin who is %s', (_, rules) => {
    expect(problemsOf(`profile: strict\n${rules}\n`)).toEqual([])
  })

  it.each([
    [
      'can come from nowhere that its rule allows',
      'accounts: [{ accessKey: ops, secretKey: b, admin: true, from: 10.9.0.0/28 }]\nrules: [{ allow: [admin], who: { role: admin }, from: 192.168.0.0/16 }]',
    ],
    ['is denied first', 'rules: [{ deny: [admin] }, { allow: [admin], from: loopback }]'],
    [
      'is this machine, which loopback: none takes away',
      'loopback: none\nrules: [{ allow: [admin], from: loopback }]',
    ],
    [
      'is denied in each half of its network',
      'rules: [{ deny: [admin], from: [10.0.0.0/9, 10.128.0.0/9] }, { allow: [admin], from: 10.0.0.0/8 }]',
    ],
    ['may administer some topics only', 'rules: [{ allow: [admin], from: loopback, topics: ["a-*"] }]'],
  ])('does not load under strict if its only admin %s', (_, rules) => {
    expect(problemsOf(`profile: strict\n${rules}\n`)).toEqual([
      expect.stringContaining('profile strict needs'),
    ])
  })

  it.each<[what: string, accounts: string[], warnings: string[]]>([
    [
      'with a short secret, also a previous one',
      [
        '{ accessKey: a, secretKey: "123456" }',
        '{ accessKey: b, secretKey: "1234567", previousSecretKey: "x" }',
      ],
      [
        '2 account a has a secret of fewer than 7 characters; use a longer one',
        '3 account b has a secret of fewer than 7 characters; use a longer one',
      ],
    ],
    [
      'with one secret as present and previous one',
      ['{ accessKey: a, secretKey: "secret-a", previousSecretKey: "secret-a" }'],
      ['2 account a has the same secret twice; remove the previous one'],
    ],
    [
      'of an admin with the role broker',
      ['{ accessKey: a, secretKey: "secret-a", admin: true, roles: [broker] }'],
      [
        "2 account a is an admin with the role broker: what a broker signs can be sent again as an admin's; use two accounts",
      ],
    ],
    [
      'with a secret of an admin, in either order',
      [
        '{ accessKey: a, secretKey: "secret-a" }',
        '{ accessKey: b, secretKey: "secret-b", previousSecretKey: "secret-a", admin: true }',
        '{ accessKey: c, secretKey: "secret-b" }',
        '{ accessKey: d, secretKey: "secret-b" }',
        '{ accessKey: e, secretKey: "secret-e" }',
      ],
      [
        '3 account b has a secret of account a, and only one of them is an admin; change it',
        '4 account c has a secret of account b, and only one of them is an admin; change it',
        '5 account d has a secret of account b, and only one of them is an admin; change it',
      ],
    ],
  ])('warns of an account %s', (_, accounts, warnings) => {
    const text = `accounts:\n${accounts.map((account) => `  - ${account}\n`).join('')}`
    const rule = 'rules: [{ allow: config, who: { account: "*" } }]\n'
    expect(warningsOf(text + rule)).toEqual(warnings)
  })

  it('warns where any client certificate is an admin', () => {
    const text = (name: string) => `certificates:\n  - commonName: "${name}"\n    roles: [admin]\n`
    expect(warningsOf(text('*'))).toEqual([
      '2 every client with a certificate of tls.server.trustCertPath is an admin',
    ])
    expect(warningsOf(text('ops-*'))).toEqual([])
  })

  it.each<[what: string, text: string, warnings: string[]]>([
    [
      'that allows what the profile allows to everyone',
      'rules:\n  - { allow: [admin, lookup], from: 10.0.0.0/8 }\n  - { allow: [admin, config], from: 10.0.0.0/8 }\n',
      ['2 rule 1 changes no decision: profile default allows admin, lookup to everyone'],
    ],
    [
      'that everything before it has decided',
      'rules:\n  - { deny: admin }\n  - { allow: admin, from: 10.0.0.0/8 }\n  - { deny: config }\n  - { allow: [config, admin], from: 10.0.0.0/8 }\n',
      [
        '3 rule 2 changes no decision: rule 1 (line 2) denies admin to everyone',
        '5 rule 4 changes no decision: rule 3 (line 4) denies config to everyone',
      ],
    ],
    [
      'only if it is not an exception to a later one',
      'rules:\n  - { allow: admin, from: 10.1.0.0/16 }\n  - { deny: admin, from: 10.0.0.0/8 }\n  - { allow: admin, from: 10.2.0.0/16 }\n  - { allow: lookup }\n',
      ['4 rule 3 changes no decision: profile default allows admin to everyone'],
    ],
    ['but not under strict', 'profile: strict\nrules:\n  - { allow: admin, from: 10.0.0.0/8 }\n', []],
  ])('warns of a rule %s', (_, text, warnings) => {
    expect(warningsOf(text)).toEqual(warnings)
  })

  it('warns of a role in an allowing rule that nothing has', () => {
    expect(warningsOf('rules:\n  - { allow: config, who: { role: ops } }\n')).toEqual([
      '2 no account and no certificate has the role "ops"',
    ])
  })
})

describe('conf/access.yml', () => {
  const text = readFileSync('conf/access.yml', 'utf8')
  const env = { readSecret: ({ name }: { readonly name: string }) => `secret of ${name}` }

  it('is valid as it is, and stands for the default profile', () => {
    const { policy, problems, warnings } = readAccessFile(text, { ...env, profile: 'strict' })
    expect([problems, warnings, policy?.profile]).toEqual([[], [], 'default'])
  })

  it('is valid with every part in use, also as strict', () => {
    const begin = text.indexOf('# ----')
    const whole = text.slice(0, begin) + text.slice(begin).replaceAll(/^#(?=\w| {2})/gm, '')
    const lookups = expect.stringMatching(/^rule 4 changes no decision: profile default allows lookup/)
    for (const [used, notes] of [
      [whole, [lookups]],
      [whole.replace('profile: default', 'profile: strict'), []],
    ] as const) {
      const { policy, problems, warnings } = readAccessFile(used, { ...env, profile: 'open' })
      const messages = warnings.map(({ message }) => message)
      expect([problems, messages, policy?.accounts.size]).toEqual([[], notes, 2])
    }
  })
})
