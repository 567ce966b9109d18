import { describe, expect, test } from 'vitest'
import { TableComparison } from '../../../src/cli/observe/table-comparison.ts'
import { wholeSlicer } from '../../routeinfo/route-helpers.ts'
import { type Script, startScripted } from '../scripted-name-server.ts'
import { clusterInfo, observe, route, topicList } from './observe-world.ts'

/** A NameServer of Java with one broker and two topics, but for what a test says. */
async function observedJava(more: Script = {}) {
  const java = await startScripted({
    106: { body: clusterInfo({ 'broker-a': '10.0.0.1:10911' }) },
    206: { body: topicList('TopicA', 'TopicB') },
    105: { body: route({ 'broker-a': 4 }) },
    219: { code: 22 },
    319: {},
    ...more,
  })
  return { java, ...(await observe(java.address)) }
}

type Observed = Awaited<ReturnType<typeof observedJava>>

function compare(own: Observed, other: Observed) {
  return new TableComparison(own.observed, other.observed, wholeSlicer()).compare()
}

async function texts(own: Observed, other: Observed): Promise<readonly string[]> {
  const { differences } = await compare(own, other)
  return differences.list.map(
    ({ kind, subject, values: [here, there] }) => `${kind} ${subject}: ${here} ${there}`,
  )
}

describe('two observed NameServers', () => {
  test('agree if they list the same, whatever the releases', async () => {
    const other = await observedJava({
      105: { body: route({ 'broker-a': 4 }).replace('topicSysFlag', 'topicSynFlag') },
    })
    const result = await compare(await observedJava(), other)
    expect(result).toMatchObject({
      reason: 'of the key-value tables only ORDER_TOPIC_CONFIG',
      isMoved: false,
    })
    expect(result.differences.list).toEqual([])
  })

  test('differ in brokers, topics, queues, order configuration and settings', async () => {
    const other = await observedJava({
      106: { body: clusterInfo({ 'broker-a': '10.0.0.9:10911' }) },
      206: { body: topicList('TopicA', 'TopicC') },
      105: ({ topic }) => ({ body: route({ 'broker-a': topic === 'TopicA' ? 8 : 4 }) }),
      219: { body: '{"table":{"TopicA":"broker-a:8"}}' },
      319: { body: 'orderMessageEnable=true\n' },
    })
    const own = await observedJava({ 319: { body: 'orderMessageEnable=false\n' } })
    expect(await texts(own, other)).toEqual([
      'broker_address broker-a:0: 10.0.0.1:10911 10.0.0.9:10911',
      'queues TopicA on broker-a: 4 read, 4 write 8 read, 8 write',
      'topic_missing TopicB: on broker-a null',
      'topic_missing TopicC: null on broker-a',
      'kv ORDER_TOPIC_CONFIG/TopicA: null broker-a:8',
      'config orderMessageEnable: false true',
    ])
  })

  test('have routes that differ read again at once, since one of them may be old', async () => {
    const changing = await observedJava({
      105: (_, before) => ({ body: route({ 'broker-a': before < 2 ? 4 : 8 }) }),
    })
    const other = await observedJava({ 105: { body: route({ 'broker-a': 8 }) } })
    expect(await texts(changing, other)).toHaveLength(2)
    await changing.pass(1)
    expect(await texts(changing, other)).toEqual([])
  })

  test('cannot be compared while one of them does not respond; which one it is, is said', async () => {
    const [up, down] = [await observedJava(), await observedJava({ 106: 'close' })]
    await expect(compare(up, down)).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      message: expect.stringContaining(down.java.address),
    })
    await expect(compare(down, up)).rejects.toThrow(new RegExp(`^${down.java.address}: `))
    // If none of them does, the peer counts as down, too.
    const other = await observedJava({ 106: 'close' })
    await expect(compare(down, other)).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      message: expect.stringContaining(other.java.address),
    })
  })

  test('are compared without topics if one of them does not list them', async () => {
    const other = await observedJava({ 206: { code: 1, remark: 'disable' } })
    const { differences, reason } = await compare(await observedJava(), other)
    expect(differences.list).toEqual([])
    expect(reason).toMatch(/does not list topics/)
  })
})
