import type { RequestStep, Sequence } from '../sequence.ts'
import {
  brokerFields,
  dataVersion,
  ODD_NAME,
  queryDataVersion,
  READ_BY_FASTJSON_2,
  register,
  registerCompressed,
  registrationBody,
  route,
  topic,
  unregister,
} from './request-steps.ts'

const TWO = '"k":{"topicName":"T1"},"k2":{"topicName":"T2"}'
const wrapped = (table: string): string => `{"topicConfigSerializeWrapper":{"topicConfigTable":{${table}}}}`
const DV = JSON.stringify(dataVersion(1))

/** Registrations that only ours takes: fastjson 1, and so every NameServer up to 5.3, takes most of them too. */
const TAKEN = [
  wrapped('k:{"topicName":"T1"},k2:{"topicName":"T2"}'),
  wrapped(`"k":{"topicName":"T1"},,${TWO}`),
  `\ufeff${wrapped(TWO)}`,
  registrationBody({ topics: [[ODD_NAME, { topicName: 'T1' }], topic('T2')] }),
]

/** Registrations that only fastjson2 takes. */
const REFUSED = [
  '}',
  `${wrapped(TWO)},`,
  wrapped('"k":{"topicName":"T1","writeQueueNums":3e9},"k2":{"topicName":"T2"}'),
  wrapped('"k":{"topicName":"T1","topicSysFlag":[3]},"k2":{"topicName":"T2"}'),
  `{"filterServerList":"a",${wrapped(TWO).slice(1)}`,
]

/** Bodies of 217 by who takes them. */
const TOPICS_TAKEN = [
  '{queueDatas:[{brokerName:"a"}]}',
  '{"queueDatas":[{"brokerName":"a"},,{"brokerName":"b"}]}',
  '{"queueDatas":[,{"brokerName":"a"}]}',
  '{"brokerDatas":[5],"queueDatas":[{"brokerName":"a"}]}',
  '{"brokerDatas":[{"brokerAddrs":{"x":"a"}}],"queueDatas":[{"brokerName":"a"}]}',
]
const TOPICS_REFUSED = ['{"queueDatas":{}}', '{"queueDatas":{"brokerName":"a","perm":6}}']

/** JSON as no peer writes it, which the readers of Java's releases take differently too. */
export const oddJson: Sequence = {
  name: 'JSON that no peer writes',
  releases: READ_BY_FASTJSON_2,
  steps: [
    ...TAKEN.map((body, index) => onlyIn('ours', register103(`t${index}`, body))),
    ...REFUSED.map((body, index) => onlyIn('java', register103(`r${index}`, body))),
    register({ name: 'a', addr: 'a:1' }, { topics: [topic('A1'), topic('a')] }),
    ...TOPICS_TAKEN.map((body, index) => onlyIn('ours', register217(`N${index}`, body))),
    ...TOPICS_REFUSED.map((body, index) => onlyIn('java', register217(`M${index}`, body))),
    onlyIn('java', queryDataVersion({ name: 'a', addr: 'a:1' }, `${DV},`), { changed: 'false' }, DV),
    onlyIn('ours', queryDataVersion({ name: 'a', addr: 'a:1' }, `\ufeff${DV}`), { changed: 'false' }, DV),
    onlyIn(
      'ours',
      queryDataVersion({ name: 'a', addr: 'a:1' }, '{counter:1}', { clock: true }),
      {
        changed: 'true',
      },
      DV,
    ),
    // A number in place of a text, with an exponent: Java gives it the form of its own doubles.
    {
      code: 101,
      moreFields: [['namespace', 1e21]],
      differs: {
        id: 'odd-json',
        java: { remark: 'No config item, Namespace: 1.0E21 Key: null' },
        ours: { remark: 'No config item, Namespace: 1e+21 Key: null' },
      },
    },
    // A number in digits that are not ASCII's.
    onlyIn('java', unregister({ name: 'a', addr: 'a:1', id: '\uff10' })),
    // Nulls among filter servers, and what only looks like a list of them.
    ...[
      ['[1,null]', '["1",null]', '["1"]'],
      ['"a"', '["a"]', ''],
      ['{}', '["{}"]', ''],
    ].flatMap(([filter = '', java = '', ours = ''], index) => {
      const name = `f${index}`
      return [
        registerCompressed(
          { name, addr: `${name}:1` },
          { filter, lines: [`${name}1 8 8 6 SINGLE_TAG {}`, `${name}2 8 8 6 SINGLE_TAG {}`] },
        ),
        route(`${name}1`, {
          differs: {
            id: 'odd-json',
            java: { body: routeWith(name, java) },
            ours: { body: routeWith(name, ours) },
          },
        }),
      ]
    }),
  ],
}

function register103(name: string, body: string): RequestStep {
  return { code: 103, extFields: brokerFields({ name, addr: `${name}:1` }), body }
}

function register217(name: string, body: string): RequestStep {
  return { code: 217, extFields: { topic: name }, body }
}

/** A step that only one of the two carries out; the other answers code 1. */
function onlyIn(
  side: 'java' | 'ours',
  step: RequestStep,
  extFields: Readonly<Record<string, string>> | null = step.code === 103 ? {} : null,
  body = '',
): RequestStep {
  const done = { code: 0, extFields, body }
  const refused = { code: 1, extFields: null, body: '' }
  const [java, ours] = side === 'java' ? [done, refused] : [refused, done]
  return { ...step, differs: { id: 'odd-json', java, ours } }
}

function routeWith(name: string, filterServers: string): string {
  const table = filterServers === '' ? '{}' : `{"${name}:1":${filterServers}}`
  return `{"brokerDatas":[{"brokerAddrs":{"0":"${name}:1"},"brokerName":"${name}","cluster":"c1","enableActingMaster":false}],"filterServerTable":${table},"queueDatas":[{"brokerName":"${name}","perm":6,"readQueueNums":8,"topicSysFlag":0,"writeQueueNums":8}]}`
}
