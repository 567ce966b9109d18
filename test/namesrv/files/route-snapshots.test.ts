import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer as createSocketServer } from 'node:net'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { RouteSnapshots } from '../../../src/namesrv/files/route-snapshots.ts'
import { managerWith } from '../../routeinfo/route-helpers.ts'
import { headerOf, type RawClient, requestFrame } from '../../support/raw-client.ts'
import { lookup, registration, unregistration } from '../../support/requests.ts'
import { createServer, startServer, type TestServer, temporaryFolder } from '../../support/start-server.ts'
import { testContext } from '../../support/test-context.ts'
import { until } from '../../support/until.ts'

const BROKER_A = { name: 'broker-a', address: '127.0.0.1:10911', topics: ['TopicA', 'TopicA2'] }
const BROKER_B = { name: 'broker-b', address: '127.0.0.1:20911', topics: ['TopicB', 'TopicB2'] }
const SUCCESS = 0
const TOPIC_NOT_EXIST = 17
const INTERVAL_MS = 10_000
const GRACE_MS = 120_000
/** Connections live as long as the time that these tests let pass. */
const LASTING = { serverChannelMaxIdleTimeSeconds: '0' }

function snapshotPath(): string {
  return join(temporaryFolder(), 'namesrv', 'routes.snapshot')
}

async function lookupCode(client: RawClient, topic: string): Promise<number> {
  return headerOf(await client.request(lookup(topic))).code
}

function messages({ lines }: Pick<TestServer, 'lines'>, part: string) {
  return lines.filter(({ msg }) => msg.includes(part))
}

/** Lets the time to the next look pass, and waits until the file is written. */
async function written(server: TestServer): Promise<void> {
  const before = messages(server, 'route snapshot written').length
  server.time.advance(INTERVAL_MS)
  await until('the file is written', () => messages(server, 'route snapshot written').length > before)
}

/** What is left of a server that ran with two brokers and was killed. */
async function leftBehind(brokers = [BROKER_A, BROKER_B]): Promise<string> {
  const routeSnapshotPath = snapshotPath()
  const server = await startServer({ routeSnapshotPath })
  for (const broker of brokers) await (await server.connect()).request(registration(broker))
  await written(server)
  const left = snapshotPath()
  mkdirSync(dirname(left))
  copyFileSync(routeSnapshotPath, left)
  return left
}

describe('a server that was killed and starts again', () => {
  test('shows no restored routes if it had no brokers, only a group that a rejected registration left behind', async () => {
    const routeSnapshotPath = snapshotPath()
    const before = await startServer({ routeSnapshotPath })
    const ghost = registration({ name: 'ghost', topics: ['TopicA'] })
    expect(headerOf(await (await before.connect()).request(ghost)).code).toBe(1)
    await written(before)
    const left = snapshotPath()
    mkdirSync(dirname(left))
    copyFileSync(routeSnapshotPath, left)
    const { httpPort } = await startServer({ routeSnapshotPath: left, httpListenPort: 'any' })
    const ready = await fetch(`http://127.0.0.1:${httpPort}/readyz?verbose`)
    expect(ready.status).toBe(200)
    expect(await ready.text()).not.toContain('provisional')
  })

  test('responds to its first request with the routes that it had, and logs one line', async () => {
    const routeSnapshotPath = await leftBehind()
    const server = await startServer({ routeSnapshotPath })
    const client = await server.connect()
    for (const topic of ['TopicA', 'TopicA2', 'TopicB', 'TopicB2'])
      expect(await lookupCode(client, topic)).toBe(SUCCESS)
    expect(await lookupCode(client, 'TopicC')).toBe(TOPIC_NOT_EXIST)
    expect(messages(server, 'snapshot')).toMatchObject([
      {
        level: 'info',
        msg: 'routes restored from the snapshot until their brokers register again',
        path: routeSnapshotPath,
        brokers: 2,
        topics: 4,
        graceMs: GRACE_MS,
      },
    ])
  })

  test('keeps the brokers that return within the grace period, and logs a line for each other one and one for all', async () => {
    const server = await startServer({ routeSnapshotPath: await leftBehind(), ...LASTING })
    const [broker, client] = [await server.connect(), await server.connect()]
    server.time.advance(GRACE_MS - 1_000)
    await broker.request(registration(BROKER_B))
    server.time.advance(1_000)
    expect(await lookupCode(client, 'TopicA')).toBe(SUCCESS)
    server.time.advance(1)
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    expect(await lookupCode(client, 'TopicB')).toBe(SUCCESS)
    await until('the end is told', () => messages(server, 'grace period ended').length > 0)
    expect(messages(server, 'broker ').map((line) => [line.msg, line['brokerName']])).toEqual([
      ['broker registered', 'broker-b'],
      ['broker not returned: it did not register again within the snapshot grace period', 'broker-a'],
    ])
    expect(messages(server, 'grace period ended')).toMatchObject([
      { level: 'info', loaded: 2, returned: 1, waiting: 0, notReturned: 1, staleQueues: 0 },
    ])
    // From here on it is a server like any other.
    broker.socket.destroy()
    await until('the broker is gone', () => messages(server, 'broker lost').length > 0)
    expect(await lookupCode(client, 'TopicB')).toBe(TOPIC_NOT_EXIST)
  })

  test('lets a broker leave that has not returned', async () => {
    const server = await startServer({ routeSnapshotPath: await leftBehind() })
    const client = await server.connect()
    await client.request(unregistration(BROKER_A))
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    expect(await lookupCode(client, 'TopicB')).toBe(SUCCESS)
  })

  test('responds to a version query (322) with changed=true until the broker has registered', async () => {
    const server = await startServer({ routeSnapshotPath: await leftBehind(), ...LASTING })
    const broker = await server.connect()
    const { clusterName = '', brokerAddr = '', brokerName = '' } = registration(BROKER_A).extFields ?? {}
    const ask = async () => {
      const body = JSON.stringify({ counter: 1, stateVersion: 0, timestamp: 1_700_000_000_000 })
      const extFields = { clusterName, brokerAddr, brokerName, brokerId: '0' }
      const answer = await broker.request({ code: 322, extFields, body })
      return [headerOf(answer).extFields?.['changed'], `${answer.body}`]
    }
    expect(await ask()).toEqual(['true', ''])
    await broker.request(registration(BROKER_A))
    // Until every broker has had its time a broker of the snapshot is asked for all of its topics.
    expect((await ask())[0]).toBe('true')
    server.time.advance(GRACE_MS + 1)
    await broker.request(registration(BROKER_A))
    expect((await ask())[0]).toBe('false')
  })

  test('begins without routes if the file is older than routeSnapshotMaxAgeMillis, and replaces it', async () => {
    const routeSnapshotPath = await leftBehind()
    const agoMs = Date.now() - 601_000
    utimesSync(routeSnapshotPath, new Date(agoMs), new Date(agoMs))
    const server = await startServer({ routeSnapshotPath })
    expect(await lookupCode(await server.connect(), 'TopicA')).toBe(TOPIC_NOT_EXIST)
    const [line] = messages(server, 'snapshot')
    expect(line).toMatchObject({
      level: 'info',
      msg: 'route snapshot ignored: older than routeSnapshotMaxAgeMillis',
      maxAgeMs: 600_000,
    })
    expect(line?.['ageMs']).toBeGreaterThanOrEqual(601_000)
    await written(server)
    expect(readFileSync(routeSnapshotPath, 'utf8')).not.toContain('TopicA')
  })

  test('restores a file from the future, after the date was set back', async () => {
    const routeSnapshotPath = await leftBehind()
    const date = new Date(Date.now() + 86_400_000)
    utimesSync(routeSnapshotPath, date, date)
    const server = await startServer({ routeSnapshotPath })
    expect(await lookupCode(await server.connect(), 'TopicA')).toBe(SUCCESS)
  })
})

describe('a file that cannot be used does not stop the start', () => {
  const whole = (record: string) => {
    const content = `mqnamesrv routes 1\n${record}\n`
    return `${content}end ${content.length} ${crc32(content).toString(16).padStart(8, '0')}\n`
  }

  test.each([
    ['is no snapshot', 'something else', 'not a route snapshot'],
    ['is empty', '', 'not a route snapshot'],
    ['is of a newer version', 'mqnamesrv routes 2\nend 19 00000000\n', 'unknown format version'],
    ['is cut', whole('["topic","T",0]').slice(0, 40), 'incomplete: the end line is missing'],
    ['has a record of another kind', whole('["unheard of"]'), 'record 1: unexpected value'],
    ['has a record that is broken', whole('["topic"'), 'record 1: invalid JSON'],
  ])('one that %s is moved aside, over an earlier one, with one line', async (_, content, why) => {
    const routeSnapshotPath = snapshotPath()
    const aside = `${routeSnapshotPath}.damaged`
    mkdirSync(dirname(routeSnapshotPath))
    writeFileSync(routeSnapshotPath, content)
    writeFileSync(aside, 'an earlier one')
    const server = await startServer({ routeSnapshotPath })
    expect(await lookupCode(await server.connect(), 'T')).toBe(TOPIC_NOT_EXIST)
    expect(messages(server, 'snapshot')).toEqual([
      {
        level: 'warn',
        msg: 'route snapshot damaged: moved aside; starting without routes',
        error: expect.stringContaining(why),
        path: routeSnapshotPath,
        aside,
      },
    ])
    expect(readFileSync(aside, 'latin1')).toBe(content)
    expect(existsSync(routeSnapshotPath)).toBe(false)
    await written(server)
    const again = await startServer({ routeSnapshotPath })
    // An empty one is used without a line, also when its time is over.
    again.time.advance(GRACE_MS + 1)
    expect(headerOf(await (await again.connect()).request(registration())).code).toBe(0)
    expect(messages(again, 'snapshot')).toEqual([])
  })

  test('one with an invalid record is not loaded even in part', async () => {
    const routeSnapshotPath = await leftBehind()
    const lines = readFileSync(routeSnapshotPath, 'utf8').split('\n').slice(1, -2)
    writeFileSync(routeSnapshotPath, whole([...lines, '["topic"]'].join('\n')))
    const server = await startServer({ routeSnapshotPath })
    const client = await server.connect()
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    expect(`${(await client.request({ code: 106 })).body}`).toBe(
      '{"brokerAddrTable":{},"clusterAddrTable":{}}',
    )
  })

  test('a folder of its name stays, with one line', async () => {
    const routeSnapshotPath = snapshotPath()
    mkdirSync(routeSnapshotPath, { recursive: true })
    const server = await startServer({ routeSnapshotPath })
    expect(messages(server, 'snapshot')).toMatchObject([
      {
        level: 'warn',
        msg: 'route snapshot not readable; starting without routes',
        error: 'is a directory (EISDIR)',
      },
    ])
    expect(statSync(routeSnapshotPath).isDirectory()).toBe(true)
  })
})

describe('the file', () => {
  test('is written only when something has changed; otherwise its date is updated', async () => {
    const routeSnapshotPath = snapshotPath()
    const server = await startServer({ routeSnapshotPath, ...LASTING })
    const broker = await server.connect()
    await broker.request(registration(BROKER_A))
    expect(existsSync(routeSnapshotPath)).toBe(false)
    await written(server)
    const { ino } = statSync(routeSnapshotPath)
    const longAgo = new Date('2020-01-01')
    for (let look = 0; look < 3; look++) {
      await broker.request(registration(BROKER_A))
      utimesSync(routeSnapshotPath, longAgo, longAgo)
      server.time.advance(INTERVAL_MS)
      const isNow = () => Date.now() - statSync(routeSnapshotPath).mtimeMs < 60_000
      await until('its date is that of now', isNow)
    }
    expect(statSync(routeSnapshotPath).ino).toBe(ino)
    await broker.request(registration(BROKER_B))
    await written(server)
    expect(readFileSync(routeSnapshotPath, 'utf8')).toContain('["topic","TopicB2",')
    expect(messages(server, 'route snapshot written').every(({ level }) => level === 'debug')).toBe(true)
  })

  test('is written in each interval while brokers are restored, because their time runs', async () => {
    const routeSnapshotPath = await leftBehind()
    const server = await startServer({ routeSnapshotPath })
    await written(server)
    await written(server)
    expect(readFileSync(routeSnapshotPath, 'utf8')).toContain(
      `["broker","DefaultCluster","127.0.0.1:10911","broker-a",120000,"127.0.0.1:10912",${GRACE_MS - 2 * INTERVAL_MS},"127.0.0.1"]`,
    )
  })

  test('is written again in the next interval if it was removed', async () => {
    const routeSnapshotPath = snapshotPath()
    const server = await startServer({ routeSnapshotPath })
    await written(server)
    renameSync(routeSnapshotPath, `${routeSnapshotPath}.moved`)
    server.time.advance(INTERVAL_MS)
    await until('it is missed', () => messages(server, 'snapshot not written').length > 0)
    await written(server)
    expect(existsSync(routeSnapshotPath)).toBe(true)
  })

  test('is a warning if it cannot be written, and is written when that is possible again', async () => {
    const routeSnapshotPath = snapshotPath()
    const folder = dirname(routeSnapshotPath)
    // A file in place of the folder stops everybody, the superuser too.
    writeFileSync(folder, '')
    const server = await startServer({ routeSnapshotPath, ...LASTING })
    const broker = await server.connect()
    await broker.request(registration(BROKER_A))
    server.time.advance(INTERVAL_MS)
    await until('it has tried', () => messages(server, 'snapshot not written').length > 0)
    expect(await lookupCode(broker, 'TopicA')).toBe(SUCCESS)
    renameSync(folder, `${folder}-aside`)
    await written(server)
    expect(messages(server, 'snapshot not written')).toHaveLength(1)
  })

  test('logs one line when it can be written again, and warns of the next failure and of one at the shutdown at once', async () => {
    const routeSnapshotPath = snapshotPath()
    const folder = dirname(routeSnapshotPath)
    writeFileSync(folder, '')
    const server = await startServer({ routeSnapshotPath, ...LASTING })
    const broker = await server.connect()
    await broker.request(registration(BROKER_A))
    const failures = () => messages(server, 'snapshot not written').length
    const failAgain = async (): Promise<void> => {
      const { snapshotsFailed } = server.controller.counters
      server.time.advance(INTERVAL_MS)
      await until('it has tried', () => server.controller.counters.snapshotsFailed > snapshotsFailed)
    }
    await failAgain()
    await failAgain()
    expect(failures()).toBe(1)
    renameSync(folder, `${folder}-aside`)
    await written(server)
    const recovered = { level: 'info', msg: 'route snapshot can be written again', failures: 2 }
    expect(messages(server, 'can be written again')).toMatchObject([recovered])

    renameSync(folder, `${folder}-gone`)
    writeFileSync(folder, '')
    await failAgain()
    expect(failures()).toBe(2)
    await failAgain()
    expect(failures()).toBe(2)
    await server.controller.shutdown()
    expect(failures()).toBe(3)
  })

  test('is a warning every ten minutes while it cannot be written, with the number of failures', async () => {
    const path = temporaryFolder()
    const { context, time, lines } = testContext({ routeSnapshotPath: path })
    const snapshots = new RouteSnapshots(context, managerWith('whole').manager)
    const line = { level: 'warn', msg: 'route snapshot not written', path, error: `${path} is not a file` }
    for (let look = 0; look < 5; look++) await snapshots.save()
    expect(lines).toEqual([{ ...line, failures: 1 }])
    time.advance(600_000)
    await snapshots.save()
    expect(lines.slice(1)).toEqual([{ ...line, failures: 6 }])
    expect(context.counters).toMatchObject({ snapshotsFailed: 6, snapshotsWritten: 0 })
  })

  test('does not exist if the option is empty, or by default with listenPort 0', async () => {
    for (const properties of [{ routeSnapshotPath: '' }, {}] as Record<string, string>[]) {
      const server = await startServer(properties)
      await (await server.connect()).request(registration(BROKER_A))
      server.time.advance(INTERVAL_MS)
      await server.controller.shutdown()
      expect(messages(server, 'snapshot')).toEqual([])
    }
  })
})

describe('a shutdown', () => {
  test('leaves all brokers in the file, though their connections close, and the last changes', async () => {
    const routeSnapshotPath = snapshotPath()
    const first = await startServer({ routeSnapshotPath })
    const broker = await first.connect()
    await broker.request(registration(BROKER_A))
    await written(first)
    await broker.request(registration(BROKER_B))
    await first.controller.shutdown()
    await broker.closed
    expect(first.time.timers).toBe(0)

    const second = await startServer({ routeSnapshotPath })
    const client = await second.connect()
    for (const topic of ['TopicA', 'TopicB']) expect(await lookupCode(client, topic)).toBe(SUCCESS)
  })

  test('does so too if it waits for a peer that does not read', async () => {
    const routeSnapshotPath = snapshotPath()
    const first = await startServer({ routeSnapshotPath })
    const [broker, slow] = [await first.connect(), await first.connect()]
    const topics = Array.from({ length: 1_000 }, (_, index) => `${index}`.padStart(100, 'T'))
    await broker.request(registration({ ...BROKER_A, topics }))
    // More than the sockets hold: 20 MB.
    slow.socket.pause()
    slow.send(...Array.from({ length: 200 }, (_, opaque) => requestFrame({ code: 206, opaque })))
    await lookupCode(broker, 'TopicA')
    const down = first.controller.shutdown()
    const left = () => messages(first, 'connection closed').some((line) => line['peer'] === broker.address)
    await until('the broker has gone', left)
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    first.time.advance(5_000)
    await down
    const second = await startServer({ routeSnapshotPath })
    expect(await lookupCode(await second.connect(), topics[0] as string)).toBe(SUCCESS)
  })

  test('does so too with GO_AWAY, though brokers have disconnected', async () => {
    const routeSnapshotPath = snapshotPath()
    const first = await startServer({ routeSnapshotPath, enableShutdownGracefully: 'true' })
    const broker = await first.connect()
    await broker.request(registration(BROKER_A))
    const down = first.controller.shutdown()
    broker.socket.destroy()
    await down
    const second = await startServer({ routeSnapshotPath })
    expect(await lookupCode(await second.connect(), 'TopicA')).toBe(SUCCESS)
  })

  test('of a server that could not start does not write the file of the one that holds its port', async () => {
    const routeSnapshotPath = await leftBehind()
    const content = readFileSync(routeSnapshotPath)
    const holder = createSocketServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as { port: number }
    const { controller } = createServer({ routeSnapshotPath, listenPort: `${port}` })
    await expect(controller.start()).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await controller.shutdown()
    holder.close()
    expect(readFileSync(routeSnapshotPath)).toEqual(content)
  })

  test('does not wait for a disk that hangs', async () => {
    const routeSnapshotPath = snapshotPath()
    const server = await startServer({ routeSnapshotPath })
    await (await server.connect()).request(registration(BROKER_A))
    // Who opens a pipe waits for its other end: that keeps all the threads that go to the disk.
    const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
    const pipes = Array.from({ length: threads }, () => join(temporaryFolder(), 'pipe'))
    for (const pipe of pipes) execFileSync('mkfifo', [pipe])
    const hanging = pipes.map((pipe) => open(pipe, 'r'))
    const isDown = server.controller.shutdown()
    await until('only the disk is waited for', () => server.time.timers === 1)
    server.time.advance(5_000)
    await isDown
    expect(messages(server, 'last route snapshot not written')).toMatchObject([{ level: 'warn' }])
    expect(messages(server, 'snapshot written')).toEqual([])
    // Open until all are through: on a busy machine one of the threads may come to its pipe only now.
    const ends = pipes.map((pipe) => openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK))
    for (const handle of await Promise.all(hanging)) await handle.close()
    for (const end of ends) closeSync(end)
  })
})
