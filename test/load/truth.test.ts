import { describe, expect, test } from 'vitest'
import { Histogram, slopeMibPerHour } from '../../scripts/load/figures.ts'
import { type Member, Presence, type Topic, wrongRoute } from '../../scripts/load/truth.ts'
import { frame } from '../support/raw-client.ts'

/** Two brokers that are there, and a topic on both. */
function aTopic() {
  const members = ['a', 'b'].map((name): Member => ({ name, address: `${name}:1`, presence: new Presence() }))
  const topic: Topic = {
    name: 'T',
    queues: 4,
    group: { members, lastChangeMs: 0 },
    presence: new Presence(),
  }
  for (const { presence } of [topic, ...members]) presence.settle(true)
  return { topic, a: members[0] as Member, b: members[1] as Member }
}

function answer(names: readonly string[], { queues = 4, address = ':1' } = {}) {
  const body = JSON.stringify({
    brokerDatas: names.map((name) => ({ brokerName: name, brokerAddrs: { 0: `${name}${address}` } })),
    queueDatas: names.map((name) => ({
      brokerName: name,
      perm: 6,
      readQueueNums: queues,
      writeQueueNums: queues,
    })),
  })
  return { code: 0, opaque: 1, bytes: frame('{"code":0}', body) }
}

const NO_ROUTE = { code: 17, opaque: 1, bytes: frame('{"code":17}') }
/** After everything that has been settled. */
const NOW = Number.MAX_SAFE_INTEGER

describe('what a load takes for right', () => {
  test('is a route to every broker that is alive, with its address and its queues', () => {
    const { topic } = aTopic()
    expect(wrongRoute(topic, answer(['a', 'b']), NOW)).toBeUndefined()
    expect(wrongRoute(topic, answer(['a']), NOW)).toMatch('lacks b, which is alive')
    expect(wrongRoute(topic, answer(['a', 'b', 'c']), NOW)).toMatch('has brokers of others: c')
    expect(wrongRoute(topic, answer(['a', 'b'], { queues: 5 }), NOW)).toMatch('has other queues')
    expect(wrongRoute(topic, answer(['a', 'b'], { address: ':2' }), NOW)).toMatch('has other addresses of a')
    expect(wrongRoute(topic, answer([]), NOW)).toMatch('has no broker')
    expect(wrongRoute(topic, NO_ROUTE, NOW)).toMatch('there is no route to T')
    expect(wrongRoute(topic, { ...NO_ROUTE, code: 1 }, NOW)).toMatch('has the code 1')
  })

  test('either has a broker that is leaving or not; once it has left, only the second is right', () => {
    const { topic, b } = aTopic()
    expect(wrongRoute(topic, answer(['a', 'b']), NOW)).toBeUndefined()
    b.presence.change()
    topic.group.lastChangeMs = NOW
    for (const names of [['a', 'b'], ['a']]) {
      expect(wrongRoute(topic, answer(names), NOW)).toBeUndefined()
    }
    b.presence.settle(false)
    expect(wrongRoute(topic, answer(['a', 'b']), NOW)).toMatch('has b, which has left')
    expect(wrongRoute(topic, answer(['a']), NOW)).toBeUndefined()
    // A lookup from before may have seen it.
    expect(wrongRoute(topic, answer(['a', 'b']), 0)).toBeUndefined()
  })

  test('is a topic that is being made on any of its brokers, and none that is deleted', () => {
    const { topic } = aTopic()
    topic.presence.change()
    for (const names of [['a', 'b'], ['b']]) expect(wrongRoute(topic, answer(names), NOW)).toBeUndefined()
    expect(wrongRoute(topic, NO_ROUTE, NOW)).toBeUndefined()
    topic.presence.settle(false)
    topic.group.lastChangeMs = NOW
    expect(wrongRoute(topic, NO_ROUTE, NOW)).toBeUndefined()
    expect(wrongRoute(topic, answer(['a', 'b']), NOW)).toMatch('which is deleted')
  })
})

test('durations are counted to within two percent', () => {
  const histogram = new Histogram()
  for (let ms = 1; ms <= 1_000; ms++) histogram.add(ms)
  expect(histogram.quantile(0.5)).toBeGreaterThan(490)
  expect(histogram.quantile(0.5)).toBeLessThan(511)
  expect(histogram.quantile(1)).toBe(1_000)
  expect(histogram.max).toBe(1_000)
})

test('memory that grows by a MiB a minute grows by 60 an hour, whatever it did while it got warm', () => {
  const samples = Array.from({ length: 30 }, (_, minute) => ({
    atMs: minute * 60_000,
    mib: minute < 10 ? 500 : minute,
  }))
  expect(slopeMibPerHour(samples)).toBeCloseTo(60)
  expect(slopeMibPerHour(samples.slice(0, 2))).toBe(0)
})
