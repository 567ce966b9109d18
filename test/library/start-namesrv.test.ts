import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  ConfigError,
  EventsLostError,
  type Namesrv,
  type NamesrvEvent,
  type NamesrvOptions,
  startNamesrv,
  ViewError,
} from '../../src/index.ts'
import { EventIterable } from '../../src/library/events.ts'
import { RecentEvents } from '../../src/stats/recent-events.ts'
import { headerOf, RawClient } from '../support/raw-client.ts'
import { getKVConfig, putKVConfig, registration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'

const index = fileURLToPath(new URL('../../src/index.ts', import.meta.url))

async function start(options: NamesrvOptions = {}): Promise<Namesrv> {
  const ns = await startNamesrv({ listenPort: 0, ...options })
  onTestFinished(() => ns.shutdown())
  return ns
}

/** Registers a broker with the topics TopicA and TopicB. Closed when the test is over. */
async function register(ns: Namesrv, name: string): Promise<RawClient> {
  const client = await RawClient.connect(ns.port)
  onTestFinished(() => void client.socket.destroy())
  await client.request(registration({ name }))
  return client
}

async function topicsOf(ns: Namesrv): Promise<readonly string[]> {
  const { topics } = await ns.view('/api/v1/topics')
  return topics
}

/** Events up to the first of a kind. */
async function eventsUntil(events: AsyncIterable<NamesrvEvent>, kind: NamesrvEvent['kind']) {
  const seen: NamesrvEvent[] = []
  for await (const event of events) {
    seen.push(event)
    if (event.kind === kind) break
  }
  return seen
}

function run(script: string, env: NodeJS.ProcessEnv = process.env, cwd = temporaryFolder()) {
  const program = `import { startNamesrv } from ${JSON.stringify(index)}\n${script}`
  const tsx = import.meta.resolve('tsx')
  const args = ['--import', tsx, '--input-type=module', '-e', program]
  return spawnSync(process.execPath, args, { encoding: 'utf8', cwd, env, timeout: 50_000 })
}

describe('startNamesrv', () => {
  it('listens on the loopback interface, without an HTTP server, and is ready', async () => {
    const ns = await start()
    expect(ns).toMatchObject({ address: `127.0.0.1:${ns.port}`, httpPort: undefined, ready: true })
  })

  it('serves brokers, and shows them by the paths of the HTTP API', async () => {
    const ns = await start({ httpListenPort: 'any' })
    await register(ns, 'broker-a')
    const seen = await ns.view('/api/v1/topics', { prefix: 'TopicA' })
    expect(seen.topics).toEqual(['TopicA'])
    const response = await fetch(`http://127.0.0.1:${ns.httpPort}/api/v1/topics?prefix=TopicA`)
    expect(await response.json()).toEqual(seen)
    const { keys } = await ns.view('/api/v1/config')
    expect(keys.find(({ key }) => key === 'httpListenPort')).toMatchObject({ value: ns.httpPort })
  })

  it('fills in the path and the query of a view', async () => {
    const ns = await start()
    await register(ns, 'broker-a')
    const page = await ns.view('/api/v1/brokers/{name}/topics', { name: 'broker-a', limit: 1 })
    expect(page).toMatchObject({ next: 'TopicA' })
    const missing = ns.view('/api/v1/topics/{topic}', { topic: '50% $& /?' })
    const nameless = ns.view('/api/v1/topics/{topic}', {} as { topic: string })
    await expect(nameless).rejects.toMatchObject({
      name: 'ViewError',
      code: 'ERR_BAD_REQUEST',
      message: '/api/v1/topics/{topic}: the parameter topic is missing or empty; give { topic }',
    })
    await expect(missing).rejects.toThrow(ViewError)
    await expect(missing).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
      message: expect.stringContaining('50% $& /?'),
    })
  })

  it('runs twice in one process, with tables, events and settings of their own', async () => {
    const [a, b] = [await start({ maxTopics: 1_000 }), await start({ maxTopics: 2_000 })]
    await register(a, 'broker-a')
    await a.shutdown()
    expect([await topicsOf(a), await topicsOf(b)]).toEqual([['TopicA', 'TopicB'], []])
    const { limits } = await b.view('/api/v1/status')
    expect(limits.find(({ key }) => key === 'maxTopics')).toMatchObject({ max: 2_000 })
    await register(b, 'broker-b')
    expect(
      (await eventsUntil(b.events, 'broker_registered')).map(({ brokerName }) => brokerName),
    ).not.toContain('broker-a')
  })

  it('keeps the key-value table in memory unless it has a file', async () => {
    const kvConfigPath = join(temporaryFolder(), 'kv.json')
    for (const [options, expected] of [
      [{}, undefined],
      [{ kvConfigPath: '' }, undefined],
      [{ kvConfigPath }, 'value'],
    ] as const) {
      const before = await start(options)
      const client = await RawClient.connect(before.port)
      await client.request(putKVConfig('ns', 'key', 'value'))
      expect(headerOf(await client.request(getKVConfig('ns', 'key'))).extFields).toEqual({ value: 'value' })
      client.socket.destroy()
      await before.shutdown()
      const after = await start(options)
      const { entries } = await after.view('/api/v1/kv')
      expect(entries[0]?.value).toBe(expected)
    }
    expect(existsSync(kvConfigPath)).toBe(true)
  })

  it('shuts down with open clients, once, and frees its port', async () => {
    const ns = await start()
    const clients = await Promise.all(['a', 'b', 'c'].map((name) => register(ns, name)))
    const first = ns.shutdown()
    expect(ns.shutdown()).toBe(first)
    await first
    await Promise.all(clients.map(({ closed }) => closed))
    expect((await start({ listenPort: ns.port })).port).toBe(ns.port)
  })

  it('takes a logger of pino, and the console’s methods', async () => {
    const lines: string[] = []
    const ns = await start({
      logger: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
    })
    await register(ns, 'broker-a')
    expect(lines.join('')).toContain('broker registered')
    const logger: NamesrvOptions['logger'] = console
    expect(logger).toBe(console)
  })

  it('rejects with the error of the socket, and leaves nothing running, if the port is in use', async () => {
    const other = createServer()
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    await expect(startNamesrv({ listenPort: port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(startNamesrv({ listenPort: 0, httpListenPort: port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})

describe('a start that fails after the port is bound', () => {
  it.each([
    ['temporary files of an interrupted write removed', {}],
    ['HTTP server started', { httpListenPort: 'any' }],
  ] as const)('frees its ports: the logger throws at "%s"', async (phrase, options) => {
    const former = await startNamesrv({ listenPort: 0 })
    await former.shutdown()
    const { port } = former
    const kvConfigPath = join(temporaryFolder(), 'kv.json')
    writeFileSync(`${kvConfigPath}.0123abcd.tmp`, '')
    let httpPort: number | undefined
    const info = (fields: object, message: string) => {
      if (message !== phrase) return
      if ('port' in fields) httpPort = Number(fields.port)
      throw new Error('the logger is broken')
    }
    const logger = { debug: () => {}, info, warn: () => {}, error: () => {} }
    const failed = startNamesrv({ listenPort: port, kvConfigPath, logger, ...options })
    await expect(failed).rejects.toThrow('the logger is broken')
    const again = await start({ listenPort: port, httpListenPort: httpPort })
    expect(again).toMatchObject({ port, httpPort })
  })
})

describe('an option that cannot be used', () => {
  it.each<[string, object, string]>([
    [
      'names the nearest key',
      { listenPrt: 1 },
      'startNamesrv: no option "listenPrt"; did you mean listenPort?',
    ],
    [
      'is called by its own name',
      { 'rocketmq.home.dir': '/r' },
      'startNamesrv: no option "rocketmq.home.dir"; it is called rocketmqHome',
    ],
    ['has another type', { listenPort: '9876' }, 'startNamesrv: listenPort must be a number, not "9876"'],
    [
      'is neither a port nor any port',
      { httpListenPort: '8876' },
      'startNamesrv: httpListenPort must be a number or \'any\', not "8876"',
    ],
    [
      'is of a type that looks like a number',
      { maxTopics: 5n },
      'startNamesrv: maxTopics must be a number, not 5n',
    ],
    ['is null', { bindAddress: null }, 'startNamesrv: bindAddress must be a string, not null'],
    [
      'does not show a secret',
      { 'tls.server.keyPassword': 5, nodeId: 5 },
      'startNamesrv: tls.server.keyPassword must be a string, not 5\nstartNamesrv: nodeId must be a string, not 5',
    ],
    ['is no number', { listenPort: Number.NaN }, 'startNamesrv: listenPort must be a whole number, not NaN'],
    [
      'is no whole number',
      { maxTopics: 1.5, listenPort: {} },
      'startNamesrv: listenPort must be a number, not an object\nstartNamesrv: maxTopics must be a whole number, not 1.5',
    ],
    ['cannot be shown', { nodeId: Symbol('a') }, 'startNamesrv: nodeId must be a string, not Symbol(a)'],
    [
      'is no logger',
      { logger: { info: () => {}, warn: () => {} } },
      'startNamesrv: logger has no function debug, error; give one of pino, or console, or leave it out',
    ],
    [
      'is null for a logger, beside others',
      { logger: null, nodeId: 1 },
      'startNamesrv: logger must be an object, not null; give one of pino, or console, or leave it out\n' +
        'startNamesrv: nodeId must be a string, not 1',
    ],
    ['is out of range', { listenPort: 70_000 }, 'startNamesrv: listenPort="70000" must be from 0 to 65535'],
    [
      'is out of range, although the program would use the nearest value',
      { waitSecondsForService: 700 },
      'startNamesrv: waitSecondsForService="700" must be from 0 to 600 s',
    ],
    [
      'belongs to the program',
      { logLevel: 'debug' },
      'startNamesrv: logLevel is no option: give a logger that has this level',
    ],
    [
      'has no effect',
      { serverWorkerThreads: 3 },
      'startNamesrv: serverWorkerThreads is no option: it has no effect in this server; leave it out',
    ],
  ])('%s', async (_, options, message) => {
    const failed = startNamesrv({ listenPort: 0, ...options })
    await expect(failed).rejects.toThrow(ConfigError)
    await expect(failed).rejects.toMatchObject({ message })
  })
})

describe('options that are no object', () => {
  it.each<[unknown, string]>([
    [null, 'null'],
    ['127.0.0.1:9876', '"127.0.0.1:9876"'],
    [9876, '9876'],
    [[], 'an array'],
  ])('are rejected with a code: %j', async (options, shown) => {
    await expect(startNamesrv(options as object)).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'ERR_CONFIG_OPTION',
      message: `startNamesrv: the options must be an object, not ${shown}`,
    })
  })
})

describe('the events of a server', () => {
  it('begin with those that are kept, go on as they happen, and end with the shutdown', async () => {
    const ns = await start()
    await register(ns, 'broker-a')
    const first = await eventsUntil(ns.events, 'broker_registered')
    expect(first.at(-1)).toMatchObject({
      subject: expect.stringContaining('broker-a'),
      brokerName: 'broker-a',
    })
    const all = (async () => {
      const seen: NamesrvEvent[] = []
      for await (const event of ns.events) seen.push(event)
      return seen
    })()
    await register(ns, 'broker-b')
    await eventsUntil(ns.events, 'broker_registered')
    await ns.shutdown()
    const seen = await all
    expect(seen.map(({ brokerName }) => brokerName)).toEqual(expect.arrayContaining(['broker-a', 'broker-b']))
    expect(seen.map(({ id }) => id)).toEqual([...new Set(seen.map(({ id }) => id))])
    const { events } = await ns.view('/api/v1/events')
    expect(seen).toEqual(events)
  })

  it('end for a consumer that stops while it waits for the next one', async () => {
    const ns = await start()
    const iterator = ns.events[Symbol.asyncIterator]()
    expect(await iterator.next()).toMatchObject({ value: { kind: 'ready' } })
    const waiting = iterator.next()
    await iterator.return?.()
    expect(await waiting).toMatchObject({ done: true })
    const stream = Readable.from(ns.events)
    await once(stream, 'data')
    stream.destroy()
    await once(stream, 'close')
  })

  it('that are overwritten before a consumer takes them end its iteration with an error', async () => {
    const ring = new RecentEvents(2)
    const events = new EventIterable(ring, 'boot')
    ring.add('ready', '', 'first')
    const iterator = events[Symbol.asyncIterator]()
    expect(await iterator.next()).toMatchObject({ value: { id: 'boot-1' } })
    for (const text of ['second', 'third', 'fourth']) ring.add('ready', '', text)
    const failed = iterator.next()
    await expect(failed).rejects.toThrow(EventsLostError)
    await expect(failed).rejects.toThrow('1 events after boot-1 are no longer kept')
    const { value } = await events[Symbol.asyncIterator]().next()
    expect(value).toMatchObject({ text: 'third' })
  })
})

describe('a process with a server', () => {
  it('prints nothing, leaves no file, ignores the environment, and ends by itself after the shutdown', () => {
    const cwd = temporaryFolder()
    const env = {
      ...process.env,
      HOME: cwd,
      MQNAMESRV_LISTEN_PORT: '1',
      MQNAMESRV_USER_HOME: cwd,
      ROCKETMQ_HOME: '/r',
    }
    const script = `
      const before = process.eventNames()
      const ns = await startNamesrv({ listenPort: 0, httpListenPort: 'any' })
      await ns.view('/api/v1/status')
      const handlers = process.eventNames().filter((name) => !before.includes(name))
      if (handlers.length > 0 || ns.port === 1) process.exitCode = 3
      await ns.shutdown()`
    const { status, signal, stdout, stderr } = run(script, env, cwd)
    expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    expect(readdirSync(cwd)).toEqual([])
  })

  it('ends by itself after starts that failed', () => {
    const script = `
      const ns = await startNamesrv({ listenPort: 0 })
      const wrong = [{ accessFile: '/nowhere/access.yml' }, { listenPort: ns.port }, { httpListenPort: ns.port }]
      for (const options of wrong)
        await startNamesrv({ listenPort: 0, ...options }).catch(({ code }) => process.stdout.write(code + ' '))
      await ns.shutdown()`
    const { status, stdout } = run(script)
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'ERR_CONFIG_FILE EADDRINUSE EADDRINUSE ' })
  })
})
