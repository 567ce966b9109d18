import { expect, test } from 'vitest'
import { signatureOf } from '../../src/access/signature.ts'

const BODY_OF_103 =
  '{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":1,"stateVersion":0,' +
  '"timestamp":1700000000000},"topicConfigTable":{}}}'

/** Published by other projects, and our own for the requests of a NameServer. */
test.each<[string, Record<string, string>, string | null, string, string]>([
  ["Java's AclSignerTest", { a: 'RocketMQ' }, null, '12345678', 'IUc8rrO/0gDch8CjObLQsW2rsiA='],
  ["Java's AuthenticationEvaluatorTest", { a: 'test' }, null, 'test', 'DJRRXBXlCVuKh6ULoN87847QX+Y='],
  [
    "Go's interceptor_test",
    { a: 'Hello RocketMQ Client ACL Feature' },
    null,
    'adiaushdiaushd',
    'tAb/54Rwwcq+pbH8Loi7FWX4QSQ=',
  ],
  [
    'rocketmq-rust',
    { z: 'last', a: 'first', SecurityToken: 'token', AccessKey: 'ak' },
    'body',
    'secret',
    'wuJkFDNRMKY6aFXTDwT/vg0UC8M=',
  ],
  [
    'a capture of mqadmin (code 25)',
    { AccessKey: 'rocketmq2' },
    'test_key=test_value\n',
    '12345678',
    '+zdRdUuaziSQkHUUqdrtwg1F8jk=',
  ],
  [
    'a lookup (105)',
    { Signature: 'none', topic: 'TBW102', AccessKey: 'rocketmq2' },
    null,
    '12345678',
    '/u5P/wZUbhjanu4LM/UzEdo2u2I=',
  ],
  [
    'a lookup of a Chinese topic',
    { topic: '订单', AccessKey: 'RocketMQ' },
    null,
    '12345678',
    '177s2mKSAUMmkHe93VrpoJeegBg=',
  ],
  [
    'an update of the configuration (318)',
    { AccessKey: 'rocketmq2' },
    'enableTopicList=true',
    '12345678',
    '/gz5I2SkiEK6lzg0WskcvBaYuZI=',
  ],
  [
    'a registration (103)',
    {
      AccessKey: 'brokers',
      bodyCrc32: '385843084',
      brokerAddr: '10.0.0.5:10911',
      brokerId: '0',
      brokerName: 'broker-a',
      clusterName: 'DefaultCluster',
      compressed: 'false',
      enableActingMaster: 'false',
      haServerAddr: '10.0.0.5:10912',
      heartbeatTimeoutMillis: '120000',
    },
    BODY_OF_103,
    'change-me-please',
    'APtZJ+ZYnwnE1jHjN1MN+XhKK8w=',
  ],
])('the signature of %s is the published one', (_, fields, body, secretKey, signature) => {
  const extFields = new Map(Object.entries(fields))
  expect(signatureOf(extFields, body === null ? null : Buffer.from(body), secretKey)).toBe(signature)
})
