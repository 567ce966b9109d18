import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Account } from '../../src/access/policy.ts'
import { Signatures, signatureOf } from '../../src/access/signature.ts'

const HERE = { host: '10.0.0.1', isTls: false }

function account(accessKey: string, secrets: readonly string[], isUsable = true): [string, Account] {
  return [
    accessKey,
    {
      identity: { kind: 'account', name: accessKey, roles: new Set() },
      secrets: secrets.map((secret) => createSecretKey(Buffer.from(secret))),
      isUsableFrom: () => isUsable,
    },
  ]
}

const OF_103 = {
  bodyCrc32: '385843084',
  brokerAddr: '10.0.0.5:10911',
  brokerId: '0',
  brokerName: 'broker-a',
  clusterName: 'DefaultCluster',
  compressed: 'false',
  enableActingMaster: 'false',
  haServerAddr: '10.0.0.5:10912',
  heartbeatTimeoutMillis: '120000',
}
const BODY_OF_103 =
  '{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":1,"stateVersion":0,' +
  '"timestamp":1700000000000},"topicConfigTable":{}}}'

const signatures = new Signatures(
  new Map([
    account('RocketMQ', ['12345678']),
    account('rocketmq2', ['12345678']),
    account('brokers', ['change-me-please']),
    account('ak', ['secret']),
    account('rotated', ['new-secret', 'old-secret']),
    account('elsewhere', ['12345678'], false),
  ]),
)

/** The name of the account that fields and body prove, or why they prove none. */
function verified(fields: Readonly<Record<string, string>>, body: string | null = null): string {
  const proof = signatures.verify(
    new Map(Object.entries(fields)),
    body === null ? null : Buffer.from(body),
    HERE,
  )
  return proof.account?.identity.name ?? (proof as { reason: string }).reason
}

function signed(
  accessKey: string,
  secret: string,
  fields: Readonly<Record<string, string>>,
  body: string | null = null,
): Record<string, string> {
  const all = { ...fields, AccessKey: accessKey }
  const bytes = body === null ? null : Buffer.from(body)
  return { ...all, Signature: signatureOf(new Map(Object.entries(all)), bytes, secret) }
}

const RUST = { a: 'first', z: 'last', AccessKey: 'ak', SecurityToken: 'token' }

describe('a signature that was published or recorded proves its account', () => {
  test.each<[string, string, Record<string, string>, string | null]>([
    ['rocketmq-rust, HMAC-SHA1', 'wuJkFDNRMKY6aFXTDwT/vg0UC8M=', RUST, 'body'],
    ['rocketmq-rust, HMAC-SHA256', 'mBwsFNM/fUVM2NmLpnXIS+x+x7EZXmyuboG/4ZGmwa0=', RUST, 'body'],
    [
      'mqadmin, captured',
      '+zdRdUuaziSQkHUUqdrtwg1F8jk=',
      { AccessKey: 'rocketmq2' },
      'test_key=test_value\n',
    ],
    [
      "metasploit's lookup",
      '/u5P/wZUbhjanu4LM/UzEdo2u2I=',
      { topic: 'TBW102', AccessKey: 'rocketmq2' },
      null,
    ],
    ['a lookup by Java', '0jiwhsaYp5ObE5GObbZH1I8/FT4=', { topic: 'TopicTest', AccessKey: 'RocketMQ' }, null],
    [
      'a lookup with a token',
      'gnEu+bMUsoVJhiaXdQY8Cu5NiCA=',
      { topic: 'TopicTest', AccessKey: 'RocketMQ', SecurityToken: '87654321' },
      null,
    ],
    [
      'a lookup by C++',
      'ezvpo5BZ7LHQAkw6LEltsbl8YOs=',
      { topic: 'TopicTest', AccessKey: 'RocketMQ', OnsChannel: 'ALIYUN' },
      null,
    ],
    [
      'a lookup of a Chinese topic',
      '177s2mKSAUMmkHe93VrpoJeegBg=',
      { topic: '订单', AccessKey: 'RocketMQ' },
      null,
    ],
    [
      'an update of the configuration',
      '/gz5I2SkiEK6lzg0WskcvBaYuZI=',
      { AccessKey: 'rocketmq2' },
      'enableTopicList=true',
    ],
    ['a registration', 'APtZJ+ZYnwnE1jHjN1MN+XhKK8w=', { ...OF_103, AccessKey: 'brokers' }, BODY_OF_103],
  ])('%s', (_, Signature, fields, body) => {
    expect(verified({ ...fields, Signature }, body)).toBe(fields['AccessKey'])
    // The second time it may be cached.
    expect(verified({ ...fields, Signature }, body)).toBe(fields['AccessKey'])
  })
})

describe('a request proves no account', () => {
  const lookup = signed('RocketMQ', '12345678', { topic: 'TopicTest' })
  const update = signed('rocketmq2', '12345678', {}, 'enableTopicList=true')

  test.each<[string, string, Record<string, string>, string | null]>([
    ['without fields', 'not signed', {}, null],
    ['without AccessKey and Signature', 'not signed', { topic: 'TopicTest' }, null],
    [
      'without Signature',
      'AccessKey or Signature is missing',
      { topic: 'TopicTest', AccessKey: 'RocketMQ' },
      null,
    ],
    [
      'without AccessKey',
      'AccessKey or Signature is missing',
      { topic: 'TopicTest', Signature: lookup['Signature'] ?? '' },
      null,
    ],
    [
      'of an unknown account',
      'unknown access key',
      signed('stranger', '12345678', { topic: 'TopicTest' }),
      null,
    ],
    [
      'with the secret of another account',
      'wrong signature',
      signed('RocketMQ', 'change-me-please', { topic: 'TopicTest' }),
      null,
    ],
    ['under the name of another account', 'wrong signature', { ...lookup, AccessKey: 'brokers' }, null],
    ['with another value of a field', 'wrong signature', { ...lookup, topic: 'TopicTest2' }, null],
    ['with one more field', 'wrong signature', { ...lookup, clusterName: 'c' }, null],
    ['with another body', 'wrong signature', update, 'enableTopicList=fals'],
    ['without its body', 'wrong signature', update, null],
    [
      'with an empty signature of the right length',
      'wrong signature',
      { ...lookup, Signature: '='.repeat(28) },
      null,
    ],
    [
      'signed by HMAC-MD5',
      'wrong signature',
      {
        ...lookup,
        Signature: createHmac('md5', '12345678').update('RocketMQTopicTest').digest('base64'),
      },
      null,
    ],
    [
      'of an account that may not be used from there',
      'account not usable from this address or without TLS',
      signed('elsewhere', '12345678', { topic: 'TopicTest' }),
      null,
    ],
  ])('%s', (_, reason, fields, body) => {
    expect(verified(fields, body)).toBe(reason)
    expect(verified(fields, body)).toBe(reason)
  })

  test('whatever single character of its fields is another one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(lookup)),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme-ascii' }),
        (name, at, character) => {
          const value = lookup[name] ?? ''
          const index = at % value.length
          fc.pre(value[index] !== character)
          const changed = value.slice(0, index) + character + value.slice(index + 1)
          expect(verified({ ...lookup, [name]: changed })).not.toBe('RocketMQ')
        },
      ),
    )
  })
})

test('no fields, however odd, make the verification fail, or succeed', () => {
  const odd = fc.string({ unit: 'binary', maxLength: 50 })
  const signature = fc.oneof(
    odd,
    fc
      .constantFrom(28, 44)
      .chain((length) => fc.string({ unit: 'binary', minLength: length, maxLength: length })),
  )
  const accessKey = fc.oneof(odd, fc.constantFrom('RocketMQ', 'rotated', 'elsewhere', '__proto__'))
  fc.assert(
    fc.property(
      fc.dictionary(odd, odd),
      accessKey,
      signature,
      fc.boolean(),
      (fields, AccessKey, Signature, hasBody) => {
        const extFields = new Map([
          ...Object.entries(fields),
          ['AccessKey', AccessKey],
          ['Signature', Signature],
        ])
        const proof = signatures.verify(extFields, hasBody ? Buffer.from('body') : null, HERE)
        expect(proof.account).toBeUndefined()
      },
    ),
  )
})

test('both secrets of an account count while they are being changed', () => {
  expect(verified(signed('rotated', 'new-secret', { topic: 'T' }))).toBe('rotated')
  expect(verified(signed('rotated', 'old-secret', { topic: 'T' }))).toBe('rotated')
  expect(verified(signed('rotated', 'older-secret', { topic: 'T' }))).toBe('wrong signature')
})

test('the zone that Java adds after it has signed need not be signed', () => {
  const zone = { __ZONE_NAME: 'z1', __ZONE_MODE: 'true' }
  expect(verified({ ...signed('RocketMQ', '12345678', { topic: 'T' }), ...zone })).toBe('RocketMQ')
  expect(verified(signed('RocketMQ', '12345678', { topic: 'T', ...zone }))).toBe('RocketMQ')
  const withBody = signed('RocketMQ', '12345678', { a: 'b' }, 'k=v')
  expect(verified({ ...withBody, ...zone }, 'k=v')).toBe('RocketMQ')
  expect(verified({ ...withBody, ...zone }, 'k=w')).toBe('wrong signature')
})

test('the SecurityToken of the Go client need not be signed', () => {
  const fields = { ...signed('RocketMQ', '12345678', { topic: 'T' }), SecurityToken: 'token' }
  expect(verified(fields)).toBe('RocketMQ')
})

test('a cached content counts only for the signature that it had, wherever that may end', () => {
  const fields = signed('ak', 'secret', { topic: `${'T'.repeat(14)}akSecrets` })
  expect(verified(fields)).toBe('ak')
  // Signature and content are, one after the other, the same characters.
  const Signature = `${fields['Signature']}ak${'T'.repeat(14)}`
  expect(verified({ AccessKey: 'ak', topic: 'Secrets', Signature })).toBe('wrong signature')
})

test('more contents are verified than are cached', () => {
  for (let index = 0; index < 9_000; index++)
    expect(verified(signed('RocketMQ', '12345678', { topic: `Topic${index}` }))).toBe('RocketMQ')
  expect(verified(signed('RocketMQ', '12345678', { topic: 'Topic0' }))).toBe('RocketMQ')
})

test('an account that another instance knew is not cached', () => {
  const fields = new Map(Object.entries(signed('RocketMQ', '12345678', { topic: 'T' })))
  expect(signatures.verify(fields, null, HERE).account).toBeDefined()
  const changed = new Signatures(new Map([account('RocketMQ', ['another-secret'])]))
  expect(changed.verify(fields, null, HERE)).toMatchObject({ reason: 'wrong signature' })
})

test('A signature of other characters with the same low bytes is wrong', () => {
  const Signature = signatureOf(
    new Map([
      ['AccessKey', 'ak'],
      ['topic', 'T'],
    ]),
    null,
    'secret',
  )
  const fields = { AccessKey: 'ak', topic: 'T' }
  expect(verified({ ...fields, Signature })).toBe('ak')
  const shifted = String.fromCharCode(Signature.charCodeAt(0) + 0x100) + Signature.slice(1)
  expect(verified({ ...fields, Signature: shifted })).toBe('wrong signature')
})
