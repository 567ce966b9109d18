import type { RequestStep, Sequence } from '../sequence.ts'
import {
  type Broker,
  clusterInfo,
  dataVersion,
  everythingRemovedBefore,
  memberGroup,
  queryDataVersion,
  queryOutOfPlace,
  register,
  route,
  topic,
  unregister,
  withOwn,
} from './request-steps.ts'

const master: Broker = { name: 'a', addr: 'a:1' }
const slave: Broker = { name: 'a', addr: 'a:2', id: 1 }
const whole: Broker = { name: 'w', addr: 'w:1' }
const split: Broker = { name: 's', addr: 's:1' }
const T = (name: string, perm = 6): [string, object] => topic(name, { perm })

function look(...topics: string[]): RequestStep[] {
  return [clusterInfo(), memberGroup('a'), ...topics.map((name) => route(name)), { code: 206 }]
}

/** A group's life, state by state. */
export const groupLife: Sequence = {
  name: 'life of a group',
  steps: [
    // A member that is not there yet must not begin with one topic.
    register(master, { topics: [T('T1')] }),
    ...look('T1'),
    register(master, { topics: [T('T1'), T('T2')] }),
    ...look('T1', 'T2'),
    register(slave, { topics: [T('T1'), T('T2')] }),
    ...look('T1'),
    register(master, { topics: [T('T3')], counter: 2 }),
    ...look('T1', 'T2', 'T3'),
    register(master, { topics: [T('T3', 4)], counter: 2 }),
    register(master, { topics: [T('T4')], counter: 2 }),
    ...look('T3', 'T4'),
    // Another address for the same id: by stateVersion.
    register(master, { topics: [T('T1'), T('T2')], counter: 3, stateVersion: 2 }),
    register({ ...master, addr: 'a:3' }, { topics: [T('T1'), T('T2')], stateVersion: 1 }),
    ...look('T1'),
    register({ ...master, addr: 'a:3' }, { topics: [T('T1'), T('T2')], stateVersion: 2 }),
    ...look('T1'),
    register({ ...master, addr: 'a:3', id: 2 }, { topics: [T('T1'), T('T2')], stateVersion: 2 }),
    ...look('T1'),
    // Unregistration is by address.
    unregister({ ...slave, id: 77 }),
    memberGroup('a', { until: { lacks: 'a:2' } }),
    unregister({ ...master, addr: 'wrong:1', id: 2 }),
    ...everythingRemovedBefore('sentinel1'),
    ...look('T1'),
    unregister({ ...master, addr: 'a:3', id: 2 }),
    memberGroup('a', { until: { lacks: 'a:3' } }),
    ...look('T1', 'T2', 'T3', 'T4'),
    // Permissions wiped here last until the broker's next version.
    register(master, { topics: [T('T1'), T('T2')], counter: 9 }),
    { code: 205, extFields: { brokerName: 'a' } },
    ...look('T1', 'T2'),
    register(master, { topics: [T('T1'), T('T2')], counter: 9 }),
    ...look('T1'),
    { code: 327, extFields: { brokerName: 'a' } },
    ...look('T1'),
    { code: 205, extFields: { brokerName: 'a' } },
    register(master, { topics: [T('T1'), T('T2')], counter: 10 }),
    ...look('T1'),
    // The wrong cluster takes the broker, but leaves its name behind.
    unregister({ ...master, cluster: 'other' }),
    memberGroup('a', { until: { lacks: 'a:1' } }),
    ...look('T1'),
    unregister({ name: 'unknown', addr: 'unknown:1' }),
    unregister({ name: 'unknown', addr: 'unknown:1' }, { flag: 2 }),
    unregister({ name: 'unknown', addr: 'unknown:1' }, { serializeType: 'ROCKETMQ' }),
    ...everythingRemovedBefore('sentinel2'),
    ...look('T1'),
  ],
}

const acting = (id: number): Broker => ({ name: 'a', addr: `a:${id}`, id, acting: true })
const TWO = [T('T1'), T('T2')]

/** A group whose slaves stand in for their master. */
export const actingMaster: Sequence = {
  name: 'acting master',
  properties: { supportActingMaster: true },
  steps: [
    register(acting(0), { topics: TWO }),
    register(acting(1), { topics: TWO }),
    register(acting(2), { topics: TWO }),
    ...look('T1'),
    unregister(acting(0)),
    memberGroup('a', { until: { lacks: 'a:0' } }),
    ...look('T1', 'rmq_sys_SYNC_BROKER_MEMBER_a'),
    route('T1', { version: 300 }),
    { code: 327, extFields: { brokerName: 'a' } },
    ...look('T1'),
    { code: 205, extFields: { brokerName: 'a' } },
    register(acting(1), { topics: TWO, counter: 2 }),
    ...look('T1'),
    register(acting(0), { topics: TWO, counter: 3 }),
    ...look('T1'),
    unregister(acting(1)),
    memberGroup('a', { until: { lacks: 'a:1' } }),
    ...look('T1'),
    // Without enableActingMaster no slave acts as master.
    register({ name: 'p', addr: 'p:0' }, { topics: [T('P1'), T('P2')] }),
    register({ name: 'p', addr: 'p:1', id: 1 }, {}),
    unregister({ name: 'p', addr: 'p:0' }),
    memberGroup('p', { until: { lacks: 'p:0' } }),
    route('P1'),
    register(
      { name: 'q', addr: 'q:1', id: 1, acting: true },
      {
        topics: [T('rmq_sys_SYNC_BROKER_MEMBER_q'), T('Q1')],
      },
    ),
    route('rmq_sys_SYNC_BROKER_MEMBER_q'),
    route('Q1'),
  ],
}

/** Topics of a master that are not in its registration go. */
export const deletingRegistration: Sequence = {
  name: 'deleteTopicWithBrokerRegistration',
  properties: { deleteTopicWithBrokerRegistration: true },
  steps: [
    register(master, { topics: [T('T1'), T('T2'), T('T3')] }),
    register({ name: 'other', addr: 'other:1' }, { topics: [T('T1'), T('T2')] }),
    register(master, { topics: [T('T2')], counter: 2 }),
    ...look('T1', 'T2', 'T3'),
    register(slave, { topics: [T('T4')] }),
    register(slave, { topics: [T('T4'), T('T5')] }),
    ...look('T2', 'T4'),
    register(master, {
      topics: [T('T1')],
      counter: 3,
      mapping: { T1: { bname: 'a', currIdMap: { 0: 0 }, topic: 'T1', totalQueues: 1, epoch: 1 } },
    }),
    ...look('T1', 'T2'),
    register(master, { topics: [], counter: 4 }),
    ...look('T2'),
    // An increment, after which Java has nothing else.
    register(whole, { topics: [T('W1'), T('w')] }),
    register(whole, { topics: [T('W2')], counter: 2 }),
    {
      code: 206,
      differs: { id: 'increment-is-partial', java: { bodyHas: '"W2"' }, ours: { bodyHas: '"W1"' } },
    },
    register(whole, { topics: [T('W1'), T('w'), T('W2')], counter: 2 }),
    ...look('W1', 'W2'),
    register(whole, { topics: [T('W2'), T('w')], counter: 3 }),
    ...look('W1', 'W2'),
    // A second part, after which Java has nothing else.
    register(split, { topics: [T('S1'), T('s')] }),
    register(split, { topics: [T('S2'), T('S3')] }),
    {
      code: 206,
      differs: { id: 'parts-of-a-registration', java: { bodyHas: '"S2"' }, ours: { bodyHas: '"S1"' } },
    },
  ],
}

/** A static topic whose queues leave one of its brokers. */
export const staticTopicEnds: Sequence = {
  name: 'the end of a static topic',
  releases: ['5.5.0'],
  steps: [
    register({ name: 'sa', addr: 'sa:1' }, { topics: [T('ST'), T('sa')], mapping: { ST: staticOn('sa') } }),
    register({ name: 'sb', addr: 'sb:1' }, { topics: [T('ST'), T('sb')], mapping: { ST: staticOn('sb') } }),
    ...look('ST'),
    unregister({ name: 'sb', addr: 'sb:1' }),
    route('ST', {
      differs: {
        id: 'static-topic-ends',
        java: { bodyHas: '"bname":"sb"' },
        ours: { bodyHas: '"scope":"__global__","topic":"ST","totalQueues":2}}}' },
      },
    }),
  ],
}

/** Registrations that come in parts of one version (`enableSplitRegistration`). */
export const partsOfARegistration: Sequence = {
  name: 'parts of a registration',
  steps: [
    register(split, { topics: [T('S1'), T('s')] }),
    register(split, { topics: [T('S2'), T('S3')] }),
    ...look('S1', 'S2'),
    register(split, { topics: [T('S1', 4), T('s')], counter: 2 }),
    register(split, {
      topics: [T('S2', 4), T('S3')],
      counter: 2,
      mapping: { S3: { bname: 's', currIdMap: { 0: 0 }, topic: 'S3', totalQueues: 1, epoch: 1 } },
    }),
    ...look('S1'),
    route('S2', {
      differs: {
        id: 'parts-of-a-registration',
        java: { bodyHas: '"perm":6' },
        ours: { bodyHas: '"perm":4' },
      },
    }),
    route('S3', {
      differs: {
        id: 'parts-of-a-registration',
        java: { bodyHas: '"perm":6' },
        ours: { bodyHas: '"topicQueueMappingByBroker"' },
      },
    }),
  ],
}

/** A first registration of several new topics (`updateTopicList`): the others are still to come. */
export const incrementFirst: Sequence = {
  name: 'an increment before the full registration',
  steps: [
    register(whole, { topics: [T('W1'), T('W2')], counter: 5 }),
    queryDataVersion(whole, dataVersion(5), {
      differs: {
        id: 'increment-is-partial',
        java: { extFields: { changed: 'false' } },
        ours: { extFields: { changed: 'true' } },
      },
    }),
    register(whole, { topics: [T('w'), T('W1'), T('W2'), T('W3')], counter: 5 }),
    queryDataVersion(whole, dataVersion(5)),
    ...look('W1', 'W3'),
    register(whole, { topics: [T('W4')], counter: 6 }),
    queryDataVersion(whole, dataVersion(6)),
    // That of version 7 was lost.
    register(whole, { topics: [T('W5')], counter: 8 }),
    queryDataVersion(whole, dataVersion(8), {
      differs: {
        id: 'increment-is-partial',
        java: { extFields: { changed: 'false' } },
        ours: { extFields: { changed: 'true' } },
      },
    }),
  ],
}

/** Connections that close. */
export const lostConnections: Sequence = {
  name: 'lost connections',
  steps: [
    register({ name: 'x', addr: 'x:1' }, { topics: [T('X1'), T('X2')] }, { on: 'x' }),
    register({ name: 'x', addr: 'x:2', id: 1 }, {}, { on: 'x slave' }),
    register({ name: 'keep', addr: 'keep:1' }, { topics: [T('K1'), T('X1')] }),
    { close: 'x' },
    memberGroup('x', { until: { lacks: 'x:1' } }),
    route('X1'),
    route('X2'),
    queryDataVersion({ name: 'x', addr: 'x:1' }, dataVersion(1)),
    { close: 'x slave' },
    memberGroup('x', { until: { lacks: 'x:2' } }),
    route('X1'),
    route('X2'),
    clusterInfo(),
    // A broker that is bound to another connection by now stays.
    register({ name: 'm', addr: 'm:1' }, { topics: [T('M1'), T('M2')] }, { on: 'first' }),
    register({ name: 'm', addr: 'm:1' }, { topics: [T('M1'), T('M2')] }, { on: 'second' }),
    { close: 'first' },
    ...everythingRemovedBefore('sentinel1'),
    route('M1'),
    // A heartbeat does not bind.
    { code: 904, extFields: { clusterName: 'c1', brokerAddr: 'm:1', brokerName: 'm' }, on: 'third' },
    queryDataVersion({ name: 'm', addr: 'm:1' }, dataVersion(1), { on: 'third' }),
    { close: 'third' },
    ...everythingRemovedBefore('sentinel2'),
    route('M1'),
    { close: 'second' },
    route('M1', { until: { has: '"code":17' } }),
    // A frame that cannot be read closes the connection, which removes the broker.
    register({ name: 'f', addr: 'f:1' }, { topics: [T('F1'), T('F2')] }, { on: 'f' }),
    { code: 0, frameHex: 'ffffffff', on: 'f' },
    route('F1', { until: { has: '"code":17' } }),
    clusterInfo(),
  ],
}

/** A registration over a connection of its own, which an expired broker's server closes. */
function registerTimed(broker: Broker, heartbeatTimeoutMillis: string, topics: string[]): RequestStep {
  return register(
    { ...broker, acting: true },
    {
      topics: withOwn(
        broker,
        topics.map((name) => T(name)),
      ),
      filter: [`f-${broker.addr}`],
      fields: { heartbeatTimeoutMillis },
    },
    { on: broker.addr },
  )
}

/** Brokers that stop sending heartbeats: each has its own timeout. The first scan comes five seconds after the start, in 5.3.3 at once. */
export const expiry: Sequence = {
  name: 'expiry',
  releases: ['5.5.0'],
  properties: { scanNotActiveBrokerInterval: 50, supportActingMaster: true },
  steps: [
    registerTimed({ name: 'm', addr: 'm:1', id: 1 }, '600000', ['T1', 'T2']),
    registerTimed({ name: 'm', addr: 'm:2', id: 2 }, '600000', ['T1', 'T2']),
    // Last of its group: a slave gets its master in the response, and that may expire at any time.
    registerTimed({ name: 'm', addr: 'm:0' }, '1', ['T1', 'T2']),
    registerTimed({ name: 'lone', addr: 'lone:0' }, '0', ['T1', 'L1']),
    registerTimed({ name: 'past', addr: 'past:0' }, '-1000000', ['T1', 'P1']),
    registerTimed({ name: 'stays', addr: 'stays:0' }, 'x', ['T1', 'S1']),
    ...['m', 'lone', 'past'].flatMap((name) => [
      memberGroup(name, { until: { lacks: `${name}:0` } }),
      queryDataVersion({ name, addr: `${name}:0` }, dataVersion(1), { until: { has: '"changed":"true"' } }),
    ]),
    ...look('T1', 'T2', 'L1', 'P1', 'S1'),
    ...[1, 2].map((id) => queryDataVersion({ name: 'm', addr: `m:${id}`, id }, dataVersion(1))),
    queryDataVersion({ name: 'stays', addr: 'stays:0' }, dataVersion(1)),
    // A heartbeat does not bring back a removed broker.
    { code: 904, extFields: { clusterName: 'c1', brokerAddr: 'lone:0', brokerName: 'lone' } },
    queryDataVersion({ name: 'lone', addr: 'lone:0' }, dataVersion(1)),
    registerTimed({ name: 'lone', addr: 'lone:0' }, '600000', ['T1', 'L1']),
    ...look('T1', 'L1'),
  ],
}

/** A time so long that Java's sum with the present overflows. */
export const endlessTimeout: Sequence = {
  name: 'heartbeat timeout without end',
  // 5.3.3 scans from the start on: rarely enough that the registration is answered before it.
  properties: { scanNotActiveBrokerInterval: 3_000 },
  steps: [
    registerTimed({ name: 'e', addr: 'e:0' }, '9223372036854775807', ['E1', 'E2']),
    memberGroup('e', {
      until: { java: { lacks: 'e:0' }, ours: { has: 'e:0' } },
      differs: {
        id: 'timeout-overflow',
        java: { body: '{"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"e","cluster":"c1"}}' },
        ours: { body: '{"brokerMemberGroup":{"brokerAddrs":{0:"e:0"},"brokerName":"e","cluster":"c1"}}' },
      },
    }),
  ],
}

/** A broker whose name was used in another cluster before. */
export const sharedName: Sequence = {
  name: 'lost connection of a broker whose name belongs to another cluster',
  steps: [
    register({ name: 'n', addr: 'n:1' }, { topics: TWO }),
    register({ name: 'n', addr: 'n:2', id: 1, cluster: 'c2' }, {}, { on: 'slave' }),
    { close: 'slave' },
    memberGroup('n', {
      until: { java: { has: 'n:2' }, ours: { lacks: 'n:2' } },
      differs: {
        id: 'shared-name-removed',
        java: {
          body: '{"brokerMemberGroup":{"brokerAddrs":{0:"n:1",1:"n:2"},"brokerName":"n","cluster":"c1"}}',
        },
        ours: { body: '{"brokerMemberGroup":{"brokerAddrs":{0:"n:1"},"brokerName":"n","cluster":"c1"}}' },
      },
    }),
  ],
}

/** Brokers that share a connection, as those of a container do. */
export const sharedConnection: Sequence = {
  name: 'brokers that share a lost connection',
  steps: [
    register({ name: 's1', addr: 's1:1' }, { topics: [T('S1'), T('S2')] }, { on: 'shared' }),
    register({ name: 's2', addr: 's2:1' }, { topics: [T('S1'), T('S2')] }, { on: 'shared' }),
    { close: 'shared' },
    clusterInfo({
      until: { java: { lacks: '"s2"' }, ours: { lacks: '"s1"' } },
      differs: {
        id: 'shared-connection-removes-all',
        java: {
          body: '{"brokerAddrTable":{"s1":{"brokerAddrs":{0:"s1:1"},"brokerName":"s1","cluster":"c1","enableActingMaster":false}},"clusterAddrTable":{"c1":["s1"]}}',
        },
        ours: { body: '{"brokerAddrTable":{},"clusterAddrTable":{}}' },
      },
    }),
  ],
}

/** A broker that registers again under another cluster's name, before the connection of its first registration is lost. */
export const movedCluster: Sequence = {
  name: 'a broker that has moved to another cluster',
  releases: ['5.5.0'],
  steps: [
    register({ name: 'mv', addr: 'mv:1' }, { topics: [T('M1'), T('M2')] }, { on: 'old' }),
    register({ name: 'mv', addr: 'mv:1', cluster: 'c2' }, { topics: [T('M1'), T('M2')] }, { on: 'new' }),
    { close: 'old' },
    queryDataVersion({ name: 'mv', addr: 'mv:1' }, dataVersion(1), { until: { has: '"changed":"true"' } }),
    clusterInfo({
      until: { java: { lacks: 'mv:1' }, ours: { has: 'mv:1' } },
      differs: {
        id: 'moved-cluster-kept',
        java: { body: '{"brokerAddrTable":{},"clusterAddrTable":{"c2":["mv"]}}' },
        ours: {
          body: '{"brokerAddrTable":{"mv":{"brokerAddrs":{0:"mv:1"},"brokerName":"mv","cluster":"c1","enableActingMaster":false}},"clusterAddrTable":{"c1":["mv"],"c2":["mv"]}}',
        },
      },
    }),
  ],
}

/** Two brokers that claim one name and id, and brokers that ask under another id or name than they registered with. */
export const sharedId: Sequence = {
  name: 'version queries of brokers that are not in their place',
  steps: [
    register({ name: 'i', addr: 'i:1' }, { topics: [T('i'), T('I1')] }),
    queryDataVersion({ name: 'i', addr: 'i:1' }, dataVersion(1)),
    queryOutOfPlace({ name: 'i', addr: 'i:1', id: 1 }, dataVersion(1)),
    queryOutOfPlace({ name: 'other', addr: 'i:1' }, dataVersion(1)),
    register({ name: 'i', addr: 'i:2' }, { topics: [T('i'), T('I1')] }),
    queryOutOfPlace({ name: 'i', addr: 'i:1' }, dataVersion(1)),
    queryDataVersion({ name: 'i', addr: 'i:2' }, dataVersion(1)),
    unregister({ name: 'i', addr: 'i:2' }),
    ...everythingRemovedBefore('sentinel'),
    queryOutOfPlace({ name: 'i', addr: 'i:1' }, dataVersion(1)),
    register({ name: 'i', addr: 'i:1' }, { topics: [T('i'), T('I1')] }),
    queryDataVersion({ name: 'i', addr: 'i:1' }, dataVersion(1)),
    memberGroup('i'),
    route('I1'),
    register({ name: 'i', addr: 'i:2' }, { counter: 2, topics: [T('i'), topic('I1', { read: 3 })] }),
    register({ name: 'i', addr: 'i:1' }, { topics: [T('i'), T('I1')] }),
    {
      ...route('I1'),
      differs: {
        id: 'id-taken-back',
        java: { bodyHas: '"readQueueNums":3' },
        ours: { bodyHas: '"readQueueNums":8' },
      },
    },
  ],
}

/** A broker that registers again under another name. */
export const newestName: Sequence = {
  name: 'a broker that comes back under another name at its address',
  steps: [
    register({ name: 'former', addr: 'n:1' }, { topics: [T('N1'), T('N2')] }),
    register({ name: 'newest', addr: 'n:1' }, { topics: [T('N3'), T('N4')] }),
    route('N3'),
    clusterInfo({
      differs: {
        id: 'newest-name-only',
        java: {
          bodyHas:
            '"former":{"brokerAddrs":{0:"n:1"},"brokerName":"former","cluster":"c1","enableActingMaster":false}',
        },
        ours: {
          body: '{"brokerAddrTable":{"newest":{"brokerAddrs":{0:"n:1"},"brokerName":"newest","cluster":"c1","enableActingMaster":false}},"clusterAddrTable":{"c1":["newest"]}}',
        },
      },
    }),
  ],
}

/** System topics of several brokers. */
export const systemTopics: Sequence = {
  name: 'system topics of several brokers',
  steps: [
    register({ name: 'sy1', addr: 'sy:1' }, { topics: [T('S1'), T('rmq_sys_one'), T('TBW102')] }),
    register({ name: 'sy2', addr: 'sy:1', cluster: 'c2' }, { topics: [T('S1'), T('rmq_sys_two')] }),
    {
      code: 304,
      differs: {
        id: 'system-topics-listed',
        java: { bodyHas: '"topicList":[' },
        ours: {
          body: '{"brokerAddr":"sy:1","topicList":["c1","sy1","c2","sy2","rmq_sys_one","TBW102","rmq_sys_two"]}',
        },
      },
    },
  ],
}

/** The live entry of an address whose place another has taken. */
export const staleLiveEntry: Sequence = {
  name: 'live entry of a replaced address',
  steps: [
    register({ name: 'r', addr: 'r:1' }, { topics: [T('R1'), T('r')] }, { on: 'old' }),
    register({ name: 'r', addr: 'r:2' }, { topics: [T('R1'), T('R2')] }),
    queryOutOfPlace({ name: 'r', addr: 'r:1' }, dataVersion(1)),
    { close: 'old' },
    ...everythingRemovedBefore('sentinel'),
    memberGroup('r'),
    route('R1'),
    queryDataVersion({ name: 'r', addr: 'r:1' }, dataVersion(1), {
      differs: {
        id: 'stale-live-entry-removed',
        java: { extFields: { changed: 'false' }, body: JSON.stringify(dataVersion(1)) },
        ours: { extFields: { changed: 'true' }, body: '' },
      },
    }),
  ],
}

function staticOn(bname: string): object {
  return { bname, currIdMap: { 0: 0 }, topic: 'ST', totalQueues: 2, epoch: 1, scope: '__global__' }
}
