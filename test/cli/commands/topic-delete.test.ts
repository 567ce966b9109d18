import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startFakePeer } from '../../support/fake-peer.ts'
import { frame, headerOf } from '../../support/raw-client.ts'
import { lookup, registration } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'
import { startWithoutViews } from '../without-views.ts'

async function serverWithTopics() {
  const { port, connect } = await startServer()
  const client = await connect()
  await client.request(registration())
  const other = registration({ name: 'broker-b', address: '127.0.0.1:10921' })
  await client.request({ ...other, extFields: { ...other.extFields, clusterName: 'Other' } })
  const brokersOf = async (topic: string) => {
    const answer = await client.request(lookup(topic))
    if (headerOf(answer).code !== 0) return []
    const { queueDatas } = JSON.parse(answer.body.toString()) as { queueDatas: { brokerName: string }[] }
    return queueDatas.map(({ brokerName }) => brokerName).sort()
  }
  return { address: `127.0.0.1:${port}`, port, brokersOf }
}

const AGAIN =
  'brokers that still have a topic register it again within a minute (with their next change if forceRegister is off): delete it on them first (mqadmin deleteTopic)'

describe.each([
  ['ours', (_: number, address: string) => Promise.resolve(address)],
  ['one without views', (port: number) => startWithoutViews(port)],
])('topic delete, of %s,', (_, through) => {
  test('deletes a topic everywhere', async () => {
    const server = await serverWithTopics()
    const address = await through(server.port, server.address)
    expect(await runCli(['topic', 'delete', 'TopicA', '-n', address, '-y', '--no-headers'])).toEqual({
      code: 0,
      stdout: `${address}  deleted  TopicA  broker-a,broker-b\n`,
      stderr: `${address}: topic "TopicA" will be deleted from the routes of "broker-a", "broker-b"\n${AGAIN}\n`,
    })
    expect(await server.brokersOf('TopicA')).toEqual([])
    expect(await server.brokersOf('TopicB')).toEqual(['broker-a', 'broker-b'])
  })

  test('deletes a topic in one cluster', async () => {
    const server = await serverWithTopics()
    const address = await through(server.port, server.address)
    const remove = ['topic', 'delete', 'TopicA', '--cluster', 'Other', '-n', address, '-y', '--json']
    const { code, stdout } = await runCli(remove)
    expect(code).toBe(0)
    expect(JSON.parse(stdout).items).toEqual([
      { namesrv: address, topic: 'TopicA', cluster: 'Other', brokers: ['broker-b'], result: 'deleted' },
    ])
    expect(await server.brokersOf('TopicA')).toEqual(['broker-a'])
  })

  test('ends with 1 if the topic, or the topic in that cluster, does not exist', async () => {
    const server = await serverWithTopics()
    const address = await through(server.port, server.address)
    const none = await runCli(['topic', 'delete', 'None', '-n', address, '-y'])
    expect(none).toEqual({ code: 1, stdout: '', stderr: `mqnamesrv: no topic "None" on ${address}\n` })
    const elsewhere = await runCli(['topic', 'delete', 'TopicA', '--cluster', 'x', '-n', address, '-y'])
    expect(elsewhere.stderr).toBe(`mqnamesrv: no topic "TopicA" in cluster "x" on ${address}\n`)
    expect(await server.brokersOf('TopicA')).toEqual(['broker-a', 'broker-b'])
  })

  test('deletes several topics after one question, and says which of them do not exist', async () => {
    const server = await serverWithTopics()
    const address = await through(server.port, server.address)
    const remove = ['topic', 'delete', 'TopicA', 'None', 'TopicB', 'TopicA', '-n', address]
    const { code, stdout, stderr } = await runCli(remove, { isTTY: true, columns: 0, input: 'y\n' })
    expect(code).toBe(5)
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(1, 3))).toEqual([
      ['RESULT', 'TOPIC'],
      ['deleted', 'TopicA'],
      ['deleted', 'TopicB'],
      [],
    ])
    expect(stderr.split('\n').slice(0, 4)).toEqual([
      `${address}: topic "TopicA" will be deleted from the routes of "broker-a", "broker-b"`,
      `${address}: topic "TopicB" will be deleted from the routes of "broker-a", "broker-b"`,
      `${address}: not changed: no topic "None" on ${address}`,
      AGAIN,
    ])
    expect(stderr.match(/Continue\?/g)).toHaveLength(1)
    expect(stderr).toMatch(new RegExp(`mqnamesrv: no topic "None" on ${address}\\n$`))
    expect(await server.brokersOf('TopicA')).toEqual([])
    expect(await server.brokersOf('TopicB')).toEqual([])
  })

  test('asks before', async () => {
    const server = await serverWithTopics()
    const address = await through(server.port, server.address)
    expect(await runCli(['topic', 'delete', 'TopicA', '-n', address])).toMatchObject({ code: 2, stdout: '' })
    expect(await server.brokersOf('TopicA')).toEqual(['broker-a', 'broker-b'])
  })
})

const ROUTE = {
  brokerDatas: [{ brokerAddrs: { 0: '10.0.0.1:10911' }, brokerName: 'broker-a', cluster: 'C' }],
  queueDatas: [{ brokerName: 'broker-a', perm: 6, readQueueNums: 4, topicSysFlag: 0, writeQueueNums: 4 }],
}
/** A NameServer that keeps its topic whatever it is asked. */
const STUBBORN = { 105: { body: JSON.stringify(ROUTE) } }

test('topic delete --cluster is not sent to a NameServer before 5.0, which would delete the topic in all clusters', async () => {
  const { address, codes } = await startScripted(STUBBORN, 407)
  const remove = ['topic', 'delete', 'TopicA', '--cluster', 'C', '-n', address, '-y']
  expect(await runCli(remove)).toEqual({
    code: 1,
    stdout: '',
    stderr: `mqnamesrv: ${address} is older than 5.0: it has no --cluster\n`,
  })
  expect(codes()).not.toContain(216)
})

test('topic delete fails if the topic is there again afterwards', async () => {
  const { address, codes } = await startScripted(STUBBORN)
  const { code, stderr } = await runCli(['topic', 'delete', 'TopicA', '-n', address, '-y'])
  expect(code).toBe(1)
  expect(stderr).toContain(`mqnamesrv: topic "TopicA" is there again, from "broker-a"\n`)
  expect(codes()).toContain(216)
})

test('topic delete ends with 5 if the topic exists on some NameServers only', async () => {
  const { address, brokersOf } = await serverWithTopics()
  const { port } = await startServer()
  const both = `${address};127.0.0.1:${port}`
  expect(await runCli(['topic', 'delete', 'TopicA', '-n', both, '-y', '-o', 'name'])).toMatchObject({
    code: 5,
    stdout: 'TopicA\n',
    stderr: expect.stringContaining(`127.0.0.1:${port}: not changed: no topic "TopicA"`),
  })
  expect(await brokersOf('TopicA')).toEqual([])
})

test('topic delete fails where the server cannot be asked for the topic', async () => {
  const view = () => ({ code: 2, remark: 'busy' })
  const { address, codes } = await startScripted({ 1450: view })
  const { code, stderr } = await runCli(['topic', 'delete', 'TopicA', '-n', address, '-y', '-o', 'name'])
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'mqnamesrv: busy\n' })
  expect(codes()).not.toContain(216)
})

test('topic delete of very many topics sends a few requests at a time, and shows how far it is', async () => {
  const topics = Array.from({ length: 200 }, (_, index) => `T${index}`)
  const gone = new Set<string>()
  let [open, maxOpen] = [0, 0]
  const { address } = await startFakePeer(({ header: { code, opaque, extFields = {} }, socket }) => {
    const { topic = '' } = extFields
    maxOpen = Math.max(maxOpen, ++open)
    if (code === 216) gone.add(topic)
    const isRoute = code === 105 && !gone.has(topic)
    const result = code === 1450 ? 3 : code === 105 && !isRoute ? 17 : 0
    setImmediate(() => {
      open--
      const header = { code: result, flag: 1, language: 'JAVA', opaque, version: 513 }
      socket.write(frame(JSON.stringify(header), isRoute ? JSON.stringify(ROUTE) : ''))
    })
  })
  let nowMs = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 10))
  onTestFinished(() => clock.mockRestore())
  const { code, stdout, stderr } = await runCli(
    ['topic', 'delete', ...topics, '-n', address, '-y', '-o', 'name'],
    { isTTY: true },
  )
  expect({ code, stdout }).toEqual({ code: 0, stdout: topics.map((topic) => `${topic}\n`).join('') })
  expect(maxOpen).toBeLessThanOrEqual(2 * 8)
  expect(stderr).toContain(`\r\u001b[K${address}: 192 of 200 names looked up\r\u001b[K`)
  expect(stderr).toContain(`\r\u001b[K${address}: 192 of 200 changes made\r\u001b[K`)
})
