import { describe, expect, test } from 'vitest'
import type { Finding } from '../../src/inspect/findings/finding.ts'
import { findingsView } from '../../src/inspect/findings-view.ts'
import type { InspectSources } from '../../src/inspect/sources.ts'
import { type Broker, findingsWorld } from './findings-world.ts'

/** Rule, severity and subject of each. */
function brief(findings: readonly Finding[]): string[] {
  return findings.map(({ rule, severity, subject }) => `${severity} ${rule} ${subject}`)
}

const master: Broker = { brokerAddr: '10.0.0.1:10911' }
const slave: Broker = { brokerId: 1n, brokerAddr: '10.0.0.2:10911' }
const other: Broker = { brokerName: 'broker-b', brokerAddr: '10.0.0.3:10911' }

/** What is found in a cluster of these brokers, after what takes longest to be raised. */
async function found(brokers: readonly Broker[]): Promise<readonly Finding[]> {
  const { register, evaluate } = findingsWorld()
  for (const broker of brokers) await register(broker)
  await evaluate()
  return evaluate({ afterMs: 10_000 })
}

describe('a finding', () => {
  test('is raised once its rule has held for the time it must, with an event and a log line', async () => {
    const { register, evaluate, events, lines } = findingsWorld()
    await register(slave)
    expect(await evaluate()).toEqual([])
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
    expect(await evaluate({ afterMs: 5_000 })).toEqual([
      {
        rule: 'missing_master_address',
        severity: 'critical',
        subject: 'broker-a',
        sinceMs: Date.parse('2026-11-28T12:01:01Z'),
        text: 'broker-a of C has no master: slaves serve consumers, but it takes no messages. Start its master (brokerId=0).',
        evidence: { cluster: 'C', members: ['1=10.0.0.2:10911'] },
        command: null,
      },
    ])
    expect(events.list()).toMatchObject([{ kind: 'finding_raised', subject: 'broker-a' }])
    expect(lines).toMatchObject([{ level: 'warn', msg: 'finding raised', rule: 'missing_master_address' }])
  })

  test('keeps its beginning, and is reported once, while it holds', async () => {
    const { register, evaluate, events } = findingsWorld()
    await register({ ...master, topics: { Orders: { perm: 4 } } })
    const [first] = await evaluate()
    const [second] = await evaluate({ afterMs: 5_000 })
    expect(second?.sinceMs).toBe(first?.sinceMs)
    expect(events.added).toBe(1)
  })

  test('is cleared when its rule no longer holds, with an event and a log line', async () => {
    const { register, evaluate, events, lines } = findingsWorld()
    await register({ ...master, topics: { Orders: { perm: 4 } } })
    expect(brief(await evaluate())).toEqual(['warning permission_not_writable Orders'])
    await register({ ...master, topics: { Orders: { perm: 6 } } })
    expect(await evaluate({ afterMs: 20_000 })).toEqual([])
    expect(events.list().at(-1)).toMatchObject({
      kind: 'finding_cleared',
      subject: 'Orders',
      text: 'permission_not_writable, after 20 s',
    })
    expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'finding cleared', lastedSeconds: 20 })
  })

  test('that becomes worse is reported again and keeps its beginning', async () => {
    const { register, evaluate, events } = findingsWorld()
    await register({ ...master, topics: { Orders: { perm: 4 } } })
    await register(other)
    const [partial] = await evaluate()
    expect(partial).toMatchObject({ severity: 'info', subject: 'Orders' })
    await register({ ...other, topics: { Orders: { perm: 4 } } })
    const [everywhere] = await evaluate({ afterMs: 5_000 })
    expect(everywhere).toMatchObject({ severity: 'warning', sinceMs: partial?.sinceMs })
    expect(events.list().map(({ kind }) => kind)).toEqual(['finding_raised', 'finding_raised'])
  })

  test('of a late heartbeat stays for a moment after the heartbeat, so that it does not flicker', async () => {
    const { register, evaluate } = findingsWorld()
    await register(master)
    expect(brief(await evaluate({ afterMs: 66_000, heartbeats: false }))).toEqual([
      'warning heartbeat_late broker-a 10.0.0.1:10911',
    ])
    expect(await evaluate({ afterMs: 10_000 })).toHaveLength(1)
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
  })

  test('about what is missing waits until all brokers have had the time to register', async () => {
    const { register, evaluate } = findingsWorld()
    await register(slave)
    await evaluate({ afterMs: 5_000 })
    expect(await evaluate({ afterMs: 50_000 })).toEqual([])
    await evaluate({ afterMs: 5_000 })
    expect(await evaluate({ afterMs: 10_000 })).toHaveLength(1)
  })

  test('is one of at most a hundred of its kind; the rest is counted', async () => {
    const { register, evaluate, findings } = findingsWorld()
    const topics = Object.fromEntries(Array.from({ length: 130 }, (_, n) => [`T${n}`, { perm: 2 }]))
    await register({ ...master, topics })
    expect(await evaluate()).toHaveLength(100)
    expect(findings.counts).toContainEqual({
      rule: 'permission_not_readable',
      severity: 'warning',
      count: 130,
    })
  })
})

describe('nothing worse than information is found', () => {
  test('in a healthy cluster of masters and slaves with the topics that brokers and clients make', async () => {
    const topics = {
      Orders: {},
      'ns%Orders': {},
      OFFSET_MOVED_EVENT: { readQueueNums: 1, writeQueueNums: 1 },
      RMQ_SYS_TRANS_HALF_TOPIC: { readQueueNums: 1, writeQueueNums: 1 },
      SCHEDULE_TOPIC_XXXX: { readQueueNums: 18, writeQueueNums: 18 },
      SELF_TEST_TOPIC: { readQueueNums: 1, writeQueueNums: 1 },
      C: { perm: 7 },
      C_REPLY_TOPIC: { readQueueNums: 1, writeQueueNums: 1 },
      rmq_sys_wheel_timer: { readQueueNums: 1, writeQueueNums: 1 },
      rmq_sys_REVIVE_LOG_C: { writeQueueNums: 8, readQueueNums: 8 },
      '%RETRY%group': { readQueueNums: 1, writeQueueNums: 1 },
    }
    const deadLetters = { '%DLQ%group': { perm: 2, readQueueNums: 1, writeQueueNums: 1 } }
    const all = await found([
      { ...master, topics: { ...topics, ...deadLetters } },
      { ...slave, topics },
      { ...other, topics: { ...topics, rmq_sys_wheel_timer: { perm: 4 } } },
      { ...other, brokerId: 1n, brokerAddr: '10.0.0.4:10911', topics },
    ])
    expect(all).toEqual([])
  })

  test('in one broker on the machine of the server', async () => {
    expect(await found([{ brokerAddr: '192.168.1.7:10911', from: '127.0.0.1:50000' }])).toEqual([])
    expect(await found([{ brokerAddr: '127.0.0.1:10911', from: '127.0.0.1:50000' }])).toEqual([])
  })

  test('while a master restarts within ten seconds', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(slave)
    await evaluate()
    manager.onChannelsDestroy([1])
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
    await register(master)
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
  })

  test('in a broker that registers every sixty seconds', async () => {
    const { register, evaluate } = findingsWorld()
    await register(master)
    expect(await evaluate({ afterMs: 61_000, heartbeats: false })).toEqual([])
  })
})

describe('brokers', () => {
  test('of two clusters with one name are a critical finding', async () => {
    const [finding] = await found([master, { ...slave, clusterName: 'D' }])
    expect(finding).toMatchObject({
      rule: 'broker_name_in_two_clusters',
      severity: 'critical',
      subject: 'broker-a',
      evidence: { members: ['C=10.0.0.1:10911', 'D=10.0.0.2:10911'] },
      command: 'brokerName=broker-a-D',
    })
  })

  test('of two names with one address are a warning', async () => {
    const all = await found([master, { ...master, brokerName: 'broker-b', clusterName: 'D' }])
    expect(all).toContainEqual(
      expect.objectContaining({
        rule: 'duplicate_broker_address',
        severity: 'warning',
        subject: '10.0.0.1:10911',
        evidence: { address: '10.0.0.1:10911', brokerNames: ['broker-a', 'broker-b'] },
      }),
    )
  })

  test('that announce the address of their container are a warning, with the line for broker.conf', async () => {
    const [finding] = await found([{ brokerAddr: '172.17.0.3:10911', from: '10.0.0.7:40000' }])
    expect(finding).toMatchObject({
      rule: 'announced_address_differs',
      severity: 'warning',
      subject: 'broker-a 172.17.0.3:10911',
      evidence: { cluster: 'C', announced: '172.17.0.3:10911', registeredFrom: '10.0.0.7:40000' },
      command: 'brokerIP1=10.0.0.7',
    })
    expect(finding?.text).toContain('172.17.0.3:10911, which is in a range of Docker')
  })

  test('without heartbeats that are unreachable are a critical finding', async () => {
    const suspect = {
      clusterName: 'C',
      brokerName: 'broker-a',
      brokerAddr: '10.0.0.1:10911',
      error: 'connect ECONNREFUSED',
    }
    const { evaluate } = findingsWorld({ suspects: () => [{ ...suspect, peer: '10.0.0.9:1' }] })
    expect(await evaluate()).toMatchObject([
      {
        rule: 'announced_address_unreachable',
        severity: 'critical',
        evidence: { cluster: 'C', error: 'connect ECONNREFUSED', registeredFrom: '10.0.0.9:1' },
        command: 'brokerIP1=10.0.0.9',
      },
    ])
  })
})

describe('topics', () => {
  test('none of which is writable on a broker are one warning about the broker', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(other)
    await manager.setWritePerm('broker-b', 'wipe', { closed: false })
    expect(await evaluate()).toMatchObject([
      {
        rule: 'permission_not_writable',
        severity: 'warning',
        subject: 'broker-b',
        evidence: { cluster: 'C', topics: 3 },
        command: 'mqadmin addWritePerm -n "$NAMESRV_ADDR" -b broker-b',
      },
    ])
  })

  test('that are not writable on one of their brokers are information, with the command', async () => {
    const [finding] = await found([{ ...master, topics: { Orders: { perm: 4 } } }, other])
    expect(finding).toMatchObject({
      severity: 'info',
      subject: 'Orders',
      evidence: { brokers: ['broker-a: perm 4'] },
      command: 'mqadmin updateTopicPerm -n "$NAMESRV_ADDR" -t Orders -b 10.0.0.1:10911 -p 6',
    })
  })

  test('of a group without master are not reported as unwritable, because the master is what is missing', async () => {
    const all = await found([{ ...slave, enableActingMaster: true }])
    expect(brief(all)).toEqual(['critical missing_master_address broker-a'])
    expect(all[0]?.text).toContain('a slave acts as master for consumers')
  })

  test.each<[string, object, string]>([
    [
      'more write than read queues',
      { writeQueueNums: 16, readQueueNums: 8 },
      'warning read_write_queue_mismatch Orders',
    ],
    [
      'more read than write queues',
      { writeQueueNums: 4, readQueueNums: 8 },
      'info read_write_queue_mismatch Orders',
    ],
    ['no read permission', { perm: 2 }, 'warning permission_not_readable Orders'],
    ['no write permission', { perm: 4 }, 'warning permission_not_writable Orders'],
  ])('with %s are found', async (_, queues, expected) => {
    expect(brief(await found([{ ...master, topics: { Orders: queues } }]))).toEqual([expected])
  })

  test('with at most half as many write queues on one broker as on another are found', async () => {
    const few = { Orders: { writeQueueNums: 4, readQueueNums: 4 } }
    const some = { Orders: { writeQueueNums: 5, readQueueNums: 5 } }
    expect(brief(await found([master, { ...other, topics: few }]))).toEqual(['info write_queue_skew Orders'])
    expect(await found([master, { ...other, topics: some }])).toEqual([])
  })

  test('on one of several broker groups of a cluster are found', async () => {
    const [finding] = await found([{ ...master, topics: { Alone: {} } }, other])
    expect(finding).toMatchObject({
      rule: 'single_broker_route',
      subject: 'Alone',
      command: 'mqadmin updateTopic -n "$NAMESRV_ADDR" -t Alone -c C -r 8 -w 8',
    })
    expect(await found([{ ...master, topics: { Alone: {} } }])).toEqual([])
  })

  test('of static queues that are on no broker are found', async () => {
    const mapping = (bname: string, epoch: bigint, ids: number[]) => ({
      topic: 'Static',
      scope: '__global__',
      totalQueues: 4,
      bname,
      epoch,
      dirty: false,
      currIdMap: new Map(ids.map((id) => [id, 0])),
    })
    const on = (bname: string, epoch: bigint, ids: number[]): Broker => ({
      topics: { Static: {} },
      topicQueueMappingInfoMap: new Map([['Static', mapping(bname, epoch, ids)]]),
    })
    const whole = [
      { ...master, ...on('broker-a', 1n, [0, 1, 2, 3]) },
      { ...other, ...on('broker-b', 2n, [2, 3]) },
    ]
    expect(await found(whole)).toEqual([])
    const hole = [
      { ...master, ...on('broker-a', 1n, [0, 1]) },
      { ...other, ...on('broker-b', 1n, [3]) },
    ]
    expect(await found(hole)).toMatchObject([
      {
        rule: 'static_topic_hole',
        subject: 'Static',
        evidence: { totalQueues: 4, holes: 1, firstQueueIds: ['2'], missingBrokers: [] },
      },
    ])
  })
})

test.each([
  [15, undefined],
  [14, 'warning'],
  [3, 'critical'],
  [-1, 'critical'],
])('a certificate with %d days left is found as %s', async (days, severity) => {
  const notAfterMs = Date.parse('2026-11-28T12:01:01Z') + days * 86_400_000
  const { evaluate } = findingsWorld({ certificate: () => ({ path: '/etc/tls/server.pem', notAfterMs }) })
  const [finding] = await evaluate()
  expect(finding?.severity).toBe(severity)
  if (finding !== undefined) expect(finding.evidence).toMatchObject({ daysLeft: days })
})

test('names of peers are quoted in commands, and none is shown with control characters', async () => {
  const topics = { "a'; reboot #": { perm: 4 }, 'b\u001b[2J': { perm: 4 }, '-c': { perm: 4 } }
  const all = await found([{ ...master, topics }])
  expect(all.map(({ command }) => command)).toEqual([
    null,
    `mqadmin updateTopicPerm -n "$NAMESRV_ADDR" -t 'a'\\''; reboot #' -b 10.0.0.1:10911 -p 6`,
    null,
  ])
})

test('a name of a megabyte is cut', async () => {
  const [finding] = await found([{ ...slave, brokerName: 'x'.repeat(1_000_000) }])
  expect(JSON.stringify(finding).length).toBeLessThan(3_000)
})

test('the view lists findings, what they are of, and what is checked, and selects by severity and rule', async () => {
  const { register, evaluate, findings } = findingsWorld()
  await register({ ...master, topics: { Orders: { perm: 4 }, Shrunk: { writeQueueNums: 4 } } })
  await evaluate()
  const view = findingsView({ findings } as InspectSources)
  const read = (query: string) =>
    view.read({ path: {}, query: new URLSearchParams(query), owner: { closed: false } })
  expect(read('severity=info')).toMatchObject({
    counts: [
      { rule: 'read_write_queue_mismatch', severity: 'info', count: 1 },
      { rule: 'permission_not_writable', severity: 'warning', count: 1 },
    ],
    findings: [{ rule: 'read_write_queue_mismatch', subject: 'Shrunk', since: '2026-11-28T12:01:01.000Z' }],
  })
  expect(read('rule=permission_not_writable')).toMatchObject({ findings: [{ subject: 'Orders' }] })
  expect(() => read('rule=no_such')).toThrow('rule="no_such" is not one of missing_master_address, ')
})
