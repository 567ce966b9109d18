import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashOf, RecordDigest } from '../../src/routeinfo/record-digest.ts'
import type { Registration } from '../../src/routeinfo/registration.ts'
import {
  bucketOf,
  countBuckets,
  countDigest,
  DIGEST_BUCKETS,
  RouteDigest,
  topicsOfBucket,
} from '../../src/routeinfo/route-digest.ts'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { type Step, step } from './random-history.ts'
import { managerWith, openChannel, registration, tableOf, topicConfig } from './route-helpers.ts'

const owner = openChannel(1)

function register(manager: RouteInfoManager, given: Partial<Registration> = {}): void {
  const generation = manager.queue.nextGeneration()
  void manager.registerBroker(registration({ ...given, generation }), false, owner)
}

/** The parts of the digest, as text. */
function partsOf({ digest: { routes, groups, static: mappings } }: RouteInfoManager) {
  return { routes: routes.hex, groups: groups.hex, static: mappings.hex }
}

function digestOf(...records: readonly (readonly (string | number)[])[]): string {
  const digest = new RecordDigest()
  for (const record of records) digest.add(hashOf(record))
  return digest.hex
}

describe('the digest of records', () => {
  test('does not depend on the order of the records', () => {
    expect(digestOf(['a', 1], ['b', 2], ['c', 3])).toBe(digestOf(['c', 3], ['a', 1], ['b', 2]))
  })

  test('counts a record that is there twice', () => {
    expect(digestOf(['a'], ['a'])).not.toBe(digestOf(['a']))
    expect(digestOf(['a'], ['a'])).not.toBe(digestOf())
  })

  test('is empty again when every record has been removed', () => {
    const digest = new RecordDigest()
    const records = [['a', 1], ['b'], ['a', 1]]
    for (const record of records) digest.add(hashOf(record))
    for (const record of records.reverse()) digest.remove(hashOf(record))
    expect(digest.isEmpty).toBe(true)
  })

  test('differs where one field ends and the next one begins elsewhere, and between a number and its text', () => {
    const digests = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['a', 'b', 'c'],
      ['abc', ''],
      [1],
      ['1'],
      ['a\0'],
      ['a'],
    ]
    expect(new Set(digests.map((record) => digestOf(record))).size).toBe(digests.length)
  })

  test('differs for any two different records', () => {
    const field = fc.oneof(fc.string(), fc.integer(), fc.constantFrom('', 'a', 0, -1, 1))
    const record = fc.array(field, { maxLength: 4 })
    fc.assert(
      fc.property(record, record, (one, other) => {
        expect(digestOf(one) === digestOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { numRuns: 1_000 },
    )
  })

  test('has 52 low bits that a double and its decimal text hold exactly', () => {
    const lows = Array.from({ length: 1_000 }, (_, at) => {
      const digest = new RecordDigest()
      digest.add(hashOf([at]))
      expect(digest.low52.toString(16).padStart(13, '0')).toBe(digest.hex.slice(-13))
      expect(Number(`${digest.low52}`)).toBe(digest.low52)
      return digest.low52
    })
    expect(new Set(lows).size).toBe(1_000)
  })
})

describe('the digest of the route tables', () => {
  test('is the one counted from the tables, after any history', async () => {
    const history: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 30 })
    let nonEmpty = 0
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const { manager } = managerWith('whole', { limits: { maxBrokers: 4, maxTopics: 6 } })
        for (const each of steps) {
          try {
            await each(manager)
          } catch {
            // A registration beyond the limits is rejected; the tables are counted as they are.
          }
        }
        expect(await manager.recountDigest()).toBeUndefined()
        if (partsOf(manager).static !== digestOf() && partsOf(manager).routes !== digestOf()) nonEmpty++
      }),
      { numRuns: 300 },
    )
    expect(nonEmpty).toBeGreaterThan(30)
  })

  test('is replaced by the counted one if it has drifted', async () => {
    const { manager } = managerWith('whole')
    register(manager)
    const right = partsOf(manager)
    await manager.read(function* ({ tables }) {
      yield
      tables.digest.changeQueues('T9', undefined, { brokerName: 'b', ...topicConfig('T9') })
      tables.digest.commit()
    }, owner)
    expect(partsOf(manager)).not.toEqual(right)
    const drift = await manager.recountDigest()
    expect(drift?.followed).not.toBe(drift?.counted)
    expect(partsOf(manager)).toEqual(right)
    expect(await manager.recountDigest()).toBeUndefined()
  })

  test('shows the state before a transition until it ends', async () => {
    const { manager, turns } = managerWith('finest')
    const empty = partsOf(manager)
    register(manager, { topicConfigTable: tableOf(new Map(hundredTopics())) })
    expect(turns.waiting).toBe(1)
    expect(partsOf(manager)).toEqual(empty)
    await turns.all()
    expect(partsOf(manager)).not.toEqual(empty)
  })

  test('does not depend on the order of registrations, connections, versions, HA addresses and repetitions', () => {
    const brokers: Partial<Registration>[] = ['a', 'b', 'c'].flatMap((name) => [
      { brokerName: `broker-${name}`, brokerAddr: `${name}:1` },
      { brokerName: `broker-${name}`, brokerAddr: `${name}:2`, brokerId: 1n },
    ])
    fc.assert(
      fc.property(fc.shuffledSubarray(brokers, { minLength: 6 }), (shuffled) => {
        const [plain, other] = [managerWith('whole').manager, managerWith('whole').manager]
        for (const broker of brokers) register(plain, broker)
        for (const [at, broker] of [...shuffled, ...shuffled].entries()) {
          const dataVersion = { counter: BigInt(at), stateVersion: 0n, timestamp: BigInt(1_000 * at) }
          const different = { channelId: 7 + at, nowMs: 5 * at, haServerAddr: `ha:${at}`, zoneName: '' }
          register(other, { ...broker, ...different, dataVersion, enableActingMaster: null })
        }
        expect(partsOf(other)).toEqual(partsOf(plain))
      }),
    )
  })

  const base: Partial<Registration> = {
    topicConfigTable: tableOf(
      new Map([
        ['T1', topicConfig('T1')],
        ['T2', topicConfig('T2')],
      ]),
    ),
  }
  const withTopic = (given: object): Partial<Registration> => ({
    topicConfigTable: tableOf(
      new Map([
        ['T1', topicConfig('T1', given)],
        ['T2', topicConfig('T2')],
      ]),
    ),
  })
  test.each<[string, Partial<Registration>]>([
    ['cluster', { clusterName: 'D' }],
    ['broker name', { brokerName: 'broker-b' }],
    ['broker id', { brokerId: 1n }],
    ['broker address', { brokerAddr: 'b:1' }],
    ['zone', { zoneName: 'z' }],
    ['acting master', { enableActingMaster: true }],
    [
      'topic name',
      {
        topicConfigTable: tableOf(
          new Map([
            ['T1', topicConfig('T1')],
            ['T3', topicConfig('T3')],
          ]),
        ),
      },
    ],
    ['permission', withTopic({ perm: 4 })],
    ['read queues', withTopic({ readQueueNums: 4 })],
    ['write queues', withTopic({ writeQueueNums: 4 })],
    ['system flag', withTopic({ topicSysFlag: 1 })],
  ])('differs with the %s', (_, difference) => {
    const [plain, other] = [managerWith('whole').manager, managerWith('whole').manager]
    register(plain, base)
    register(other, { ...base, ...difference })
    expect(partsOf(other)).not.toEqual(partsOf(plain))
  })

  test('says by its buckets which topics differ', async () => {
    const [one, other] = [managerWith('whole').manager, managerWith('whole').manager]
    const topics = hundredTopics()
    register(one, { topicConfigTable: tableOf(new Map(topics)) })
    register(other, {
      topicConfigTable: tableOf(new Map([...topics, ['T7', topicConfig('T7', { perm: 4 })]])),
    })
    const bucketsOf = async (manager: RouteInfoManager) =>
      (await manager.read(({ tables }) => countBuckets(tables), owner)).map(({ hex }) => hex)
    const [ones, others] = [await bucketsOf(one), await bucketsOf(other)]
    const differing = ones.map((_, at) => at).filter((at) => ones[at] !== others[at])
    expect(ones).toHaveLength(DIGEST_BUCKETS)
    expect(differing).toEqual([bucketOf('T7')])
    const entries = await other.read(({ tables }) => topicsOfBucket(tables, bucketOf('T7')), owner)
    expect(new Map(entries).get('T7')?.get('broker-a')).toMatchObject({ perm: 4 })
  })
})

function hundredTopics(): [string, ReturnType<typeof topicConfig>][] {
  return Array.from({ length: 100 }, (_, at) => [`T${at}`, topicConfig(`T${at}`)])
}

test('the buckets and the digest are counted with a step for each queue and each mapping', () => {
  const queues = new Map(
    Array.from({ length: 50 }, (_, at) => [`b${at}`, { brokerName: `b${at}`, ...topicConfig('T') }]),
  )
  const mapping = {
    topic: 'T',
    scope: null,
    totalQueues: 1,
    bname: 'b',
    epoch: 0n,
    dirty: false,
    currIdMap: null,
  }
  const tables = {
    topicQueueTable: new Map([['T', queues]]),
    brokerAddrTable: new Map(),
    topicQueueMappingInfoTable: new Map([
      ['T', new Map(Array.from({ length: 50 }, (_, at) => [`b${at}`, mapping]))],
    ]),
  }
  expect([...countBuckets(tables)]).toHaveLength(50)
  expect([...countDigest(tables)]).toHaveLength(100)
})

test('a change of one broker hashes no mapping of the others', () => {
  const digest = new RouteDigest()
  const mapping = (epoch: bigint) => ({
    topic: 'T',
    scope: null,
    totalQueues: 1,
    bname: 'b',
    epoch,
    dirty: false,
    currIdMap: null,
  })
  const other = new Proxy(mapping(1n), {
    get: () => {
      throw new Error('read')
    },
  })
  const before = new Map([['other', other]])
  expect(() => digest.changeMappings('T', before, new Map([...before, ['b', mapping(2n)]]))).not.toThrow()
  expect(digest.parts.static.isEmpty).toBe(false)
})
