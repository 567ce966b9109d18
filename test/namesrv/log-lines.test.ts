import { pino } from 'pino'
import { describe, expect, test, vi } from 'vitest'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { createProcessorEvents } from '../../src/namesrv/logs/processor-events.ts'
import { logInternalError } from '../../src/namesrv/logs/request-log.ts'
import { logRouteEvent } from '../../src/namesrv/logs/route-event-log.ts'
import { createNamesrvContext } from '../../src/namesrv/namesrv-context.ts'
import { requestCommand } from '../../src/protocol/remoting-command.ts'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { openChannel } from '../routeinfo/route-helpers.ts'
import { ManualTime } from '../support/manual-time.ts'
import { type Answer, frame, headerOf, type RawClient, type Request } from '../support/raw-client.ts'
import type { LogLine } from '../support/recording-logger.ts'
import { lookup, putKVConfig, registration, registrationBody, unregistration } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/start-server.ts'
import { testContext } from '../support/test-context.ts'
import { until } from '../support/until.ts'

/** Lines that begin so, without their level. */
function linesOf(server: TestServer, phrase: string): LogLine[] {
  return server.lines.filter(({ msg }) => msg.startsWith(phrase))
}

async function codeOf(answer: Promise<Answer>): Promise<number> {
  return headerOf(await answer).code
}

const IDENTITY = { clusterName: 'DefaultCluster', brokerName: 'broker-a', brokerAddr: '127.0.0.1:10911' }

/** A registration with a new data version, so that its topics are stored. */
function again(topics: Readonly<Record<string, number>>, counter: number): Request {
  const table = Object.fromEntries(
    Object.entries(topics).map(([topicName, perm]) => [
      topicName,
      { order: false, perm, readQueueNums: 4, topicName, topicSysFlag: 0, writeQueueNums: 4 },
    ]),
  )
  const dataVersion = { counter, stateVersion: 0, timestamp: 1_700_000_000_000 }
  const wrapper = { dataVersion, topicConfigTable: table }
  return {
    ...registration(),
    body: JSON.stringify({ filterServerList: [], topicConfigSerializeWrapper: wrapper }),
  }
}

async function serverWithClient(properties: Record<string, string> = {}) {
  const server = await startServer(properties)
  const client = await server.connect()
  // The lines of the start.
  server.lines.length = 0
  return { server, client, peer: client.address }
}

describe('an administrative request leaves one info line with the peer and what changed', () => {
  test.each<[string, Request, object]>([
    [
      'write permission wiped',
      { code: 205, extFields: { brokerName: 'broker-a' } },
      { brokerName: 'broker-a', topics: 2, changed: true },
    ],
    [
      'write permission added',
      { code: 327, extFields: { brokerName: 'broker-a' } },
      { brokerName: 'broker-a', topics: 2, changed: false },
    ],
    ['topic deleted', { code: 216, extFields: { topic: 'TopicA' } }, { topic: 'TopicA', brokers: 1 }],
    ['topic deleted', { code: 216, extFields: { topic: 'none' } }, { topic: 'none', brokers: 0 }],
    [
      'topic deleted',
      { code: 216, extFields: { topic: 'TopicA', clusterName: 'DefaultCluster' } },
      { topic: 'TopicA', clusterName: 'DefaultCluster', brokers: 1 },
    ],
    [
      'topic registered',
      {
        code: 217,
        extFields: { topic: 'TopicC' },
        body: JSON.stringify({
          queueDatas: [
            { brokerName: 'broker-a', perm: 6, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0 },
          ],
        }),
      },
      { topic: 'TopicC', brokers: 1 },
    ],
    ['KV entry put', putKVConfig('ns', 'key', 'value'), { namespace: 'ns', key: 'key', value: 'value' }],
    [
      'KV entry put',
      putKVConfig('ns', 'db.password', 'hunter2'),
      { namespace: 'ns', key: 'db.password', value: '******' },
    ],
    [
      'KV entry deleted',
      { code: 102, extFields: { namespace: 'ns', key: 'key' } },
      { namespace: 'ns', key: 'key' },
    ],
  ])('%s by %j', async (line, request, fields) => {
    const { server, client, peer } = await serverWithClient()
    await client.request(registration())
    server.lines.length = 0
    expect(await codeOf(client.request(request))).toBe(0)
    expect(server.lines).toEqual([{ level: 'info', peer, ...fields, msg: line }])
  })
})

describe('a rejected registration leaves a warning with the peer, the broker and the reason', () => {
  const good = registration()
  const without = (field: string): Request => ({
    ...good,
    extFields: Object.fromEntries(Object.entries(good.extFields ?? {}).filter(([key]) => key !== field)),
  })
  test.each<[string, Request, RegExp]>([
    [
      'a wrong checksum',
      { ...good, extFields: { ...good.extFields, bodyCrc32: '1' } },
      /^bodyCrc32 is 1, the body has \d+$/,
    ],
    ['a body that cannot be read', { ...good, body: '{"topic' }, /^Failed to decode RegisterBrokerBody: /],
    ['a missing field', without('clusterName'), /clusterName is missing/],
    ['a missing id', without('brokerId'), /^request field brokerId is missing$/],
    [
      'an id that is not a number',
      { ...good, extFields: { ...good.extFields, brokerId: 'x' } },
      /^request field brokerId="x" is not an int64$/,
    ],
    [
      'one topic of a newcomer',
      { ...good, body: registrationBody(['T']) },
      /^the first registration has only one topic and is treated as an increment; register the whole topic list first$/,
    ],
  ])('%s', async (_, request, reason) => {
    const { server, client, peer } = await serverWithClient()
    expect(await codeOf(client.request(request))).toBe(1)
    expect(server.lines).toEqual([
      {
        level: 'warn',
        peer,
        brokerName: 'broker-a',
        brokerAddr: '127.0.0.1:10911',
        reason: expect.stringMatching(reason),
        msg: 'registration rejected',
      },
    ])
  })

  test('a limit', async () => {
    const { server, client, peer } = await serverWithClient({ maxTopics: '1' })
    expect(await codeOf(client.request(good))).toBe(1)
    expect(server.lines).toMatchObject([{ level: 'warn', peer, limit: 'maxTopics' }])
  })
})

describe('the topics of a registration', () => {
  test('are one line with counts and the first names: those that are new, changed and deleted', async () => {
    const { server, client, peer } = await serverWithClient({ deleteTopicWithBrokerRegistration: 'true' })
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`T${index}`, 6]))
    await client.request(again(many, 1))
    expect(linesOf(server, 'broker registered')).toEqual([
      {
        level: 'info',
        peer,
        ...IDENTITY,
        brokerId: '0',
        haServerAddr: '127.0.0.1:10912',
        topics: 8,
        newTopics: 8,
        firstNewTopics: ['T0', 'T1', 'T2', 'T3', 'T4'],
        msg: 'broker registered',
      },
    ])
    server.lines.length = 0
    await client.request(again({ T0: 6, T1: 4, New: 6 }, 2))
    expect(server.lines).toEqual([
      {
        level: 'info',
        peer,
        ...IDENTITY,
        brokerId: '0',
        newTopics: 1,
        firstNewTopics: ['New'],
        changedTopics: 1,
        firstChangedTopics: ['T1'],
        deletedTopics: 6,
        firstDeletedTopics: ['T2', 'T3', 'T4', 'T5', 'T6'],
        msg: 'topics changed by a registration',
      },
    ])
  })

  test('that did not change leave no line', async () => {
    const { server, client } = await serverWithClient()
    await client.request(registration())
    server.lines.length = 0
    await client.request(registration())
    await client.request(again({ TopicA: 6, TopicB: 6 }, 2))
    expect(server.lines).toEqual([])
  })

  test('that are removed with their broker are counted in the line of its removal', async () => {
    const { server, client, peer } = await serverWithClient()
    await client.request(registration())
    server.lines.length = 0
    await client.request(unregistration())
    expect(server.lines).toEqual([
      {
        level: 'info',
        peer,
        ...IDENTITY,
        brokerId: '0',
        reason: 'request',
        deletedTopics: 2,
        firstDeletedTopics: ['TopicA', 'TopicB'],
        msg: 'broker unregistered: by its own request',
      },
    ])
  })
})

describe('a lookup without a route', () => {
  test('is a debug line with the peer and the topic', async () => {
    const { server, client, peer } = await serverWithClient()
    expect(await codeOf(client.request(lookup('none')))).toBe(17)
    expect(server.lines).toEqual([{ level: 'debug', peer, topic: 'none', msg: 'no route for topic' }])
  })

  test('is not even passed to the log while the level is above debug', () => {
    const time = new ManualTime()
    const { configuration } = Configuration.resolve({ homeDirectory: '/home/user', processors: 2 })
    const debugLinesAt = (level: string): number => {
      const logger = pino({ level }, { write: () => {} })
      const context = createNamesrvContext({ configuration, clock: time, scheduler: time, logger })
      const debug = vi.fn()
      logger.debug = debug
      const channel = { ...openChannel(1), remoteAddress: '10.0.0.1:5000' }
      const request = requestCommand(RequestCode.GET_ROUTEINFO_BY_TOPIC, 1, new Map())
      createProcessorEvents(context).onNoRoute('none', request, { channel, nowMs: 0 })
      return debug.mock.calls.length
    }
    expect([debugLinesAt('info'), debugLinesAt('debug')]).toEqual([0, 1])
  })
})

describe('the loss of a broker is a warning', () => {
  test('if its connection closed', async () => {
    const { server, client, peer } = await serverWithClient()
    await client.request(registration())
    client.socket.destroy()
    await until('it is logged', () => linesOf(server, 'broker lost').length > 0)
    expect(linesOf(server, 'broker lost')).toMatchObject([
      { level: 'warn', peer, reason: 'connection lost', msg: 'broker lost: its connection closed' },
    ])
  })

  test('if its timeout is over', async () => {
    const { server, client, peer } = await serverWithClient()
    await client.request(registration({ heartbeatTimeoutMs: 5_000 }))
    server.time.advance(10_000)
    await until('it is logged', () => linesOf(server, 'broker expired').length > 0)
    expect(linesOf(server, 'broker expired')).toMatchObject([{ level: 'warn', peer, reason: 'expired' }])
  })
})

test('a stale removal that was skipped is a line with the reason of the removal', () => {
  const { context, lines } = testContext()
  logRouteEvent({ kind: 'removal fenced', broker: IDENTITY, reason: 'connection lost' }, context)
  expect(lines).toEqual([
    {
      level: 'info',
      ...IDENTITY,
      removalReason: 'connection lost',
      msg: 'removal fenced: the broker has registered again',
    },
  ])
  expect(context.events.list()).toMatchObject([{ text: 'removal reason: connection lost' }])
})

test('an internal error is an error line with the peer, and an event that names the request', () => {
  const { context, lines } = testContext()
  logInternalError(context, 'request failed', '10.0.0.1:1', new TypeError('no'), { code: 105 })
  expect(lines).toMatchObject([
    { level: 'error', peer: '10.0.0.1:1', code: 105, msg: 'request failed: internal error' },
  ])
  expect(context.events.list()).toMatchObject([
    { kind: 'internal_error', subject: '10.0.0.1:1', text: 'request failed (code 105): TypeError: no' },
  ])
})

describe('a peer with names of 120,000 characters', () => {
  const long = 'n'.repeat(120_000)
  const cut = `${'n'.repeat(300)}… (120000 characters)`

  test('leaves short lines with the length of the names', async () => {
    const { server, client } = await serverWithClient()
    const request = registration({ name: long, address: '127.0.0.1:1' })
    await client.request({ ...request, extFields: { ...request.extFields, clusterName: long } })
    expect(linesOf(server, 'broker registered')).toMatchObject([{ brokerName: cut, clusterName: cut }])
    for (const line of server.lines) expect(JSON.stringify(line).length).toBeLessThan(1_000)
  })
})

/** Each kind of line that a peer can cause, by its phrase. */
const FLOODS: [
  phrase: string,
  cause: (client: RawClient, turn: number, server: TestServer) => Promise<unknown>,
][] = [
  [
    'broker registered',
    (client, turn) => client.request(registration({ name: `b${turn}`, address: `a:${turn}` })),
  ],
  [
    'broker unregistered',
    async (client) => {
      await client.request(registration())
      await client.request(unregistration())
    },
  ],
  [
    'topics changed by a registration',
    async (client, turn) => {
      if (turn === 0) await client.request(registration())
      await client.request(again({ TopicA: turn % 2 === 0 ? 4 : 6 }, turn + 2))
    },
  ],
  ['registration rejected', (client) => client.request({ ...registration(), body: '{' })],
  ['KV entry put', (client, turn) => client.request(putKVConfig('ns', 'key', `${turn}`))],
  ['topic deleted', (client) => client.request({ code: 216, extFields: { topic: 'T' } })],
  ['write permission wiped', (client) => client.request({ code: 205, extFields: { brokerName: 'b' } })],
  [
    'configuration updated',
    (client, turn) => client.request({ code: 318, body: `enableTopicList=${turn % 2 === 0}` }),
  ],
  [
    'connection closed: invalid frame',
    async (_client, _turn, server) => {
      const peer = await server.connect()
      peer.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
      await peer.closed
    },
  ],
  [
    'connection closed: invalid frame',
    async (_client, _turn, server) => {
      const peer = await server.connect()
      peer.send(Buffer.of(0x7f, 0, 0, 0))
      await peer.closed
    },
  ],
  ['rejected: limit reached', (client) => client.request({ code: 318, body: '#'.repeat(70_000) })],
]

describe('a flood by one peer', () => {
  test.each(FLOODS)(
    'of "%s" is ten lines that name it, and one with the number of suppressed lines at its end',
    async (phrase, cause) => {
      const { server, client } = await serverWithClient()
      for (let turn = 0; turn < 25; turn++) await cause(client, turn, server)
      const lines = linesOf(server, phrase)
      expect(lines).toHaveLength(10)
      for (const line of lines) {
        expect(line['peer']).toMatch(/^127\.0\.0\.1:\d+$/)
        expect(line).not.toHaveProperty('suppressed')
      }
      server.time.advance(30_000)
      // A flood of unregistrations includes one of registrations.
      const summaries = linesOf(server, 'log lines suppressed').filter(
        ({ line }) => phrase !== 'broker unregistered' || `${line}`.startsWith(phrase),
      )
      expect(summaries).toEqual([
        {
          level: lines[0]?.level,
          line: expect.any(String),
          suppressed: 15,
          lastedMs: 0,
          msg: 'log lines suppressed',
        },
      ])
    },
  )

  test('does not suppress the lines of a broker of another host', async () => {
    // The brokers of other hosts announce loopback addresses.
    const server = await startServer({
      proxyProtocolTrustedNetworks: '127.0.0.0/8',
      registrationGuard: 'off',
    })
    const behindProxy = async (host: string): Promise<RawClient> => {
      const client = await server.connect()
      client.send(Buffer.from(`PROXY TCP4 ${host} 127.0.0.1 40000 9876\r\n`))
      return client
    }
    const flooder = await behindProxy('10.0.0.1')
    const flood = async (from: number): Promise<void> => {
      for (let turn = from; turn < from + 50; turn++)
        await flooder.request(registration({ name: `b${turn}`, address: `a:${turn}` }))
    }
    await flood(0)
    const broker = await behindProxy('10.0.0.2')
    await broker.request(registration({ name: 'honest' }))
    await flood(50)
    broker.socket.destroy()
    await until('it is logged', () => linesOf(server, 'broker lost').length > 0)
    const honest = server.lines.filter(({ brokerName }) => brokerName === 'honest')
    expect(honest.map(({ msg, peer }) => [msg, peer])).toEqual([
      ['broker registered', '10.0.0.2:40000'],
      ['broker lost: its connection closed', '10.0.0.2:40000'],
    ])
    expect(linesOf(server, 'broker registered')).toHaveLength(11)
  })
})

describe('bytes of another protocol on the remoting port', () => {
  test.each([
    ['HTTP request', 'GET /metrics HTTP/1.1\r\n\r\n'],
    ['HTTP request', 'POST / HTTP/1.1\r\n\r\n'],
    ['HTTP request', 'HEAD / HTTP/1.1\r\n\r\n'],
    ['HTTP request', 'OPTIONS * HTTP/1.1\r\n\r\n'],
    ['HTTP request', 'DELETE /x HTTP/1.1\r\n\r\n'],
    ['HTTP request', 'CONNECT a:1 HTTP/1.1\r\n\r\n'],
    ['HTTP/2 (gRPC) request', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['SSH client', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['Redis client', '*1\r\n$4\r\nPING\r\n'],
    ['Redis client', 'PING\r\n'],
    ['AMQP client', 'AMQP\x00\x00\x09\x01'],
  ])('are named as %s, without a limit to raise: %j', async (name, text) => {
    const { server, client, peer } = await serverWithClient()
    client.send(Buffer.from(text, 'latin1'))
    await client.closed
    expect(server.lines.filter(({ level }) => level !== 'debug')).toEqual([
      {
        level: 'warn',
        peer,
        code: 'ERR_FOREIGN_PROTOCOL',
        reason: `${name} on the remoting port`,
        msg: 'connection closed: invalid frame',
      },
    ])
    expect(server.controller.counters.rejected['com.rocketmq.remoting.frameMaxLength']).toBe(0)
  })

  test('are also named where TLS is enforced, and so is a TLS handshake where TLS is disabled', async () => {
    const enforcing = await serverWithClient({ 'tls.server.mode': 'enforcing' })
    enforcing.client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await enforcing.client.closed
    const reasons = (server: TestServer) =>
      linesOf(server, 'connection closed before its first frame').map(({ reason }) => reason)
    expect(reasons(enforcing.server)).toEqual([
      'HTTP request on the remoting port, but tls.server.mode is enforcing',
    ])
    const disabled = await serverWithClient({ 'tls.server.mode': 'disabled' })
    disabled.client.send(Buffer.of(0x16, 3, 1, 0, 5))
    await disabled.client.closed
    expect(reasons(disabled.server)).toEqual(['TLS handshake, but tls.server.mode is disabled'])
  })

  test('are not confused with a frame of invalid length', async () => {
    const { server, client } = await serverWithClient()
    client.send(frame('x'))
    await client.closed
    expect(linesOf(server, 'connection closed: invalid frame')).toMatchObject([{ code: 'ERR_HEADER' }])
  })
})
