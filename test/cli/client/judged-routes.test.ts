import { expect, test } from 'vitest'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'

/** Does not respond to request 1450, and knows neither zones nor acting masters. */
const BEFORE_5 = 400

const group = (brokerName: string, brokerAddrs: object) => ({ [brokerName]: { brokerName, brokerAddrs } })
const queues = (
  brokerName: string | undefined,
  perm: number,
  readQueueNums: number,
  writeQueueNums: number,
) => ({
  brokerName,
  perm,
  readQueueNums,
  writeQueueNums,
})

test('doctor judges the routes of a NameServer before 5.0, of which topics may be deleted meanwhile', async () => {
  const routes: Readonly<Record<string, readonly object[]>> = {
    Uneven: [queues('broker-a', 6, 2, 4), queues('broker-b', 6, 4, 4)],
    Nameless: [queues(undefined, 6, 4, 4), queues('broker-a', 6, 4, 4)],
  }
  const { address } = await startScripted(
    {
      105: ({ topic = '' }) =>
        routes[topic] === undefined
          ? { code: 17 }
          : { body: JSON.stringify({ brokerDatas: [], queueDatas: routes[topic] }) },
      106: {
        body: JSON.stringify({
          brokerAddrTable: {
            ...group('broker-a', { 0: '10.0.0.1:10911' }),
            ...group('broker-b', { 1: '10.0.0.2:10911' }),
            // Left behind by a rejected registration.
            ...group('empty', {}),
          },
          clusterAddrTable: {},
        }),
      },
      206: { body: JSON.stringify({ topicList: [...Object.keys(routes), 'Deleted'] }) },
    },
    BEFORE_5,
  )
  const { code, stdout } = await runCli(['doctor', '-n', address, '-o', 'json'])
  expect(code).toBe(1)
  const { items } = JSON.parse(stdout)
  const named = items.map(({ rule, subject }: Record<string, string>) => `${rule} ${subject}`)
  expect(named).toContain('missing_master_address broker-b')
  expect(named).toContain('read_write_queue_mismatch broker-a')
  expect(named.join()).not.toMatch(/Deleted|empty/)
  const { stdout: text } = await runCli(['doctor', '-n', address])
  // Since when is unknown.
  expect(text).toMatch(/^critical {2}missing_master_address {2}broker-b\n/m)
})

test('doctor fails if the routes of a NameServer without findings cannot be read', async () => {
  const { address } = await startScripted({ 106: { body: '{}' }, 206: { code: 1, remark: 'disable' } })
  expect(await runCli(['doctor', '-n', address])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('does not list topics: enableAllTopicList or enableTopicList is off'),
  })
})
