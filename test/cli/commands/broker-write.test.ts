import { describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { lookup, registration } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'
import { startWithoutViews } from '../without-views.ts'

/** A server with TopicA on broker-a and broker-b, and TopicB on broker-a alone. */
async function serverWithBrokers() {
  const { port, connect } = await startServer()
  const client = await connect()
  await client.request(registration())
  const other = { name: 'broker-b', address: '127.0.0.1:10921', topics: ['TopicA', 'TopicC'] }
  await client.request(registration(other))
  const permissions = async () => {
    const { body } = await client.request(lookup('TopicA'))
    const { queueDatas } = JSON.parse(body.toString()) as {
      queueDatas: { brokerName: string; perm: number }[]
    }
    return Object.fromEntries(queueDatas.map(({ brokerName, perm }) => [brokerName, perm]))
  }
  return { address: `127.0.0.1:${port}`, port, permissions }
}

describe('broker wipe-write', () => {
  test('says what is lost, changes all NameServers, and reports the topics of each', async () => {
    const [a, b] = [await serverWithBrokers(), await serverWithBrokers()]
    const wipe = ['broker', 'wipe-write', 'broker-a', '-n', `${a.address};${b.address}`, '-y', '--no-headers']
    const { code, stdout, stderr } = await runCli(wipe)
    expect(code).toBe(0)
    expect(stdout).toBe(`${a.address}  wiped  broker-a  2\n${b.address}  wiped  broker-a  2\n`)
    const what = 'broker-a: 2 topics will not be writable; 1 topic will have no broker to send to'
    expect(stderr).toBe(`${a.address}: ${what}\n${b.address}: ${what}\n`)
    expect(await a.permissions()).toEqual({ 'broker-a': 4, 'broker-b': 6 })
    expect(await b.permissions()).toEqual({ 'broker-a': 4, 'broker-b': 6 })
  })

  test('counts topics without another broker by their routes where there are no views', async () => {
    const { port, permissions } = await serverWithBrokers()
    const address = await startWithoutViews(port)
    const { stderr, stdout } = await runCli([
      'broker',
      'wipe-write',
      'broker-a',
      '-n',
      address,
      '-y',
      '--json',
    ])
    expect(stderr).toBe(
      `${address}: broker-a: all its topics will not be writable; 1 topic will have no broker to send to\n`,
    )
    expect(JSON.parse(stdout)).toEqual({
      items: [{ namesrv: address, brokerName: 'broker-a', result: 'wiped', topics: 2 }],
      errors: [],
    })
    expect(await permissions()).toMatchObject({ 'broker-a': 4 })
  })

  test('takes several brokers, asks once, and says that each is looked at alone', async () => {
    const { address, permissions } = await serverWithBrokers()
    const wipe = ['broker', 'wipe-write', 'broker-a', 'none', 'broker-b', '-n', address, '--no-headers']
    const { code, stdout, stderr } = await runCli(wipe, { isTTY: true, input: 'y\n', columns: 200 })
    expect(code).toBe(5)
    expect(stdout).toBe(`${address}  wiped  broker-a  2\n${address}  wiped  broker-b  2\n`)
    expect(stderr.match(/Continue\?/g)).toHaveLength(1)
    expect(stderr).toContain(
      'each broker is looked at alone: topics that only these brokers have will have no broker to send to, either\n',
    )
    expect(stderr).toMatch(/mqnamesrv: no broker group "none" on/)
    expect(await permissions()).toEqual({ 'broker-a': 4, 'broker-b': 4 })
  })

  test('changes nothing before a person has said yes', async () => {
    const { address, permissions } = await serverWithBrokers()
    const wipe = ['broker', 'wipe-write', 'broker-b', '-n', address]
    expect(await runCli(wipe)).toMatchObject({ code: 2, stdout: '' })
    expect(await runCli(wipe, { isTTY: true, input: '\n' })).toMatchObject({ code: 1, stdout: '' })
    expect(await permissions()).toMatchObject({ 'broker-b': 6 })
    expect(await runCli(wipe, { isTTY: true, input: 'yes\n' })).toMatchObject({ code: 0 })
    expect(await permissions()).toMatchObject({ 'broker-b': 4 })
  })

  test('ends with 1 for a broker that does not exist, and names the nearest one', async () => {
    const { address } = await serverWithBrokers()
    expect(await runCli(['broker', 'wipe-write', 'broker-c', '-n', address, '-y'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `mqnamesrv: no broker group "broker-c" on ${address}; did you mean broker-a? (mqnamesrv broker explain, or the view /api/v1/explain, says what became of it)\n`,
    })
  })

  test('changes the NameServers that respond, and ends with 5', async () => {
    const { address, permissions } = await serverWithBrokers()
    const dead = `127.0.0.1:${await freePort()}`
    const wipe = ['broker', 'wipe-write', 'broker-a', '-n', `${dead};${address}`, '-y', '--json']
    const { code, stdout } = await runCli(wipe)
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ namesrv: address, result: 'wiped' }],
      errors: [{ namesrv: dead, code: 'unreachable' }],
    })
    expect(await permissions()).toMatchObject({ 'broker-a': 4 })
  })
})

test('broker restore-write gives a broker its write permission back', async () => {
  const { address, port, permissions } = await serverWithBrokers()
  await runCli(['broker', 'wipe-write', 'broker-a', '-n', address, '-y'])
  const restore = ['broker', 'restore-write', 'broker-a', '--no-headers', '-y', '-n']
  expect(await runCli([...restore, address])).toEqual({
    code: 0,
    stdout: `${address}  restored  broker-a  2\n`,
    stderr: `${address}: broker-a: 2 topics will be readable and writable\n`,
  })
  expect(await permissions()).toEqual({ 'broker-a': 6, 'broker-b': 6 })
  const java = await startWithoutViews(port)
  expect(await runCli([...restore, java])).toMatchObject({
    code: 0,
    stderr: `${java}: broker-a: all its topics will be readable and writable\n`,
  })
})

describe('of a server with a broker without topics, broker wipe-write', () => {
  const table = { 'broker-a': { brokerName: 'broker-a', brokerAddrs: { 0: '10.0.0.1:10911' }, cluster: 'C' } }
  const BROKER = {
    106: { body: JSON.stringify({ brokerAddrTable: table, clusterAddrTable: { C: ['broker-a'] } }) },
    206: { body: JSON.stringify({ topicList: [] }) },
    219: { code: 22 },
  }
  const wipe = (address: string, format: string) =>
    runCli(['broker', 'wipe-write', 'broker-a', '-n', address, '-y', '-o', format, '--no-headers'])

  test('fails with the reason of the server', async () => {
    const { address, codes } = await startScripted({ ...BROKER, 205: { code: 1, remark: 'no lock' } })
    const { code, stderr } = await wipe(address, 'table')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `${address}: broker-a: all its topics will not be writable\nmqnamesrv: no lock\n`,
    })
    expect(codes()).toContain(205)
  })

  test('shows no number if the server does not say one', async () => {
    const { address } = await startScripted(BROKER)
    expect((await wipe(address, 'table')).stdout).toBe(`${address}  wiped  broker-a  -\n`)
    expect((await wipe(address, 'name')).stdout).toBe('broker-a\n')
  })
})
