import { expect, test } from 'vitest'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'

const ROUTE_WITHOUT_QUEUES = '{"brokerDatas":[],"queueDatas":[]}'
const ROUTE = JSON.stringify({
  brokerDatas: [{ brokerName: 'broker-a', cluster: 'C', brokerAddrs: { 0: '10.0.0.1:10911' } }],
  queueDatas: [{ brokerName: 'broker-a', readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0 }],
})
const GROUPS = JSON.stringify({
  brokerAddrTable: {
    'broker-a': { brokerName: 'broker-a', cluster: 'C', brokerAddrs: { 0: '10.0.0.1:10911' } },
  },
  clusterAddrTable: { C: ['broker-a'] },
})

/** A NameServer without views that gives this route for TopicA, and no route for others. */
async function withRoute(route: string): Promise<string> {
  const { address } = await startScripted({
    105: ({ topic }) => (topic === 'TopicA' ? { body: route } : { code: 17 }),
    106: { body: GROUPS },
    206: { body: '{"topicList":["TopicA"]}' },
  })
  return address
}

async function explain(...addresses: readonly string[]) {
  const { code, stdout } = await runCli([
    'topic',
    'explain',
    'TopicA',
    '-n',
    addresses.join(';'),
    '-o',
    'json',
  ])
  return { code, items: JSON.parse(stdout).items }
}

test('topic explain takes a route without queues for no route, as topic route does', async () => {
  const address = await withRoute(ROUTE_WITHOUT_QUEUES)
  expect(await explain(address)).toMatchObject({
    code: 1,
    items: [{ verdict: 'never_created', now: { code: 17, brokers: [] } }],
  })
  expect((await runCli(['topic', 'route', 'TopicA', '-n', address])).code).toBe(1)
})

test('topic explain does not count a route without queues of another NameServer', async () => {
  const [full, empty] = [await withRoute(ROUTE), await withRoute(ROUTE_WITHOUT_QUEUES)]
  const { items } = await explain(full, empty)
  expect(items[0].sentences).toContainEqual(expect.stringContaining(`${empty} has no route for TopicA`))
  expect(items[1]).toMatchObject({ verdict: 'only_on_peers' })
})
