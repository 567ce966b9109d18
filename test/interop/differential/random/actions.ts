import fc from 'fast-check'

/** Which broker: indexes into the names of a world, so that a sequence can be played again under other names. */
export interface BrokerChoice {
  readonly name: number
  readonly address: number
  readonly cluster: number
  /** Decimal text of an int64. */
  readonly id: string
}

/** How a registration is written: by 5.x and 4.9 brokers, plain and compressed, and as before 3.0.11. */
export type RegistrationForm = 'json' | 'compressed' | '4.9' | '4.9 compressed' | 'bare'

export interface QueueChoice {
  readonly topic: number
  readonly perm: number
  readonly queues: number
}

export interface RegisterAction {
  readonly kind: 'register'
  readonly broker: BrokerChoice
  /** Each broker has two connections of its own: brokers that share one differ on purpose (`shared-connection-removes-all`). */
  readonly connection: number
  readonly form: RegistrationForm
  readonly binary: boolean
  readonly topics: readonly QueueChoice[]
  readonly counter: number
  readonly stateVersion: number
  readonly acting: boolean | null
  readonly zone: number | null
  readonly heartbeatTimeoutMillis: string | null
  readonly filterServers: number | null
  /** Topics with a static mapping. */
  readonly mapped: readonly number[]
}

/** One step of a random sequence; numbers are indexes into the names of a world. */
export type Action =
  | RegisterAction
  | { readonly kind: 'unregister'; readonly broker: BrokerChoice; readonly binary: boolean }
  | { readonly kind: 'close'; readonly broker: BrokerChoice; readonly connection: number; readonly how: How }
  | { readonly kind: 'query version'; readonly broker: BrokerChoice; readonly counter: number }
  | { readonly kind: 'heartbeat'; readonly broker: BrokerChoice }
  | { readonly kind: 'route'; readonly topic: number; readonly version: number; readonly binary: boolean }
  | { readonly kind: 'member group'; readonly name: number; readonly cluster: number }
  | { readonly kind: 'write permission'; readonly name: number; readonly code: 205 | 327 }
  | { readonly kind: 'delete topic'; readonly topic: number; readonly cluster: number | null }
  | { readonly kind: 'register topic'; readonly topic: number; readonly queues: readonly BrokerQueue[] }
  | {
      readonly kind: 'put kv'
      readonly namespace: number
      readonly key: number
      readonly value: string | null
    }
  | { readonly kind: 'get kv' | 'delete kv'; readonly namespace: number; readonly key: number }

/** How a connection ends: orderly, by a reset, or because a frame on it cannot be read. */
export type How = 'end' | 'reset' | 'bad frame'

export interface BrokerQueue {
  /** One more than there are brokers: an unknown one. */
  readonly name: number
  readonly perm: number
  readonly queues: number
}

/** What kind of sequences: all that 5.x knows, or only that in which 4.9.7 has the same rules. */
export type Dialect = '5.x' | '4.9'

const index = (count: number): fc.Arbitrary<number> => fc.nat({ max: count - 1 })
const seldom = <Value>(usual: Value, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 5 }, { arbitrary: other, weight: 1 })

const queueChoice = fc.record({ topic: index(7), perm: index(5), queues: index(3) })
const code205or327 = fc.constantFrom(205 as const, 327 as const)

/** In most cases the id and the address of a broker go together; roles and addresses change now and then. */
const broker5: fc.Arbitrary<BrokerChoice> = fc
  .record({
    name: index(3),
    member: fc.constantFrom(0, 0, 0, 1, 1, 2),
    cluster: seldom(0, index(2)),
    id: seldom<string | null>(null, fc.constantFrom('0', '1', '2', '-1', '10', '9007199254740993')),
    address: seldom<number | null>(null, index(4)),
  })
  .map(({ name, member, cluster, id, address }) => ({
    name,
    cluster,
    id: id ?? String(member),
    address: address ?? member,
  }))

/** In 4.9.7 an unregistration is by id, not by address, and a broker is identified without its cluster. */
const broker4: fc.Arbitrary<BrokerChoice> = fc
  .record({ name: index(3), member: index(3) })
  .map(({ name, member }) => ({ name, cluster: name % 2, id: String(member), address: member }))

const register5 = fc.record<RegisterAction>({
  kind: fc.constant('register'),
  broker: broker5,
  connection: index(2),
  form: seldom('json', fc.constantFrom('compressed', '4.9', '4.9 compressed', 'bare')),
  binary: fc.boolean(),
  topics: fc.array(queueChoice, { maxLength: 5 }),
  counter: fc.integer({ min: 1, max: 3 }),
  stateVersion: seldom(0, index(3)),
  acting: fc.constantFrom(true, true, false, null),
  zone: seldom<number | null>(null, index(2)),
  heartbeatTimeoutMillis: seldom<string | null>(null, fc.constantFrom('600000', 'x', '1e9')),
  filterServers: seldom<number | null>(0, fc.constantFrom(1, 2, null)),
  mapped: seldom<readonly number[]>([], fc.array(index(3), { maxLength: 2 })),
})

/**
 * 4.9.7 takes all topics of a registration with a new version and none of one with a known version, and has no guard against
 * increments: every registration has a version of its own there and two topics or none. It has no acting masters either.
 */
const register4 = fc
  .tuple(register5, broker4, fc.constantFrom('4.9', '4.9 compressed', 'bare'), fc.nat({ max: 1e9 }))
  .map(
    ([action, broker, form, counter]): RegisterAction => ({
      ...action,
      broker,
      form: form as RegistrationForm,
      counter: 10 + counter,
      topics: [
        { topic: 0, perm: 0, queues: 0 },
        { topic: 1, perm: 1, queues: 1 },
        ...action.topics.filter(({ topic }) => topic > 1),
      ],
      acting: null,
      stateVersion: 0,
      zone: null,
      heartbeatTimeoutMillis: null,
      mapped: [],
    }),
  )

function actionOf(dialect: Dialect): fc.Arbitrary<Action> {
  const broker = dialect === '5.x' ? broker5 : broker4
  const register: fc.Arbitrary<Action> = dialect === '5.x' ? register5 : register4
  const topic = index(7)
  const only5: { arbitrary: fc.Arbitrary<Action>; weight: number }[] = [
    { arbitrary: fc.record({ kind: fc.constant('heartbeat'), broker }), weight: 1 },
    {
      arbitrary: fc.record({ kind: fc.constant('member group'), name: index(3), cluster: index(2) }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('register topic'),
        topic,
        queues: fc.array(fc.record({ name: index(4), perm: index(5), queues: index(3) }), { maxLength: 3 }),
      }),
      weight: 3,
    },
  ]
  return fc.oneof(
    { arbitrary: register, weight: 16 },
    {
      arbitrary: fc.record({ kind: fc.constant('unregister'), broker, binary: fc.boolean() }),
      weight: 5,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('close'),
        broker,
        connection: index(2),
        how: fc.constantFrom('end', 'reset', 'bad frame'),
      }),
      weight: 4,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('query version'),
        broker,
        counter: fc.integer({ min: 1, max: 3 }),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('route'),
        topic,
        version: fc.constantFrom(513, 401, 400, 0, -1),
        binary: fc.boolean(),
      }),
      weight: 2,
    },
    {
      arbitrary: fc.record({ kind: fc.constant('write permission'), name: index(3), code: code205or327 }),
      weight: 2,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('delete topic'),
        topic,
        cluster: fc.constantFrom(null, 0, 1),
      }),
      weight: 2,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('put kv'),
        namespace: index(3),
        key: index(3),
        value: fc.constantFrom('v', '', 'a:4;b:8', 'é"/\u0085', null),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        kind: fc.constantFrom('get kv', 'delete kv'),
        namespace: index(3),
        key: index(3),
      }),
      weight: 1,
    },
    ...(dialect === '5.x' ? only5 : []),
  )
}

/** Sequences of up to a hundred steps, fifty on average. */
export function actionsOf(dialect: Dialect): fc.Arbitrary<Action[]> {
  return fc.array(actionOf(dialect), { minLength: 1, maxLength: 100, size: 'max' })
}
