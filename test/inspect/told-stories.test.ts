import { describe, expect, test } from 'vitest'
import { type BrokerFacts, type MemberFacts, tellBroker } from '../../src/inspect/explain/broker-story.ts'
import { type TopicCell, type TopicFacts, tellTopic } from '../../src/inspect/explain/topic-story.ts'

const clocks = { nowMs: () => 1_000_000, dateMs: () => Date.parse('2026-01-02T03:20:00Z') }
const AT = '2026-01-02T03:20:00Z'

/** A cell that is as it should be. */
function cell(differing: Partial<TopicCell> = {}): TopicCell {
  return {
    brokerName: 'broker-a',
    cluster: 'c1',
    zone: null,
    perm: 6,
    readQueues: 4,
    writeQueues: 4,
    isVisible: true,
    isProvisional: false,
    isDropped: false,
    masterAddr: '10.0.0.1:10911',
    slavesActAsMaster: false,
    registeredFrom: '10.0.0.1:40000',
    registeredMs: 1_000_000,
    registeredPerm: undefined,
    permissionChange: undefined,
    masterLoss: undefined,
    addresses: [],
    ...differing,
  }
}

/** A topic on one broker, of a server where nothing is wrong. */
function topic(cells: readonly TopicCell[], differing: Partial<TopicFacts> = {}) {
  return tellTopic({
    topic: 'Orders',
    lookup: { code: 0, remark: null },
    zone: null,
    cells,
    brokerGroups: 1,
    slavesOnly: [],
    cluster: 'c1',
    autoCreating: [],
    loss: undefined,
    registration: undefined,
    unnamedRemovals: [],
    awayWithUnnamed: undefined,
    lastDeparture: undefined,
    rejections: [],
    similar: [],
    miss: undefined,
    peersWith: [],
    peersWithout: [],
    startedMs: 0,
    waitSeconds: 45,
    clocks,
    ...differing,
  })
}

const MASTER_LOSS = { brokerAddr: '10.0.0.1:10911', cause: 'expired', atMs: 1_000_000 } as const

describe('what is told of a topic', () => {
  test('of which no broker has read queues names what consumers miss', () => {
    expect(topic([cell({ perm: 2 })])).toEqual({
      verdict: 'not_readable',
      sentences: [
        'Consumers cannot read Orders: it has a route, but no broker has read queues with permission to read.',
      ],
      commands: ['mqnamesrv topic route Orders'],
    })
  })

  test('that is found in the product environment says so', () => {
    expect(topic([]).verdict).toBe('in_product_environment')
  })

  test('that may neither be written nor read says both, and restores the permission', () => {
    expect(topic([cell({ perm: 0 })])).toEqual({
      verdict: 'not_writable',
      sentences: [
        'Producers report "No route info of this topic" for Orders, although it has a route: no broker permits writing.',
        'broker-a itself registers it with permission 0: by brokerPermission in its broker.conf, or by mqadmin updateTopicPerm.',
        'Consumers cannot read either: no broker has read queues with permission to read.',
      ],
      commands: ['mqadmin updateTopicPerm -b 10.0.0.1:10911 -t Orders -p 6'],
    })
  })

  test('without write queues says so, and its command gives it as many as it has read queues', () => {
    const { sentences, commands } = topic([cell({ writeQueues: 0 })])
    expect(sentences[1]).toBe('On broker-a it has no write queues.')
    expect(commands).toEqual(['mqadmin updateTopic -b 10.0.0.1:10911 -t Orders -r 4 -w 4 -p 6'])
  })

  test('whose permission a request other than a wipe changed names both permissions', () => {
    const { sentences, commands } = topic([cell({ perm: 4, registeredPerm: 6 })])
    expect(sentences[1]).toBe(
      'On broker-a it has permission 4 by a request to this server; the broker registered 6.',
    )
    expect(commands).toEqual(['mqnamesrv broker restore-write broker-a'])
  })

  test.each([
    [true, 'a slave acts as one for consumers'],
    [false, 'its slaves serve consumers only'],
  ])('whose group lost its master says why (slaves act: %s)', (slavesActAsMaster, role) => {
    const lost = cell({ masterAddr: undefined, slavesActAsMaster, masterLoss: MASTER_LOSS })
    expect(topic([lost])).toMatchObject({
      verdict: 'no_master',
      sentences: [
        expect.stringContaining('no broker group that could accept messages has a master'),
        `broker-a has no master and accepts no messages; ${role}. Its master 10.0.0.1:10911 expired (no heartbeat within its timeout), at ${AT}.`,
        'Consumers read from broker-a.',
      ],
      commands: [],
    })
  })

  test('that a zone hides names the zones of its brokers', () => {
    const cells = [
      cell({ isVisible: false, zone: 'z2' }),
      cell({ isVisible: false, zone: 'z2', brokerName: 'broker-b' }),
      cell({ isVisible: false, brokerName: 'broker-c' }),
    ]
    expect(topic(cells, { zone: 'z1' })).toMatchObject({
      verdict: 'hidden_by_zone',
      sentences: [
        'Clients of zone z1 see no broker of Orders.',
        'The masters of broker-a and broker-b are in zone z2.',
        'broker-c has no zone.',
        'Clients that name no zone get the whole route.',
      ],
    })
  })

  test.each([
    [['ns2:9876'], 'ns2:9876 has no route for Orders'],
    [['ns2:9876', 'ns3:9876'], 'ns2:9876 and ns3:9876 have no route for Orders'],
  ])('that peers %j lack names them', (peersWithout, begin) => {
    expect(topic([cell()], { peersWithout }).sentences[1]).toMatch(begin)
  })

  test('that left with its brokers names the peers that still have it', () => {
    const { topics: _, ...left } = LEFT
    const loss = { ...left, kind: 'left', cause: 'expired' } as const
    const facts = { lookup: { code: 17, remark: null }, peersWith: ['ns2:9876'] }
    expect(topic([], { ...facts, loss })).toMatchObject({
      verdict: 'left_with_brokers',
      sentences: expect.arrayContaining(['It has a route at ns2:9876.']),
    })
  })
})

/** A master that is as it should be. */
function member(differing: Partial<MemberFacts> = {}): MemberFacts {
  return {
    brokerId: 0n,
    brokerAddr: '10.0.0.1:10911',
    peer: '10.0.0.1:40000',
    sinceMs: 1_000_000,
    heartbeatAgeMs: 0,
    heartbeatTimeoutMs: 120_000,
    registeredTopics: 2,
    isProvisional: false,
    suspicion: undefined,
    announced: undefined,
    ...differing,
  }
}

/** A broker name of one master, or of none. */
function broker(members: readonly MemberFacts[], differing: Partial<BrokerFacts> = {}) {
  return tellBroker({
    brokerName: 'broker-a',
    clusters: ['c1'],
    members,
    outside: [],
    slavesActAsMaster: false,
    masterLoss: undefined,
    topics: 2,
    writableTopics: 2,
    permissionChange: undefined,
    isOverridden: false,
    departures: [],
    successor: undefined,
    rejection: undefined,
    isRejected: false,
    similar: [],
    peersWith: [],
    peersWithout: [],
    startedMs: 1_000_000,
    isObserved: false,
    clocks,
    ...differing,
  })
}

const LEFT = {
  atMs: 1_000_000,
  clusterName: 'c1',
  brokerName: 'broker-a',
  brokerAddr: '10.0.0.1:10911',
  brokerId: 0n,
  peer: undefined,
  topics: 1,
} as const

describe('what is told of a broker', () => {
  test('that is unreachable begins with the probe', () => {
    const { verdict, sentences } = broker([member({ suspicion: 'connect ECONNREFUSED' })])
    expect(verdict).toBe('address_unreachable')
    expect(sentences[0]).toBe(
      'broker-a at 10.0.0.1:10911 sends no heartbeats, and its address accepts no connection from this server: connect ECONNREFUSED.',
    )
  })

  test('that announces an address of its container begins with it, and names the line that fixes it', () => {
    const problem = { severity: 'warning' as const, text: 'is of a container', command: 'brokerIP1=10.0.0.1' }
    const announced = { brokerAddr: '172.17.0.2:10911', peer: '10.0.0.1:40000', problem }
    const told = broker([member({ announced: announced })])
    expect(told.verdict).toBe('address_differs')
    expect(told.sentences[0]).toBe(
      'broker-a announces 172.17.0.2:10911, which is of a container; it registers from 10.0.0.1. Clients may report "connect to 172.17.0.2:10911 failed": set brokerIP1 in its broker.conf and restart it.',
    )
    expect(told.commands).toEqual(['brokerIP1=10.0.0.1'])
    const info = { ...announced, problem: { ...problem, severity: 'info' as const } }
    const mild = broker([member({ announced: info })])
    expect(mild.verdict).toBe('registered')
    expect(mild.sentences[1]).toBe(told.sentences[0])
  })

  test('of more members than are listed says that there are others', () => {
    const members = [0n, 1n, 2n, 3n, 4n].map((brokerId) =>
      member({ brokerId, brokerAddr: `10.0.0.${brokerId}:10911`, peer: undefined }),
    )
    expect(broker(members).sentences[0]).toMatch(/slave 3 10\.0\.0\.3:10911; ….$/)
  })

  test.each([
    [true, 'A slave acts as master for consumers'],
    [false, 'Its slaves serve consumers only'],
  ])('without a master says what its slaves do (act: %s)', (slavesActAsMaster, role) => {
    const told = broker([member({ brokerId: 1n })], { slavesActAsMaster, masterLoss: MASTER_LOSS })
    expect(told.verdict).toBe('no_master')
    expect(told.sentences[0]).toBe(
      `broker-a has no master and accepts no messages: 10.0.0.1:10911 expired (no heartbeat within its timeout), at ${AT}. ${role}; start the master (brokerId=0), or elect one (mqadmin electMaster) if a controller assigns the roles.`,
    )
  })

  test.each([
    ['unreachable', 'unreachable', 'See whether its machine runs and is reachable from here.'],
    ['not returned', 'not_returned', 'See whether it runs and has this server in its namesrvAddr.'],
    ['renamed', 'renamed', 'Look for the new name; clients find topics under that.'],
  ] as const)('that left because it was %s has the verdict %s, and advice', (cause, verdict, advice) => {
    const told = broker([], { departures: [{ ...LEFT, cause }] })
    expect(told.verdict).toBe(verdict)
    expect(told.sentences).toContain('1 topic lost its queues there.')
    expect(told.sentences).toContain(advice)
  })

  test('that left names the earlier departures, the peers that have it, and who has its address', () => {
    const earlier = { ...LEFT, atMs: 900_000, cause: 'request' as const }
    const told = broker([], {
      departures: [earlier, { ...LEFT, cause: 'expired', topics: 0 }],
      peersWith: ['ns2:9876'],
      successor: { brokerName: 'broker-b', isSame: false },
    })
    expect(told.sentences.slice(1)).toEqual([
      'Before that, 1 departure of its brokers within ten minutes.',
      'It is registered at ns2:9876.',
      'See whether its process is paused (GC, stopped by a signal) or cut off from this server.',
      'Its address is now used by broker-b: it was renamed, or the address was reused.',
    ])
  })

  test('that is registered here and not there, or the reverse, names the peers', () => {
    const { sentences } = broker([member()], { peersWith: ['ns2:9876'], peersWithout: ['ns3:9876'] })
    expect(sentences).toContain(
      'A member of broker-a that is missing here is registered at ns2:9876. Brokers must have all NameServers in namesrvAddr.',
    )
    expect(sentences).toContain(
      'broker-a, or a member of it, is not registered at ns3:9876. Brokers must have all NameServers in namesrvAddr.',
    )
    expect(broker([], { peersWith: ['ns2:9876'] }).verdict).toBe('only_on_peers')
  })

  test('whose registration was rejected last is rejected, with the reason', () => {
    const rejection = {
      atMs: 1_000_000,
      brokerName: 'broker-a',
      brokerAddr: '10.0.0.1:10911',
      by: '10.0.0.1:40000',
      reason: 'maxBrokers (1) reached',
      limit: 'maxBrokers' as const,
    }
    const told = broker([], { rejection, departures: [{ ...LEFT, atMs: 500_000, cause: 'expired' }] })
    expect(told).toEqual({
      verdict: 'rejected',
      sentences: [
        'broker-a is not registered: this server rejects its registration.',
        `The registration of 10.0.0.1:10911 from 10.0.0.1:40000 was rejected at ${AT}: maxBrokers (1) reached.`,
      ],
      commands: [],
    })
    expect(broker([member()], { rejection, isRejected: true }).verdict).toBe('rejected')
  })

  test('whose permission was not writable before a restart is not blamed for it', () => {
    const told = broker([member({ isProvisional: true })], { writableTopics: 0 })
    expect(told.sentences[0]).toBe(
      'None of the 2 topics of broker-a is writable: it was not writable in the snapshot: wiped, or registered so, before the restart.',
    )
  })
})
