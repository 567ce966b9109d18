import { describe, expect, test } from 'vitest'
import { takeCensus } from '../../src/inspect/connections/census.ts'
import type { Finding } from '../../src/inspect/findings/finding.ts'
import { type HolesOfBroker, noteHoles } from '../../src/inspect/findings/static-topic-rule.ts'
import { findingsView } from '../../src/inspect/findings-view.ts'
import type { PeerState } from '../../src/inspect/peers-view.ts'
import type { InspectSources } from '../../src/inspect/sources.ts'
import { readRouteSnapshot } from '../../src/routeinfo/snapshot/snapshot-text.ts'
import type { OpenConnection } from '../../src/stats/connections.ts'
import { openChannel, registration, topicTable } from '../routeinfo/route-helpers.ts'
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
  return evaluate({ afterMs: 60_000 })
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
        text: 'broker-a of C has no master: slaves serve consumers, but it accepts no messages. Start its master (brokerId=0).',
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
    expect(brief(await evaluate())).toEqual(['warning permission_not_writable broker-a'])
    await register({ ...master, topics: { Orders: { perm: 6 } } })
    expect(await evaluate({ afterMs: 20_000 })).toEqual([])
    expect(events.list().at(-1)).toMatchObject({
      kind: 'finding_cleared',
      subject: 'broker-a',
      text: 'permission_not_writable, after 20 s',
    })
    expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'finding cleared', lastedSeconds: 20 })
  })

  test('that becomes worse is reported again and keeps its beginning', async () => {
    const { register, evaluate, events } = findingsWorld()
    await register({ ...master, topics: { Orders: { perm: 4 } } })
    await register(other)
    const [partial] = await evaluate()
    expect(partial).toMatchObject({ severity: 'info', subject: 'broker-a' })
    await register({ ...other, topics: { Orders: { perm: 4 } } })
    const [everywhere] = await evaluate({ afterMs: 5_000 })
    expect(everywhere).toMatchObject({ severity: 'warning', sinceMs: partial?.sinceMs })
    expect(events.list().map(({ kind, subject }) => [kind, subject])).toEqual([
      ['finding_raised', 'broker-a'],
      ['finding_raised', 'broker-a'],
      ['finding_raised', 'broker-b'],
    ])
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

  test('of a late heartbeat names the reason if the registration of the broker is rejected', async () => {
    const { register, evaluate, history } = findingsWorld()
    await register(master)
    await evaluate({ afterMs: 60_000, heartbeats: false })
    const broker = { brokerName: 'broker-a', brokerAddr: '10.0.0.1:10911' }
    const rejection = { ...broker, by: '10.0.0.1:5000', limit: undefined }
    history.onRegistrationRejected({ ...rejection, reason: 'access: profile strict; not signed' })
    expect(await evaluate({ afterMs: 6_000, heartbeats: false })).toMatchObject([
      {
        text: 'broker-a at 10.0.0.1:10911 has sent no heartbeat for 66 s and will be removed after 120 s. Its registration from 10.0.0.1:5000 is rejected: access: profile strict; not signed.',
        command: 'mqnamesrv broker explain broker-a',
      },
    ])
  })

  test('about what is missing waits until all brokers have had the time to register', async () => {
    const { register, evaluate } = findingsWorld()
    await register(slave)
    await evaluate({ afterMs: 5_000 })
    expect(await evaluate({ afterMs: 50_000 })).toEqual([])
    await evaluate({ afterMs: 5_000 })
    expect(await evaluate({ afterMs: 10_000 })).toHaveLength(1)
  })

  test('is not counted before its time if there are more than a hundred of its kind, either', async () => {
    const { register, evaluate, findings } = findingsWorld()
    await evaluate()
    for (let n = 0; n < 130; n++)
      await register({ ...slave, brokerName: `broker-${n}`, brokerAddr: `10.0.1.${n}:10911`, topics: {} })
    const count = () => findings.counts.find(({ rule }) => rule === 'missing_master_address')?.count
    await evaluate({ afterMs: 1_000 })
    expect(count()).toBe(0)
    await evaluate({ afterMs: 10_000 })
    expect(count()).toBe(130)
  })

  test('is one of at most a hundred of its kind; the rest is counted', async () => {
    const { register, evaluate, findings } = findingsWorld()
    const topics = { Orders: { perm: 2 } }
    for (let n = 0; n < 130; n++)
      await register({ ...master, brokerName: `broker-${n}`, brokerAddr: `10.0.1.${n}:10911`, topics })
    const rule = 'permission_not_readable'
    expect((await evaluate()).filter((each) => each.rule === rule)).toHaveLength(100)
    expect(findings.counts).toContainEqual({ rule, severity: 'warning', count: 130 })
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

  test('of a group that a rejected registration has left without members', async () => {
    const { manager, evaluate } = findingsWorld()
    const rejected = registration({ generation: 1, topicConfigTable: topicTable(['T']) })
    expect((await manager.registerBroker(rejected, false, openChannel(1))).result).toBeNull()
    expect(manager.tableSizes.brokerAddrTable).toBe(1)
    await evaluate()
    expect(await evaluate({ afterMs: 10_000 })).toEqual([])
  })

  test('in a server that has never had a broker', async () => {
    expect(await found([])).toEqual([])
  })

  test('while the only broker restarts within ten seconds', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await evaluate()
    manager.onChannelsDestroy([1])
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
    await register(master)
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
    expect(await evaluate({ afterMs: 10_000 })).toEqual([])
  })

  test('in a broker that has moved to another cluster', async () => {
    expect(await found([master, { ...master, clusterName: 'D' }])).toEqual([])
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
    const { evaluate, register } = findingsWorld({
      suspicionOf: (clusterName, brokerAddr) =>
        `${clusterName} ${brokerAddr}` === 'C 10.0.0.1:10911' ? 'connect ECONNREFUSED' : undefined,
    })
    await register({ ...master, from: '10.0.0.9:1' })
    await register(slave)
    expect(await evaluate()).toMatchObject([
      {
        rule: 'announced_address_unreachable',
        severity: 'critical',
        subject: 'broker-a 10.0.0.1:10911',
        evidence: { cluster: 'C', error: 'connect ECONNREFUSED', registeredFrom: '10.0.0.9:1' },
        command: 'brokerIP1=10.0.0.9',
      },
    ])
  })
})

describe('no broker at all is a critical finding', () => {
  test('once the last one has left, until one registers', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(slave)
    await register(other)
    manager.onChannelsDestroy([1, 2])
    await evaluate()
    manager.onChannelsDestroy([3])
    expect(brief(await evaluate({ afterMs: 5_000 }))).not.toContain('critical no_brokers n')
    expect(await evaluate({ afterMs: 10_000 })).toEqual([
      {
        rule: 'no_brokers',
        severity: 'critical',
        subject: 'n',
        sinceMs: Date.parse('2026-11-28T12:01:06Z'),
        text: 'No broker is registered: clients find no topic. 3 brokers left; the last one, broker-b at 10.0.0.3:10911 (id 0), lost its connection to this server (killed, crashed or network failure) at 2026-11-28T12:01:01Z. Start the brokers, or see whether they reach this server and have it in their namesrvAddr.',
        evidence: {
          left: 3,
          notReturned: 0,
          lastDeparture: '2026-11-28T12:01:01.000Z',
          brokerNames: ['broker-a', 'broker-b'],
        },
        command: 'mqnamesrv broker explain broker-b',
      },
    ])
    await register(master)
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
  })

  test('once no broker of the route snapshot has returned', async () => {
    const before = findingsWorld()
    for (const broker of [master, slave, other]) await before.register(broker)
    const { text } = await before.manager.snapshot(1_000_000)
    const { manager, evaluate } = findingsWorld()
    manager.restore(readRouteSnapshot([...text].join('').split('\n').slice(0, -1), 1_000_000, 120_000))
    expect(await evaluate()).toEqual([])
    expect(await evaluate({ afterMs: 10_000 })).toEqual([])
    await manager.endRestoration(1_120_001)
    await evaluate({ afterMs: 50_000 })
    const findings = await evaluate({ afterMs: 10_000 })
    expect(findings).toMatchObject([
      { rule: 'no_brokers', severity: 'critical', evidence: { left: 0, notReturned: 3 } },
    ])
    expect(findings[0]?.text).toMatch(
      / 3 brokers did not return after the restart of this server; the last one, /,
    )
  })

  test('that counts a broker once, however often it left and whatever its address or name was', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register({ ...master, brokerAddr: '10.0.0.8:10911' })
    manager.onChannelsDestroy([1])
    manager.onChannelsDestroy([2])
    await register(master)
    await register({ ...master, brokerName: 'broker-new' })
    manager.onChannelsDestroy([4])
    await evaluate()
    const findings = await evaluate({ afterMs: 10_000 })
    expect(findings.find(({ rule }) => rule === 'no_brokers')?.evidence).toMatchObject({
      left: 1,
      brokerNames: ['broker-new'],
    })
  })
})

describe('a rejected registration is a warning', () => {
  const rejection = {
    brokerName: 'broker-b',
    brokerAddr: '10.0.0.3:10911',
    by: '10.0.0.3:40000',
    limit: 'maxTopics',
    reason: 'maxTopics (2) exceeded: there would be 4 topics',
  }
  const rejected = (findings: readonly Finding[]) =>
    findings.filter(({ rule }) => rule === 'registration_rejected')
  type World = ReturnType<typeof findingsWorld>
  /** Rejects it as often as a broker repeats it by default. */
  const repeated = async (
    { history, evaluate }: Pick<World, 'history' | 'evaluate'>,
    {
      times,
      ...changes
    }: Partial<Parameters<World['history']['onRegistrationRejected']>[0]> & { times: number },
  ): Promise<readonly Finding[]> => {
    let findings: readonly Finding[] = []
    for (let n = 0; n < times; n++) {
      history.onRegistrationRejected({ ...rejection, ...changes })
      findings = rejected(await evaluate({ afterMs: 30_000 }))
    }
    return findings
  }

  test('once it has been repeated for a minute and a half, until one is accepted', async () => {
    const world = findingsWorld()
    const { register, evaluate } = world
    await register(master)
    expect(await repeated(world, { times: 3 })).toEqual([])
    expect(await repeated(world, { times: 1 })).toMatchObject([
      {
        severity: 'warning',
        subject: 'broker-b 10.0.0.3:10911',
        text: 'The registration of broker-b at 10.0.0.3:10911 is rejected: maxTopics (2) exceeded: there would be 4 topics. Until that is mended, clients do not find it here.',
        evidence: { from: '10.0.0.3:40000', last: '2026-11-28T12:01:30.000Z', limit: 'maxTopics' },
        command: 'mqnamesrv broker explain broker-b',
      },
    ])
    await register(other)
    expect(rejected(await evaluate({ afterMs: 5_000 }))).toEqual([])
  })

  test('but not after the attempts of a broker that was started by mistake and stopped at once', async () => {
    const { register, evaluate, history } = findingsWorld()
    await register(master)
    // The first two registrations of a broker: at its start, and ten seconds later.
    for (const _ of ['at its start', 'ten seconds later']) {
      history.onRegistrationRejected(rejection)
      expect(rejected(await evaluate({ afterMs: 10_000 }))).toEqual([])
    }
    for (let n = 0; n < 24; n++) expect(rejected(await evaluate({ afterMs: 5_000 }))).toEqual([])
  })

  test('of a broker with the longest period that brokers have', async () => {
    const { register, evaluate, history } = findingsWorld()
    await register(master)
    let findings: readonly Finding[] = []
    for (let n = 0; n < 20; n++) {
      if (n % 12 === 0) history.onRegistrationRejected(rejection)
      findings = rejected(await evaluate({ afterMs: 5_000 }))
    }
    expect(findings).toHaveLength(1)
  })

  test('of each broker of a name, although they take turns', async () => {
    const { register, evaluate, history } = findingsWorld()
    await register(master)
    let findings: readonly Finding[] = []
    for (let n = 0; n < 20; n++) {
      const isMaster = n % 2 === 0
      history.onRegistrationRejected({ ...rejection, ...(!isMaster && { brokerAddr: '10.0.0.4:10911' }) })
      findings = await evaluate({ afterMs: 5_000 })
    }
    expect(rejected(findings).map(({ subject }) => subject)).toEqual([
      'broker-b 10.0.0.3:10911',
      'broker-b 10.0.0.4:10911',
    ])
  })

  test('but not if a live broker is registered, and another host sends what is rejected', async () => {
    const world = findingsWorld()
    await world.register(other)
    await world.evaluate({ afterMs: 1_000 })
    const stranger = { by: 'guest (192.0.2.66:40000)', byHost: '192.0.2.66' }
    expect(await repeated(world, { ...stranger, times: 5 })).toEqual([])
    expect(await repeated(world, { times: 5 })).toHaveLength(1)
  })

  test('of a registered broker is about its changes', async () => {
    const world = findingsWorld()
    await world.register(other)
    await world.evaluate({ afterMs: 1_000 })
    const [finding] = await repeated(world, { times: 4 })
    expect(finding?.text).toMatch(/ Until that is mended, changes of its topics do not take effect\.$/)
  })

  test('not if the registration guard rejects it, or it was the last one 75 seconds ago', async () => {
    const world = findingsWorld()
    await world.register(master)
    expect(await repeated(world, { limit: undefined, isDisputed: true, times: 5 })).toEqual([])
    expect(await repeated(world, { times: 4 })).toHaveLength(1)
    expect(rejected(await world.evaluate({ afterMs: 44_000 }))).toHaveLength(1)
    expect(rejected(await world.evaluate({ afterMs: 1_000 }))).toEqual([])
  })
})

describe('a lost broker is a warning', () => {
  const lost = (findings: readonly Finding[]) => findings.filter(({ rule }) => rule === 'broker_lost')

  test('once it has been away for half a minute, until it registers again', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register({ ...other, topics: { Bills: {} } })
    await evaluate()
    manager.onChannelsDestroy([2])
    await evaluate({ afterMs: 5_000 })
    expect(await evaluate({ afterMs: 29_000 })).toEqual([])
    expect(await evaluate({ afterMs: 1_000 })).toEqual([
      {
        rule: 'broker_lost',
        severity: 'warning',
        subject: 'broker-b 10.0.0.3:10911',
        sinceMs: Date.parse('2026-11-28T12:01:06Z'),
        text: 'broker-b at 10.0.0.3:10911 (id 0) lost its connection to this server (killed, crashed or network failure) at 2026-11-28T12:01:01Z and has not come back. 4 topics lost their queues there. Start it, or see why it does not register. A broker that is given up is listed for a day.',
        evidence: { cluster: 'C', cause: 'connection lost', left: '2026-11-28T12:01:01.000Z', topics: 4 },
        command: 'mqnamesrv broker explain broker-b',
      },
    ])
    await register(other)
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
  })

  test('for a day at most', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(other)
    manager.onChannelsDestroy([2])
    await evaluate()
    expect(lost(await evaluate({ afterMs: 86_339_000 }))).toHaveLength(1)
    expect(lost(await evaluate({ afterMs: 1_000 }))).toEqual([])
  })

  test('not if it asked to leave, or another address has taken its place', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(other)
    const generation = manager.queue.nextGeneration()
    const leaving = { clusterName: 'C', brokerName: 'broker-b', brokerAddr: '10.0.0.3:10911', brokerId: 0n }
    manager.submitUnRegisterBrokerRequest({ ...leaving, reason: 'request', generation })
    manager.onChannelsDestroy([1])
    await register({ ...master, brokerAddr: '10.0.0.8:10911' })
    await evaluate()
    expect(lost(await evaluate({ afterMs: 60_000 }))).toEqual([])
  })

  test('also if a slave took over its id as master, until it returns as a slave', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(slave)
    await evaluate()
    manager.onChannelsDestroy([1])
    await evaluate({ afterMs: 1_000 })
    await register({ ...slave, brokerId: 0n })
    await evaluate({ afterMs: 5_000 })
    expect(lost(await evaluate({ afterMs: 60_000 }))).toMatchObject([{ subject: 'broker-a 10.0.0.1:10911' }])
    await register({ ...master, brokerId: 1n })
    expect(await evaluate({ afterMs: 5_000 })).toEqual([])
  })

  test('also if the slave that took over had been restarted before, and is restarted again', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(slave)
    await evaluate()
    manager.onChannelsDestroy([2])
    await evaluate({ afterMs: 1_000 })
    await register(slave)
    await evaluate()
    manager.onChannelsDestroy([1])
    await evaluate({ afterMs: 1_000 })
    await register({ ...slave, brokerId: 0n })
    await evaluate({ afterMs: 5_000 })
    expect(lost(await evaluate({ afterMs: 60_000 }))).toMatchObject([{ subject: 'broker-a 10.0.0.1:10911' }])
    manager.onChannelsDestroy([4])
    await register({ ...slave, brokerId: 0n })
    expect(lost(await evaluate({ afterMs: 60_000 }))).toMatchObject([{ subject: 'broker-a 10.0.0.1:10911' }])
  })

  test('at its last address, if it has moved', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    for (const [index, brokerAddr] of ['10.0.0.3:10911', '10.0.0.4:10911'].entries()) {
      await register({ ...other, brokerAddr })
      await evaluate()
      manager.onChannelsDestroy([index + 2])
      await evaluate()
    }
    expect(lost(await evaluate())).toMatchObject([{ subject: 'broker-b 10.0.0.4:10911' }])
  })

  test('not if it has come back under another name', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(other)
    manager.onChannelsDestroy([2])
    await evaluate()
    await register({ ...other, brokerName: 'broker-c' })
    await evaluate()
    expect(lost(await evaluate({ afterMs: 60_000 }))).toEqual([])
  })

  test('also if another broker of its name leaves and comes back often', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(slave)
    manager.onChannelsDestroy([2])
    for (let channel = 1; channel < 11; channel++) {
      manager.onChannelsDestroy([channel === 1 ? 1 : channel + 1])
      await register(master)
      await evaluate()
    }
    expect(lost(await evaluate())).toMatchObject([{ subject: 'broker-a 10.0.0.2:10911' }])
  })

  test('not a second finding beside a missing master', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(slave)
    manager.onChannelsDestroy([1])
    await evaluate()
    expect(brief(await evaluate({ afterMs: 60_000 }))).toEqual(['critical missing_master_address broker-a'])
  })
})

describe('the past of brokers', () => {
  test('says when and why the master left that is missing', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    await register(slave)
    manager.onChannelsDestroy([1])
    await evaluate()
    const [finding] = await evaluate({ afterMs: 10_000 })
    expect(finding?.text).toBe(
      'broker-a of C has no master: slaves serve consumers, but it accepts no messages. Its master 10.0.0.1:10911 left at 2026-11-28T12:00:00.000Z (connection lost). Start its master (brokerId=0).',
    )
  })

  test('of three departures within ten minutes is a warning, until they are longer ago', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(other)
    for (let n = 2; n <= 4; n++) {
      await register(master)
      expect(await evaluate({ afterMs: 100_000 })).toEqual([])
      manager.onChannelsDestroy([n])
    }
    await register(master)
    expect(await evaluate({ afterMs: 5_000 })).toMatchObject([
      {
        rule: 'broker_flapping',
        severity: 'warning',
        subject: 'broker-a 10.0.0.1:10911',
        evidence: { cluster: 'C', departures: 3, causes: ['connection lost'] },
      },
    ])
    expect(await evaluate({ afterMs: 395_000 })).toHaveLength(1)
    expect(await evaluate({ afterMs: 1_000 })).toEqual([])
  })

  test('is not raised for one departure of each of its members', async () => {
    const { register, evaluate, manager } = findingsWorld()
    await register(master)
    for (let id = 1n; id <= 3n; id++) await register({ brokerId: id, brokerAddr: `10.0.0.${id + 1n}:10911` })
    for (const channel of [2, 3, 4]) manager.onChannelsDestroy([channel])
    expect(await evaluate()).toEqual([])
  })

  test('names the address that two brokers register in alternation', async () => {
    const { register, evaluate } = findingsWorld()
    await evaluate()
    for (let n = 0; n < 3; n++) {
      await register(master)
      await register({ ...other, brokerAddr: '10.0.0.1:10911' })
    }
    const flapping = (await evaluate({ afterMs: 5_000 })).find(({ rule }) => rule === 'broker_flapping')
    expect(flapping?.text).toContain('Another broker announces its address under another name')
  })
})

test('two live brokers of one name and id are a critical finding, but not one whose address has changed', async () => {
  const { register, evaluate, manager } = findingsWorld()
  await register(master)
  await register({ ...master, brokerAddr: '10.0.0.9:10911' })
  expect(await evaluate()).toEqual([])
  expect(await evaluate({ afterMs: 145_000 })).toEqual([])
  expect(await evaluate({ afterMs: 5_000 })).toMatchObject([
    {
      rule: 'broker_id_conflict',
      severity: 'critical',
      subject: 'broker-a',
      evidence: { outside: '10.0.0.1:10911', members: ['0=10.0.0.9:10911'] },
    },
  ])
  manager.onChannelsDestroy([1])
  expect(await evaluate({ afterMs: 5_000 })).toEqual([])
})

test('brokers of two clusters with one name and id are a critical finding about the name alone', async () => {
  const { register, evaluate } = findingsWorld()
  await register(master)
  await register({ ...master, brokerAddr: '10.0.0.9:10911', clusterName: 'D' })
  await evaluate()
  expect(brief(await evaluate({ afterMs: 150_000 }))).toEqual([
    'critical broker_name_in_two_clusters broker-a',
  ])
})

test('brokers of several releases in one cluster are information once it has lasted for an hour', async () => {
  const { register, evaluate } = findingsWorld()
  await register({ ...master, version: 407 })
  await register({ ...other, version: 513 })
  await evaluate()
  expect(await evaluate({ afterMs: 3_500_000 })).toEqual([])
  expect(await evaluate({ afterMs: 100_000 })).toMatchObject([
    {
      rule: 'mixed_broker_versions',
      severity: 'info',
      subject: 'C',
      evidence: { examples: ['4.9.7: broker-a', '5.5.0: broker-b'] },
    },
  ])
})

test('Java clients older than 4.9.4 are information; clients of other languages have versions of their own', async () => {
  const client = { kind: 'client', tls: null, remoteAddress: '10.0.0.5:40000' }
  const open = [
    { ...client, language: 'JAVA', version: 317 },
    { ...client, language: 'JAVA', version: 401 },
    { ...client, language: 'CPP', version: 317 },
    { ...client, language: 'JAVA', version: 317, kind: 'broker' },
  ] as unknown as OpenConnection[]
  const { evaluate } = findingsWorld({
    connections: { open: () => open, closed: () => [], census: () => takeCensus(open) },
  })
  await evaluate()
  await evaluate()
  expect(await evaluate()).toMatchObject([
    {
      rule: 'old_clients',
      severity: 'info',
      subject: 'JAVA 4.5.2',
      evidence: { connections: 1, hosts: ['10.0.0.5'] },
    },
  ])
})

describe('a topic without route', () => {
  const sender = { address: '10.0.0.5', language: 'JAVA', version: 513 }
  const owner = { closed: false }

  /** Clients ask every thirty seconds. */
  async function asked(world: ReturnType<typeof findingsWorld>, topic: string): Promise<Finding | undefined> {
    for (let n = 0; n < 3; n++) {
      world.misses.add(topic, () => sender)
      await world.evaluate({ afterMs: 30_000 })
    }
    return world.findings.list().find(({ rule }) => rule === 'no_route')
  }

  test('is a warning with who asks, if nothing is known of it', async () => {
    const world = findingsWorld()
    await world.register(master)
    expect(await asked(world, 'Invoices')).toMatchObject({
      severity: 'warning',
      subject: 'Invoices',
      text: 'Invoices has no route: 3 lookups since 2026-11-28T12:00:00.000Z found none. Nothing is known of a former route. Create the topic, or correct its name in the clients.',
      evidence: { lookups: 3, lastLookup: '2026-11-28T12:01:00.000Z', clients: ['10.0.0.5 JAVA 5.5.0'] },
      command: 'mqadmin updateTopic -t Invoices -c C',
    })
  })

  test('that resembles an existing one says so, and has no command that creates it', async () => {
    const world = findingsWorld()
    await world.register(master)
    const finding = await asked(world, 'Ordres')
    expect(finding?.text).toContain('See whether clients misspell its name: Orders exists.')
    expect(finding?.command).toBeNull()
  })

  test('is not raised at the first lookup after a route that it had in between', async () => {
    const world = findingsWorld()
    await world.register(master)
    for (let n = 0; n < 3; n++) world.misses.add('Late', () => sender)
    world.misses.onRoutesChanged(() => true)
    await world.evaluate({ afterMs: 864_000_000 })
    world.misses.add('Late', () => sender)
    expect(await world.evaluate({ afterMs: 1_000 })).toEqual([])
  })

  test('is critical if its broker came back without it, with the command that creates it', async () => {
    const world = findingsWorld()
    await world.register({ ...master, topics: { Gone: {} } })
    world.manager.onChannelsDestroy([1])
    await world.evaluate({ afterMs: 1_000 })
    await world.register(master)
    const finding = await asked(world, 'Gone')
    expect(finding).toMatchObject({
      severity: 'critical',
      command: 'mqadmin updateTopic -t Gone -c C',
    })
    expect(finding?.text).toContain('and has registered again without Gone. Create the topic again')
  })

  test('is critical if it was deleted, with who deleted it', async () => {
    const world = findingsWorld()
    await world.register(master)
    await world.manager.deleteTopic('Orders', null, owner)
    world.history.onTopicDeleted('Orders', { by: '10.0.3.7:5000', clusterName: undefined, brokers: 1 })
    const finding = await asked(world, 'Orders')
    expect(finding?.severity).toBe('critical')
    expect(finding?.text).toContain(
      'at 2026-11-28T12:00:00Z by 10.0.3.7:5000 (request 216, as mqadmin deleteTopic sends). Create',
    )
  })

  test('is critical if it left with its broker, which is what to start', async () => {
    const world = findingsWorld()
    await world.register(master)
    world.manager.onChannelsDestroy([1])
    const finding = await asked(world, 'Orders')
    expect(finding).toMatchObject({ severity: 'critical', subject: 'broker-a', command: null })
    expect(finding?.text).toContain(
      'Orders left with broker-a, its last broker, at 2026-11-28T12:00:00Z: broker-a lost its connection to this server (killed, crashed or network failure). Start that broker again.',
    )
  })

  test('is one finding with the others that left with its broker', async () => {
    const world = findingsWorld()
    await world.register({ ...master, topics: { Bills: {} } })
    world.manager.onChannelsDestroy([1])
    for (let n = 0; n < 3; n++) {
      world.misses.add('Bills', () => sender)
      await asked(world, 'Orders')
    }
    const left = world.findings.list().filter(({ rule }) => rule === 'no_route')
    expect(left).toMatchObject([
      {
        severity: 'critical',
        subject: 'broker-a',
        text: '2 topics (Orders, Bills) have no route: 12 lookups since 2026-11-28T12:00:00.000Z found none. Orders left with broker-a, its last broker, at 2026-11-28T12:00:00Z: broker-a lost its connection to this server (killed, crashed or network failure). Start that broker again.',
        evidence: {
          lookups: 12,
          topics: 2,
          firstTopics: ['Orders', 'Bills'],
          clients: ['10.0.0.5 JAVA 5.5.0'],
        },
        command: null,
      },
    ])
  })

  test('is critical with others that left with its broker more than a day ago', async () => {
    const world = findingsWorld()
    await world.register({ ...master, topics: { Old: {} } })
    world.manager.onChannelsDestroy([1])
    await world.evaluate({ afterMs: 86_400_000 })
    await world.register(master)
    world.manager.onChannelsDestroy([2])
    for (let n = 0; n < 3; n++) {
      world.misses.add('Old', () => sender)
      world.misses.add('Orders', () => sender)
      await world.evaluate({ afterMs: 30_000 })
    }
    const left = world.findings.list().find(({ rule }) => rule === 'no_route')
    expect(left).toMatchObject({ severity: 'critical', evidence: { firstTopics: ['Old', 'Orders'] } })
  })

  test('is a warning if it left more than a day ago', async () => {
    const world = findingsWorld()
    await world.register(master)
    world.manager.onChannelsDestroy([1])
    await world.evaluate({ afterMs: 86_400_000 })
    expect((await asked(world, 'Orders'))?.severity).toBe('warning')
  })

  test('is not raised if it is looked up once, or for a moment, or no more, or has a route by now', async () => {
    const world = findingsWorld()
    await world.register(master)
    world.misses.add('Once', () => sender)
    for (let n = 0; n < 5; n++) world.misses.add('Moment', () => sender)
    expect(await world.evaluate()).toEqual([])
    expect(await asked(world, 'Wanted')).toBeDefined()
    world.misses.onRoutesChanged((topic) => topic === 'Wanted')
    expect(await world.evaluate({ afterMs: 5_000 })).toEqual([])
    expect(await asked(world, 'GivenUp')).toBeDefined()
    expect(await world.evaluate({ afterMs: 300_000 })).toEqual([])
  })

  test('asks to correct a name that no broker accepts, and shows what is not seen of it', async () => {
    const world = findingsWorld()
    await world.register(master)
    expect((await asked(world, 'Wanted\u202e'))?.text).toMatch(
      /^"Wanted\\u202e" has no route: .* Correct its name in the clients: the name of a topic has 1 to 127 letters/,
    )
  })

  test('is information if clients make it for themselves, and none if it is TBW102', async () => {
    const world = findingsWorld()
    await world.register(master)
    expect(await asked(world, '%RETRY%group')).toMatchObject({ severity: 'info' })
    expect(await asked(world, 'TBW102')).toMatchObject({ subject: '%RETRY%group' })
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
        command: 'mqadmin updateBrokerConfig -b 10.0.0.3:10911 -k brokerPermission -v 6',
      },
    ])
  })

  test('whose permission an operator has wiped are a warning that names the operator', async () => {
    const { register, evaluate, manager, history } = findingsWorld()
    await register(master)
    await manager.setWritePerm('broker-a', 'wipe', { closed: false })
    history.onPermissionChange('broker-a', { kind: 'wiped', by: '10.0.3.7:5000', topics: 3 })
    const [finding] = await evaluate()
    expect(finding).toMatchObject({
      text: 'None of the 3 topics of broker-a is writable: 10.0.3.7:5000 wiped it (wipeWritePerm) at 2026-11-28T12:00:00.000Z. Producers use other brokers, or get "No route info of this topic".',
      evidence: { cluster: 'C', topics: 3, wipedBy: '10.0.3.7:5000' },
      command: 'mqnamesrv broker restore-write broker-a',
    })
  })

  test('whose permission an operator wipes are raised again, also on a broker that has another one without permission', async () => {
    const { register, evaluate, manager, history, events } = findingsWorld()
    await register({ ...master, topics: { Locked: { perm: 4 }, A: {}, B: {} } })
    const [locked] = await evaluate()
    expect(locked?.text).toContain('no write permission for Locked')
    await manager.setWritePerm('broker-a', 'wipe', { closed: false })
    history.onPermissionChange('broker-a', { kind: 'wiped', by: '10.0.3.7:5000', topics: 2 })
    const wiped = await evaluate({ afterMs: 60_000 })
    expect(wiped).toHaveLength(1)
    expect((wiped[0]?.sinceMs ?? 0) - (locked?.sinceMs ?? 0)).toBe(60_000)
    expect(await evaluate({ afterMs: 5_000 })).toEqual(wiped)
    expect(events.list().map(({ kind, text }) => [kind, text.includes('wiped it')])).toEqual([
      ['finding_raised', false],
      ['finding_raised', true],
    ])
  })

  test('whose permission is wiped stay one warning after the broker has registered a deleted topic again', async () => {
    const { register, evaluate, manager, history } = findingsWorld()
    const dataVersion = { counter: 1n, stateVersion: 0n, timestamp: 1n }
    const broker = { ...master, dataVersion, topics: { TopicB: {}, Locked: { perm: 4 } } }
    await register(broker)
    await manager.setWritePerm('broker-a', 'wipe', { closed: false })
    history.onPermissionChange('broker-a', { kind: 'wiped', by: '10.0.3.7:5000', topics: 5 })
    await manager.deleteTopic('TopicB', null, { closed: false })
    await register(broker)
    expect(await evaluate()).toMatchObject([
      {
        severity: 'warning',
        subject: 'broker-a',
        text: '3 of the 5 topics of broker-a are not writable: 10.0.3.7:5000 wiped it (wipeWritePerm) at 2026-11-28T12:00:00.000Z. Producers use other brokers, or get "No route info of this topic". broker-a has no write permission for Locked: producers get "No route info of this topic". Its permission there is what the broker registers. Run mqadmin updateTopicPerm -b 10.0.0.1:10911 -t Locked -p 6 for it.',
        evidence: {
          cluster: 'C',
          topics: 5,
          wipedBy: '10.0.3.7:5000',
          lockedTopics: 1,
          firstTopics: ['Locked: perm 4'],
        },
        command: 'mqnamesrv broker restore-write broker-a',
      },
    ])
    await register({ ...broker, dataVersion: { ...dataVersion, counter: 2n } })
    expect(await evaluate()).toMatchObject([
      { subject: 'broker-a', evidence: { topics: 1, firstTopics: ['Locked: perm 4'] } },
    ])
  })

  test('that a request of unknown origin made unwritable are not said to be registered so', async () => {
    const { register, evaluate, manager } = findingsWorld()
    const dataVersion = { counter: 1n, stateVersion: 0n, timestamp: 1n }
    const broker = { ...master, dataVersion, topics: { TopicB: {} } }
    await register(broker)
    await manager.setWritePerm('broker-a', 'wipe', { closed: false })
    await manager.deleteTopic('TopicB', null, { closed: false })
    await register(broker)
    expect(await evaluate()).toMatchObject([
      {
        subject: 'broker-a',
        text: expect.stringContaining('A request to this server changed its permission there.'),
        command: 'mqnamesrv broker restore-write broker-a',
      },
    ])
    const locked = { TopicB: {}, Locked: { perm: 4 } }
    await register({ ...broker, dataVersion: { ...dataVersion, counter: 2n }, topics: locked })
    await manager.setWritePerm('broker-a', 'wipe', { closed: false })
    await manager.deleteTopic('TopicB', null, { closed: false })
    await register({ ...broker, dataVersion: { ...dataVersion, counter: 2n }, topics: locked })
    const [mixed] = await evaluate()
    expect(mixed?.text).toMatch(
      / for 2 topics \(Orders, Locked\): .* mqnamesrv topic explain tells why for each\. /,
    )
    expect(mixed?.command).toBeNull()
  })

  test('that are not writable on one of their brokers are information, with the command', async () => {
    const [finding] = await found([{ ...master, topics: { Orders: { perm: 4 } } }, other])
    expect(finding).toMatchObject({
      severity: 'info',
      subject: 'broker-a',
      text: 'broker-a has no write permission for Orders: producers use other brokers. Its permission there is what the broker registers.',
      evidence: { cluster: 'C', topics: 1, firstTopics: ['Orders: perm 4'] },
      command: 'mqadmin updateTopicPerm -b 10.0.0.1:10911 -t Orders -p 6',
    })
  })

  test('of a group without master are not reported as unwritable, because the master is what is missing', async () => {
    const all = await found([{ ...slave, enableActingMaster: true }])
    expect(brief(all)).toEqual(['critical missing_master_address broker-a'])
    expect(all[0]?.text).toContain('slaves serve consumers')
  })

  test.each<[string, object, string]>([
    [
      'more write than read queues',
      { writeQueueNums: 16, readQueueNums: 8 },
      'warning read_write_queue_mismatch broker-a',
    ],
    [
      'more read than write queues',
      { writeQueueNums: 4, readQueueNums: 8 },
      'info read_write_queue_mismatch broker-a',
    ],
    ['no read permission', { perm: 2 }, 'warning permission_not_readable broker-a'],
    ['no write permission', { perm: 4 }, 'warning permission_not_writable broker-a'],
  ])('with %s are found', async (_, queues, expected) => {
    expect(brief(await found([{ ...master, topics: { Orders: queues } }]))).toEqual([expected])
  })

  test('with at most half as many write queues on one broker as on another are found', async () => {
    const few = { Orders: { writeQueueNums: 4, readQueueNums: 4 } }
    const some = { Orders: { writeQueueNums: 5, readQueueNums: 5 } }
    expect(brief(await found([master, { ...other, topics: few }]))).toEqual([
      'info write_queue_skew broker-b',
    ])
    expect(await found([master, { ...other, topics: some }])).toEqual([])
  })

  test('on one of several broker groups of a cluster are found', async () => {
    const [finding] = await found([{ ...master, topics: { Alone: {} } }, other])
    expect(finding).toMatchObject({
      rule: 'single_broker_route',
      subject: 'broker-a',
      text: 'Of the 2 broker groups in C, broker-a alone has Alone: while it is away, no broker accepts these messages.',
      command: 'mqadmin updateTopic -c C -t Alone -r 8 -w 8',
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
        subject: 'broker-a',
        text: '1 logical queue of Static cannot be used: no registered broker has them. Start the one that had them, or move them with mqadmin remappingStaticTopic.',
        evidence: { queues: 1, topics: 1, firstTopics: ['Static: 1 of 4 (2)'] },
      },
    ])
    // Java's NameServer keeps the mappings of brokers that have left.
    const holes: HolesOfBroker = new Map()
    noteHoles('Static', new Map([['broker-b', mapping('broker-b', 1n, [0, 1, 2, 3])]]), new Map(), holes)
    expect(holes.get('broker-b')?.queues).toBe(4)
  })

  test('that are many are one finding for each broker and problem, with their number and first names', async () => {
    const topics = (queues: object, prefix = 'T') =>
      Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`${prefix}${n}`, queues]))
    const alone = await found([{ ...master, topics: topics({}) }, other])
    expect(alone).toMatchObject([
      {
        rule: 'single_broker_route',
        subject: 'broker-a',
        text: 'Of the 2 broker groups in C, broker-a alone has 400 topics (T0, T1, T2, …): while it is away, no broker accepts these messages. Run mqadmin updateTopic -c C -t TOPIC -r 8 -w 8 for each of them.',
        evidence: {
          topics: 400,
          firstTopics: Array.from({ length: 16 }, (_, n) => `T${n}: 8 read, 8 write`),
        },
        command: null,
      },
    ])
    const unequal = { ...topics({ readQueueNums: 4 }), ...topics({ writeQueueNums: 4 }, 'S') }
    expect(await found([{ ...master, topics: unequal }])).toMatchObject([
      {
        rule: 'read_write_queue_mismatch',
        severity: 'warning',
        subject: 'broker-a',
        text: 'broker-a has more write than read queues for 400 topics (T0, T1, T2, …): messages in the last queues are not consumed. Run mqadmin updateTopic -b 10.0.0.1:10911 -t TOPIC -r 8 -w 8 for each of them. The broker has more read than write queues for 400 topics (S0, S1, S2, …).',
        evidence: { topics: 400, topicsWithMoreReadQueues: 400 },
      },
    ])
    const locked = { ...topics({ perm: 4 }), Both: { perm: 4 } }
    const [elsewhere] = await found([
      { ...master, topics: locked },
      { ...other, topics: { ...topics({}), Both: { perm: 4 } } },
    ])
    expect(elsewhere).toMatchObject({
      rule: 'permission_not_writable',
      severity: 'warning',
      text: 'broker-a has no write permission for 401 topics (T0, T1, T2, …): producers use other brokers or, for 1 of them, get "No route info of this topic". mqnamesrv topic explain tells why for each. Run mqadmin updateTopicPerm -b 10.0.0.1:10911 -t TOPIC -p 6 for each of them.',
    })
  })

  test('of different widths are widened by one command with a placeholder, if its names can be shown', async () => {
    const topics = { Narrow: { readQueueNums: 4, writeQueueNums: 4 }, Wide: {} }
    const textOf = async (clusterName: string) =>
      (
        await found([
          { ...master, clusterName, topics },
          { ...other, clusterName },
        ])
      )[0]?.text
    expect(await textOf('My Cluster')).toContain(
      `Of the 2 broker groups in "My Cluster", broker-a alone has 2 topics (Narrow, Wide): while it is away, no broker accepts these messages. Run mqadmin updateTopic -c 'My Cluster' -t TOPIC -r QUEUES -w QUEUES for each of them.`,
    )
    expect(await textOf('C\u001b[2J')).toMatch(/accepts these messages\.$/)
  })

  test('on a broker whose name has a space are found with the name in quotes', async () => {
    const [finding] = await found([{ ...master, brokerName: 'broker c', topics: { Orders: { perm: 2 } } }])
    expect(finding?.text).toMatch(/^"broker c" has no read permission for Orders: /)
  })

  test('that are many raise one event for each broker and problem', async () => {
    const { register, evaluate, events } = findingsWorld()
    const topics = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`T${n}`, {}]))
    await register({ ...master, topics })
    await register(other)
    for (let n = 0; n < 3; n++) await evaluate()
    await register({ ...other, topics })
    await evaluate()
    expect(events.list().map(({ kind, subject }) => [kind, subject])).toEqual([
      ['finding_raised', 'broker-a'],
      ['finding_cleared', 'broker-a'],
    ])
  })
})

test.each([
  [31, undefined],
  [30, 'warning'],
  [3, 'critical'],
  [-1, 'critical'],
] as const)('a certificate with %d days left is found as %s', async (days, severity) => {
  const notAfterMs = Date.parse('2026-11-28T12:01:01Z') + days * 86_400_000
  const { evaluate } = findingsWorld({
    certificates: () => [{ use: 'server', path: '/etc/tls/server.pem', notAfterMs }],
  })
  const [finding] = await evaluate()
  expect(finding?.severity).toBe(severity)
  if (finding !== undefined) expect(finding.evidence).toMatchObject({ daysLeft: days })
})

describe('another NameServer', () => {
  const state: PeerState = {
    address: 'ns2:9876',
    isUp: true,
    verdict: 'diverged',
    sinceMs: 1_000_000,
    comparedMs: 1_000_000,
    reason: null,
    differences: [
      { kind: 'topic_missing', subject: 'Orders', here: 'broker-a', there: null },
      { kind: 'broker_missing', subject: 'broker-a', here: '0=10.0.0.1:10911', there: null },
      { kind: 'permission', subject: 'Told on broker-b', here: '4', there: '6' },
    ],
  }
  const findingsOf = (given: Partial<PeerState>) =>
    findingsWorld({ peers: { list: () => [{ ...state, ...given }] } }).evaluate()

  test('that lacks a broker is a critical finding about the broker, without those of its topics', async () => {
    expect(await findingsOf({})).toMatchObject([
      {
        rule: 'missing_on_peer',
        severity: 'critical',
        subject: 'broker-a on ns2:9876',
        evidence: { peer: 'ns2:9876', here: '0=10.0.0.1:10911', differsSince: '2026-11-28T12:00:00.000Z' },
      },
      {
        rule: 'peer_diverged',
        severity: 'warning',
        subject: 'ns2:9876',
        evidence: {
          differences: [
            'topic_missing Orders: broker-a here, missing there',
            'broker_missing broker-a: 0=10.0.0.1:10911 here, missing there',
            'permission Told on broker-b: 4 here, 6 there',
          ],
        },
      },
    ])
  })

  test('that lacks topics alone is one critical finding about all of them', async () => {
    const lacking = (subject: string) =>
      ({ kind: 'topic_missing', subject, here: 'broker-a', there: null }) as const
    const [finding] = await findingsOf({ differences: ['A', 'B', 'C', 'D'].map(lacking) })
    expect(finding).toMatchObject({
      rule: 'missing_on_peer',
      subject: 'topics on ns2:9876',
      text: 'Clients of the NameServer ns2:9876 do not find 4 topics (A, B, C, …). See whether an operator deleted topics only on that server, or a broker that has them does not reach it.',
      evidence: { peer: 'ns2:9876', topics: 4, firstTopics: ['A', 'B', 'C', 'D'] },
    })
  })

  test('that differs in a hundred things or more has no exact number', async () => {
    const differences = Array.from(
      { length: 100 },
      (_, n) => ({ kind: 'topic_missing', subject: `T${n}`, here: 'broker-a', there: null }) as const,
    )
    const [missing, diverged] = await findingsOf({ differences })
    expect(missing?.text).toContain(' do not find 100 or more topics (T0, T1, T2, …). ')
    expect(missing?.evidence).toMatchObject({ topics: '100 or more' })
    expect(diverged?.text).toContain(' differ (100 or more differences): ')
  })

  test.each([
    ['config', 'Set the configuration keys to the same values on both.'],
    ['kv', 'Repeat at one what an operator did at the other.'],
    [
      'permission',
      'Let every broker register with both (namesrvAddr). Repeat at one what an operator did at the other.',
    ],
  ] as const)('that differs in %s comes with the advice for that', async (kind, advice) => {
    const [finding] = await findingsOf({ differences: [{ kind, subject: 's', here: 'a', there: 'b' }] })
    expect(finding?.text).toBe(
      `The NameServer ns2:9876 and this one differ (1 difference): clients get other responses there. ${advice}`,
    )
  })

  test('that has what is missing here is a critical finding', async () => {
    const differences = [{ kind: 'topic_missing', subject: 'T', here: null, there: 'broker-a' }] as const
    expect(brief(await findingsOf({ differences }))).toEqual(['critical peer_diverged ns2:9876'])
  })

  test.each(['agrees', 'settling', 'unknown'] as const)(
    'is not raised by the verdict %s',
    async (verdict) => {
      expect(await findingsOf({ verdict })).toEqual([])
    },
  )
})

describe('a dispute about a broker', () => {
  const taker: Broker = { ...master, brokerAddr: '10.0.0.66:10911' }

  test('is a finding with both owners when an id changes hands to and fro', async () => {
    const { register, evaluate } = findingsWorld()
    for (const broker of [master, taker, master]) await register(broker)
    const [finding] = (await evaluate()).filter(({ rule }) => rule === 'registration_disputed')
    expect(finding).toMatchObject({
      severity: 'warning',
      subject: 'broker-a broker_id_taken',
      text: '10.0.0.1 (10.0.0.1:40000) disputes broker-a: brokerId 0 of broker-a is held by the live broker 10.0.0.66:10911 of another owner. It is registered by 10.0.0.66 at 10.0.0.66:10911. Such requests are carried out (registrationGuard=log). See whether 10.0.0.1 is a broker of that name; if not, keep it from this port.',
      evidence: { claimant: '10.0.0.1', owner: '10.0.0.66', disputes: 2 },
      command: 'mqnamesrv events --kind registration_disputed',
    })
  })

  test('is not raised when a member takes over once, as in a failover', async () => {
    const { register, evaluate } = findingsWorld()
    for (const broker of [master, slave, { ...master, brokerAddr: '10.0.0.2:10911' }]) await register(broker)
    const found = await evaluate({ afterMs: 5_000 })
    expect(brief(found).filter((text) => text.includes('registration_disputed'))).toEqual([])
  })

  test('is cleared ten minutes after the last request', async () => {
    const { register, evaluate } = findingsWorld()
    await register(master)
    await register({ ...other, brokerId: -1n })
    const isDisputed = async (afterMs: number) =>
      brief(await evaluate({ afterMs })).some((text) => text.includes('negative_broker_id'))
    expect(await isDisputed(600_000)).toBe(true)
    expect(await isDisputed(1)).toBe(false)
  })
})

test('names of peers are quoted in commands, and none is shown with control characters', async () => {
  const names = ['b\u001b[2J', "a'; reboot #", '-c']
  const all = await Promise.all(
    names.map(async (topic) => (await found([{ ...master, topics: { [topic]: { perm: 4 } } }]))[0]),
  )
  expect(all.map((finding) => finding?.command)).toEqual([
    null,
    `mqadmin updateTopicPerm -b 10.0.0.1:10911 -t 'a'\\''; reboot #' -p 6`,
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
    view.read({
      path: {},
      query: new URLSearchParams(query),
      owner: { closed: false },
      sender: { identity: undefined, host: '127.0.0.1', isTls: false },
    })
  expect(read('severity=info')).toMatchObject({
    counts: [
      { rule: 'read_write_queue_mismatch', severity: 'info', count: 1 },
      { rule: 'permission_not_writable', severity: 'warning', count: 1 },
    ],
    findings: [{ rule: 'read_write_queue_mismatch', subject: 'broker-a', since: '2026-11-28T12:01:01.000Z' }],
  })
  expect(read('rule=permission_not_writable')).toMatchObject({ findings: [{ subject: 'broker-a' }] })
  expect(() => read('rule=no_such')).toThrow('rule="no_such" is not one of no_route, ')
})

describe('an observed NameServer', () => {
  const state = {
    namesrv: 'ns1:9876',
    version: undefined,
    readMs: 1_000_000,
    topics: 1,
    routes: 1,
    routesReadMs: undefined,
    reason: 'no response from ns1:9876 within 3000 ms',
    unreachableMs: 1_000_000,
  }

  test('that does not respond is a finding after half a minute, also where others are shown', async () => {
    const other = { ...state, namesrv: 'ns2:9876', unreachableMs: undefined }
    const world = findingsWorld({ observed: { state: other, all: [other, state] } })
    expect(await world.evaluate()).toEqual([])
    expect(await world.evaluate({ afterMs: 29_000 })).toEqual([])
    expect(await world.evaluate({ afterMs: 1_000 })).toMatchObject([
      {
        rule: 'nameserver_unreachable',
        severity: 'critical',
        subject: 'ns1:9876',
        command: 'mqnamesrv ping -n ns1:9876',
        text: expect.stringContaining('no response from ns1:9876 within 3000 ms'),
      },
    ])
  })
})
