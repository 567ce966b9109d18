import type { RequestStep, Sequence } from '../sequence.ts'
import { EMPTIED } from './kv-config.ts'
import {
  clusterInfo,
  dataVersion,
  everythingRemovedBefore,
  memberGroup,
  ODD_NAME,
  queryDataVersion,
  register,
  route,
  topic,
} from './request-steps.ts'

type On = RequestStep['differs'] | 'left out'

/** A field of a request, and what becomes of a request without it. */
interface Field {
  readonly name: string
  readonly good: string
  /** How the two differ when it is not there or null; `left out` where another sequence shows it. Default: not at all. */
  readonly missing?: On
  /** The same for a value that is not of its type; default as `missing`. Only for fields that are no texts. */
  readonly unreadable?: On
  /** Values that are not of its type; for fields that are no texts. */
  readonly wrong?: readonly unknown[]
  /** Each value comes from an address of its own: of several names of one address ours keeps the newest (`newest-name-only`). */
  readonly apart?: boolean
}

/** A request code, how to ask it well, and how to see what it did. */
interface Subject {
  readonly code: number
  readonly fields: readonly Field[]
  readonly body?: string
  /** Requests that show what a request of this kind changes; none if it changes nothing. */
  readonly look?: (index: number) => readonly RequestStep[]
  /** Whether 4.9.7 has other rules. */
  readonly only5?: boolean
}

const HUGE = 'x'.repeat(5_000)
/** Texts that a field may hold whatever it is for. */
const TEXTS: readonly string[] = ['', ' ', 'null', HUGE, ODD_NAME, '\0']
/** Values that are no strings, in a JSON header. */
const NO_TEXTS: readonly unknown[] = [5, -1.5, true, {}, { a: [1, null], b: 'x' }, [], ['x', 1]]
const NO_INTEGERS: readonly unknown[] = [...TEXTS, 'x', '1.5', ' 1', '1 ', '0x1', '1e2', ...NO_TEXTS.slice(1)]
/** Values that are no int64, in a JSON header. */
export const NO_LONGS: readonly unknown[] = [...NO_INTEGERS, '9223372036854775808', '-9223372036854775809']

const BODIES: readonly Partial<RequestStep>[] = [
  { body: 'a body' },
  { body: '{}' },
  { body: ' '.repeat(70_000) },
  { bodyHex: '00ff789c' },
]
const FLAGS = [4, 6, 8, -4, 1, 2, 3, -1, -2]
const VERSIONS = [-1, 0, 36, 37, 400, 401, 407, 479, 32_767, 2_147_483_647]

/** A request with every field as it should be, and each of its fields, its body, flag and version as it should not be. */
function inputsOf({ code, fields, body }: Subject): RequestStep[] {
  const extFields = Object.fromEntries(fields.map(({ name, good }) => [name, good]))
  const good: RequestStep = { code, extFields, ...(body !== undefined && { body }) }
  const without = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(extFields).filter(([key]) => key !== name))
  const strange = { nobody: 'knows', '': '', é中: ODD_NAME, huge: HUGE, Code: '1', topics: 'T1' }
  const ofFields = fields.flatMap((field) => {
    const rest = { ...good, extFields: without(field.name) }
    const missing = (step: RequestStep) => differing(step, field.missing)
    const wrong = (field.wrong ?? []).flatMap((value) =>
      differing({ ...rest, moreFields: [[field.name, value]] }, field.unreadable ?? field.missing),
    )
    const readable = (field.wrong === undefined ? [...TEXTS, ...NO_TEXTS] : []).map((value) => ({
      ...rest,
      moreFields: [[field.name, value] as const],
    }))
    const binary = TEXTS.filter((text) => text !== '' && field.wrong === undefined).map(
      (value): RequestStep => ({
        ...good,
        serializeType: 'ROCKETMQ',
        extFields: { ...extFields, [field.name]: value },
      }),
    )
    const apart = (step: RequestStep, index: number): RequestStep =>
      field.apart === true ? { ...step, extFields: { ...step.extFields, brokerAddr: `n${index}:1` } } : step
    const inputs = [
      ...missing(rest),
      ...missing({ ...rest, extFields: { ...rest.extFields, [field.name]: null } }),
      ...missing({ ...rest, serializeType: 'ROCKETMQ' }),
      // In a binary header an empty value is none.
      ...missing({ ...good, serializeType: 'ROCKETMQ', extFields: { ...extFields, [field.name]: '' } }),
      ...wrong,
      ...readable,
      ...binary,
      // Of two fields of one name the last one counts.
      { ...rest, moreFields: [[field.name, 'other'] as const, [field.name, field.good] as const] },
      {
        ...good,
        serializeType: 'ROCKETMQ',
        extFields: { ...rest.extFields, [field.name]: 'other' },
        moreFields: [[field.name, field.good] as const],
      },
      ...missing({
        ...rest,
        moreFields: [
          [field.name, field.good],
          [field.name, null],
        ],
      }),
      {
        ...rest,
        extFields: { ...rest.extFields, [field.name.toUpperCase()]: 'x', [field.name]: field.good },
      },
    ] as RequestStep[]
    return inputs.map(apart)
  })
  const nothing = fields.some(({ missing }) => missing === 'left out')
    ? 'left out'
    : fields.find(({ missing }) => missing !== undefined)?.missing
  return [
    good,
    { ...good, serializeType: 'ROCKETMQ' },
    { ...good, extFields: { ...strange, ...extFields } },
    { ...good, extFields: { ...extFields, ...strange }, serializeType: 'ROCKETMQ' },
    ...[null, {}].flatMap((none) => [
      ...differing({ ...good, extFields: none }, nothing),
      ...differing({ ...good, extFields: none, serializeType: 'ROCKETMQ' }, nothing),
    ]),
    ...ofFields,
    ...(body === undefined ? BODIES.map((more) => ({ ...good, ...more })) : []),
    ...VERSIONS.filter((version) => body === undefined || version >= 37).map((version) => ({
      ...good,
      version,
    })),
    ...[0, -1, 2_147_483_647].map((opaque) => ({ ...good, opaque })),
    ...['GO', 'CPP', 'OTHER', ''].map((language) => ({ ...good, language })),
  ]
}

function differing(step: RequestStep, on: On): RequestStep[] {
  if (on === 'left out') return []
  return [on === undefined ? step : { ...step, differs: on }]
}

/** Java takes such a 104 and then drops the batch that it is in, maybe with the next one: see "unregistrations with missing fields". */
const DROPS_ITS_BATCH = 'left out' as const
/** The NameServer answers success and does half of it, see the sequences "registration without ...". */
const PARTIAL = 'left out'
const A = { name: 'a', addr: 'a:1' }
const QUEUES =
  '{"queueDatas":[{"brokerName":"a","perm":4,"readQueueNums":3,"topicSysFlag":1,"writeQueueNums":2}]}'

const text = (name: string, good: string, missing?: On): Field => ({ name, good, missing })
const brokerKey = (missing?: On): Field[] => [
  text('clusterName', 'c1', missing),
  text('brokerAddr', 'a:1', missing),
]
const lookAtTopics = (): RequestStep[] => [{ code: 206 }, route('T1'), route('T2'), route('N')]

const subjects: readonly Subject[] = [
  {
    code: 100,
    fields: [text('namespace', 'n'), text('key', 'k'), text('value', 'v')],
    look: () => [
      { code: 219, extFields: { namespace: 'n' } },
      { code: 219, extFields: { namespace: ODD_NAME } },
      { code: 219, extFields: { namespace: '' } },
    ],
  },
  { code: 101, fields: [text('namespace', 'n'), text('key', 'k')] },
  {
    code: 102,
    fields: [text('namespace', 'n'), text('key', 'k')],
    look: () => [{ code: 219, extFields: { namespace: 'n' } }],
  },
  {
    code: 104,
    fields: [
      text('brokerName', 'a', DROPS_ITS_BATCH),
      ...brokerKey(DROPS_ITS_BATCH),
      { name: 'brokerId', good: '0', missing: DROPS_ITS_BATCH, wrong: NO_LONGS },
    ],
    look: (index) => [
      ...everythingRemovedBefore(`sentinel${index}`),
      clusterInfo(),
      route('T1'),
      { code: 206 },
    ],
    only5: true,
  },
  {
    code: 105,
    fields: [
      text('topic', 'T1'),
      { name: 'acceptStandardJsonOnly', good: 'true', wrong: [...NO_INTEGERS, 'TRUE', 'false'] },
    ],
  },
  ...[106, 206, 304, 311, 312, 313].map((code) => ({ code, fields: [] })),
  ...[205, 327].map((code) => ({ code, fields: [text('brokerName', 'a')], look: lookAtTopics })),
  { code: 216, fields: [text('topic', 'T1'), text('clusterName', 'c1')], look: lookAtTopics },
  { code: 216, fields: [text('topic', 'T1')], look: lookAtTopics },
  { code: 217, fields: [text('topic', 'N')], body: QUEUES, look: lookAtTopics, only5: true },
  { code: 219, fields: [text('namespace', 'n')] },
  { code: 224, fields: [text('cluster', 'c1')] },
  {
    code: 322,
    fields: [
      text('brokerName', 'a'),
      ...brokerKey('exception-text'),
      { name: 'brokerId', good: '0', wrong: NO_LONGS },
    ],
    body: JSON.stringify(dataVersion(1)),
    only5: true,
  },
  { code: 901, fields: [text('clusterName', 'c1'), text('brokerName', 'a')] },
  { code: 904, fields: [text('brokerName', 'a'), ...brokerKey('exception-text')], only5: true },
  // Last, because it leaves names behind.
  {
    code: 103,
    fields: [
      { ...text('brokerName', 'a', PARTIAL), apart: true },
      text('brokerAddr', 'a:1', PARTIAL),
      text('clusterName', 'c1', PARTIAL),
      text('haServerAddr', 'a:1-ha'),
      { name: 'brokerId', good: '0', missing: 'exception-text', wrong: NO_LONGS },
      { name: 'heartbeatTimeoutMillis', good: '100000', unreadable: undefined, wrong: NO_LONGS },
      { name: 'enableActingMaster', good: 'false', wrong: [...NO_INTEGERS, 'TRUE', 'yes', '1'] },
      // True would be true: the body is not compressed.
      { name: 'compressed', good: 'false', wrong: NO_INTEGERS.filter((value) => value !== true) },
      { name: 'bodyCrc32', good: '0', wrong: [...NO_INTEGERS, 5, '-5', '2147483648'] },
      text('__ZONE_NAME', 'z'),
    ],
    body: JSON.stringify({
      topicConfigSerializeWrapper: {
        dataVersion: dataVersion(1),
        topicConfigTable: Object.fromEntries([topic('T1'), topic('T2')]),
      },
    }),
    // The version in the response counts. A question for the same one would differ on purpose (`increment-is-partial`).
    look: () => [clusterInfo(), memberGroup('a'), queryDataVersion(A, dataVersion(2)), route('T1')],
    only5: true,
  },
]

/** Brings the tables back to where every input finds them. */
function restored(index: number): RequestStep[] {
  const topics = [topic('T1'), topic('T2', { sysFlag: 3 })]
  return [
    register({ ...A, acting: null }, { topics, counter: index + 10 }),
    register(
      { name: 'b', addr: 'b:1', cluster: 'c2', acting: null },
      { topics: [topic('T1'), topic('T3')], counter: index + 10 },
    ),
    { code: 100, extFields: { namespace: 'n', key: 'k', value: 'v' } },
  ]
}

/** Every request code with every input that is interesting. */
export const matrix: readonly Sequence[] = [
  {
    name: 'every input of every request',
    steps: [...restored(0), ...subjects.flatMap(stepsOf)],
  },
  {
    name: 'every input of every request that 4.9.7 takes by the same rules',
    releases: ['4.9.7'],
    steps: [...restored(0), ...subjects.filter(({ only5 }) => !only5).flatMap(stepsOf)],
  },
]

function stepsOf(subject: Subject, number: number): RequestStep[] {
  const { look } = subject
  const inputs = inputsOf(subject)
  const good = inputs[0] as RequestStep
  return [
    ...inputs.flatMap((input, index) => {
      const unique = 1_000 * number + index
      return look === undefined ? [input] : [input, ...look(unique), ...restored(unique + 1)]
    }),
    // Last, because nothing waits for the effect of a request without a response.
    ...FLAGS.map((flag) => ({ ...good, flag })),
    // The responses to these show that what came before is done, as far as a request can.
    ...restored(1_000 * number + 900),
  ].map((step) => (step.code === 219 ? { ...step, mayDiffer: EMPTIED } : step))
}
