import { describe, expect, it } from 'vitest'
import { RouteHistory } from '../../../src/inspect/history/route-history.ts'
import { type RouteEvent, TopicTally, type UnregisterReason } from '../../../src/routeinfo/route-changes.ts'

const PEER = '10.0.0.1:40000'

function broker(name: string, addr = '10.0.0.1:10911') {
  return { clusterName: 'c', brokerName: name, brokerAddr: addr, brokerId: 0n }
}

function deleted(...topics: string[]): TopicTally {
  const tally = new TopicTally()
  for (const topic of topics) tally.add('deleted', topic)
  return tally
}

function registered(name: string, topicChanges?: TopicTally): RouteEvent {
  const details = { haServerAddr: null, topics: 2, channelId: 1, peer: PEER, topicChanges }
  return { kind: 'broker registered', broker: broker(name), ...details }
}

function left(name: string, reason: UnregisterReason, topicChanges = deleted()): RouteEvent {
  return { kind: 'broker unregistered', broker: broker(name), reason, peer: PEER, topicChanges }
}

function historyAt() {
  const time = { nowMs: 1_000 }
  return { time, history: new RouteHistory(() => time.nowMs) }
}

describe('The route history', () => {
  it('knows which brokers left, when, why and with how many topics', () => {
    const { history, time } = historyAt()
    history.onRouteEvent(registered('a'))
    time.nowMs = 2_000
    history.onRouteEvent(left('a', 'expired', deleted('T1', 'T2')))
    expect(history.departures('a')).toEqual([
      {
        atMs: 2_000,
        cause: 'expired',
        clusterName: 'c',
        brokerName: 'a',
        brokerAddr: '10.0.0.1:10911',
        brokerId: 0n,
        peer: PEER,
        topics: 2,
        joinedMs: 1_000,
      },
    ])
    expect(history.departures('b')).toEqual([])
  })

  it('keeps the last eight departures of a broker name', () => {
    const { history, time } = historyAt()
    for (let turn = 0; turn < 20; turn++) {
      time.nowMs = turn
      history.onRouteEvent(left('a', 'request'))
    }
    expect(history.departures('a').map(({ atMs }) => atMs)).toEqual([12, 13, 14, 15, 16, 17, 18, 19])
  })

  it('knows when a broker name was registered first and last, and when its topics changed', () => {
    const { history, time } = historyAt()
    expect(history.broker('a')).toBeUndefined()
    history.onRouteEvent(registered('a'))
    time.nowMs = 2_000
    history.onRouteEvent(registered('a'))
    time.nowMs = 3_000
    history.onRouteEvent({ kind: 'topics changed', broker: broker('a'), topicChanges: deleted('T') })
    expect(history.broker('a')).toEqual({
      lastRegisteredMs: 2_000,
      members: [
        {
          brokerAddr: broker('a').brokerAddr,
          brokerId: broker('a').brokerId,
          firstRegisteredMs: 1_000,
          lastRegisteredMs: 2_000,
          registrations: 2,
          joinedMs: 1_000,
        },
      ],
      topicsChangedMs: 3_000,
    })
  })

  it('knows who wiped a permission, until the queues of the broker name are gone', () => {
    const { history } = historyAt()
    history.onPermissionChange('a', { kind: 'wiped', by: PEER, topics: 3 })
    history.onRouteEvent(left('a', 'expired'))
    expect(history.permissionChange('a')).toEqual({ kind: 'wiped', atMs: 1_000, by: PEER, topics: 3 })
    history.onRouteEvent(left('a', 'expired', deleted('T')))
    expect(history.permissionChange('a')).toBeUndefined()
  })

  it('knows who deleted and who registered a topic', () => {
    const { history } = historyAt()
    history.onTopicDeleted('T', { by: PEER, clusterName: undefined, brokers: 2 })
    history.onTopicRegistered('T', { by: '10.0.0.2:1', brokers: 1 })
    expect(history.topicDeletion('T')).toEqual({ atMs: 1_000, by: PEER, clusterName: undefined, brokers: 2 })
    expect(history.topicRegistration('T')).toEqual({ atMs: 1_000, by: '10.0.0.2:1', brokers: 1 })
    expect(history.topicDeletion('U')).toBeUndefined()
  })

  it('knows with which brokers a topic left, and which broker dropped it: the last time of each name', () => {
    const { history, time } = historyAt()
    history.onRouteEvent(registered('a', deleted('T')))
    history.onRouteEvent(left('b', 'connection lost', deleted('T', 'U')))
    time.nowMs = 2_000
    history.onRouteEvent(left('a', 'request', deleted('T')))
    expect(
      history.topicRemovals('T').map(({ brokerName, cause, atMs }) => [brokerName, cause, atMs]),
    ).toEqual([
      ['b', 'connection lost', 1_000],
      ['a', 'request', 2_000],
    ])
    expect(history.topicRemovals('V')).toEqual([])
  })

  it('says which removals have more topics than it names', () => {
    const { history } = historyAt()
    const topics = Array.from({ length: 5_000 }, (_, index) => `T${index}`)
    history.onRouteEvent(left('a', 'expired', deleted(...topics)))
    history.onRouteEvent(left('b', 'expired', deleted('T0')))
    expect(history.topicRemovals('T1023')).toHaveLength(1)
    expect(history.topicRemovals('T1024')).toEqual([])
    expect(history.unnamedRemovals()).toMatchObject([{ brokerName: 'a', topics: 5_000 }])
  })

  it('says which removal is the last whose names it has forgotten', () => {
    const { history } = historyAt()
    const topics = Array.from({ length: 1_000 }, (_, index) => `T${index}`)
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
      history.onRouteEvent(left(name, 'expired', deleted(...topics)))
    expect(history.unnamedRemovals()).toMatchObject([{ brokerName: 'b', topics: 1_000, names: [] }])
    expect(history.lastDeparture?.brokerName).toBe('f')
  })

  it('stays small when all names are too long to be kept, or many brokers drop one topic', () => {
    const { history } = historyAt()
    for (let index = 0; index < 5_000; index++) {
      history.onRouteEvent(left(`a${index}`, 'expired', deleted('n'.repeat(300))))
      history.onRouteEvent(left(`b${index}`, 'expired', deleted('T')))
    }
    expect(history.unnamedRemovals().length).toBeLessThan(600)
    expect(history.topicRemovals('T').map(({ brokerName }) => brokerName)).toEqual([
      'b4996',
      'b4997',
      'b4998',
      'b4999',
    ])
  })

  it('knows which registrations were rejected, by which limit, and which were ignored', () => {
    const { history } = historyAt()
    const rejection = { brokerName: 'a', brokerAddr: 'x:1', by: PEER, limit: 'maxTopics', reason: 'full' }
    history.onRegistrationRejected(rejection)
    history.onRouteEvent({
      kind: 'registration ignored',
      broker: broker('b'),
      currentAddr: 'y:1',
      peer: PEER,
    })
    expect(history.rejection('a')).toEqual({ ...rejection, atMs: 1_000 })
    expect(history.rejections().map(({ brokerName, reason }) => [brokerName, reason])).toEqual([
      ['a', 'full'],
      ['b', 'id 0 is held by y:1, which has a newer stateVersion'],
    ])
  })

  it('stays within 6 MB, whatever peers send, and finds what it keeps under long names, too', () => {
    const { history } = historyAt()
    const long = 'n'.repeat(60_000)
    for (let index = 0; index < 5_000; index++) {
      const name = `${index}${long}`
      history.onRouteEvent(registered(name))
      history.onRouteEvent(left(name, 'expired', deleted(`t${index}`, name)))
      history.onPermissionChange(name, { kind: 'wiped', by: PEER, topics: 1 })
      history.onTopicDeleted(name, { by: PEER, clusterName: long, brokers: 1 })
      history.onRegistrationRejected({
        brokerName: name,
        brokerAddr: long,
        by: PEER,
        limit: long,
        reason: long,
      })
    }
    expect(history.bytes).toBeLessThan(6_000_000)
    expect(history.departures(`4999${long}`)).toHaveLength(1)
    expect(history.departures(`0${long}`)).toEqual([])
    expect(history.topicRemovals('t0')).toEqual([])
    expect(history.topicRemovals('t4999')).toHaveLength(1)
  })
})
