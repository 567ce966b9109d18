import { describe, expect, test } from 'vitest'
import { ClusterTestMode } from '../../../src/namesrv/cluster-test/cluster-test-mode.ts'
import { type RemotingCommand, requestCommand } from '../../../src/protocol/remoting-command.ts'
import { RemotingClientError } from '../../../src/remoting/errors.ts'
import { testContext } from '../../support/test-context.ts'

interface Question {
  readonly address: string
  readonly request: RemotingCommand
  readonly timeoutMs: number
  readonly answer: (code: number, body?: string) => void
  readonly fail: () => void
}

const turn = () => new Promise(setImmediate)

/** Product NameServers that respond when the test says so. */
function startProduct(addresses: string[], { maxLookups = 10 } = {}) {
  const { context, time, lines } = testContext({
    'rocketmq.namesrv.addr': addresses.join(';'),
    clusterTestMaxLookups: `${maxLookups}`,
  })
  const questions: Question[] = []
  let opaque = 0
  const product = new ClusterTestMode(context, {
    createRequest: (code, extFields, options) => requestCommand(code, opaque++, extFields, options),
    invoke: (address, request, timeoutMs) =>
      new Promise((resolve, reject) => {
        questions.push({
          address,
          request,
          timeoutMs,
          answer: (code, body) =>
            resolve({ ...request, code, body: body === undefined ? null : Buffer.from(body) }),
          fail: () => reject(new RemotingClientError('ERR_CONNECT', 'connection refused')),
        })
      }),
  })
  if (addresses.length > 0) product.start()
  const routeOf = (topic: string) => product.topicRoute(topic).then((body) => body?.toString() ?? null)
  return { product, routeOf, questions, time, lines }
}

describe('a lookup in the product environment', () => {
  test('sends the version of an old client, so that the route comes in its dialect', () => {
    const { routeOf, questions } = startProduct(['a:1'])
    void routeOf('T')
    expect(questions[0]?.request).toMatchObject({
      code: 105,
      version: 399,
      extFields: new Map([['topic', 'T']]),
    })
  })

  test.each([
    ['a route', 0, 'route', 'route'],
    ['no route', 17, undefined, null],
  ])('finds %s if that is the response of the first NameServer', async (_, code, body, expected) => {
    const { routeOf, questions } = startProduct(['a:1', 'b:1'])
    const route = routeOf('T')
    questions[0]?.answer(code, body)
    expect(await route).toBe(expected)
    expect(questions).toHaveLength(1)
  })

  test.each([
    ['cannot be reached', (question?: Question) => question?.fail()],
    ['is not ready', (question?: Question) => question?.answer(1)],
    ['sends no body', (question?: Question) => question?.answer(0)],
  ])('asks the next NameServer if the first %s, and later lookups start with that one', async (_, fail) => {
    const { routeOf, questions } = startProduct(['a:1', 'b:1', 'c:1'])
    const route = routeOf('T')
    fail(questions[0])
    await turn()
    questions[1]?.answer(0, 'route')
    expect(await route).toBe('route')
    void routeOf('U')
    expect(questions.map(({ address }) => address)).toEqual(['a:1', 'b:1', 'b:1'])
  })

  test('divides the time that is left among the remaining NameServers', async () => {
    const { routeOf, questions, time } = startProduct(['a:1', 'b:1', 'c:1'])
    void routeOf('T')
    time.advance(1_000)
    questions[0]?.fail()
    await turn()
    time.advance(100)
    questions[1]?.fail()
    await turn()
    expect(questions.map(({ timeoutMs }) => timeoutMs)).toEqual([1_000, 1_000, 1_900])
  })

  test('finds no route when its time is over', async () => {
    const { routeOf, questions, time } = startProduct(['a:1', 'b:1'])
    const route = routeOf('T')
    time.advance(3_000)
    questions[0]?.fail()
    expect(await route).toBeNull()
    expect(questions).toHaveLength(1)
  })

  test('skips a NameServer for five seconds after it failed; if all have failed, it finds no route', async () => {
    const { routeOf, questions, time } = startProduct(['a:1'])
    const route = routeOf('T')
    questions[0]?.fail()
    expect(await route).toBeNull()
    time.advance(4_999)
    expect(await routeOf('T')).toBeNull()
    expect(questions).toHaveLength(1)
    time.advance(1)
    void routeOf('T')
    expect(questions).toHaveLength(2)
  })

  test('finds no route if no NameServer is known', async () => {
    expect(await startProduct([]).routeOf('T')).toBeNull()
  })

  test('is shared by all concurrent requests for a topic, and not cached', async () => {
    const { routeOf, questions } = startProduct(['a:1'])
    const both = [routeOf('T'), routeOf('T')]
    expect(questions).toHaveLength(1)
    questions[0]?.answer(17)
    expect(await Promise.all(both)).toEqual([null, null])
    void routeOf('T')
    expect(questions).toHaveLength(2)
  })

  test('is rejected while clusterTestMaxLookups others are under way', async () => {
    const { product, questions } = startProduct(['a:1'], { maxLookups: 1 })
    const first = product.topicRoute('T')
    const busy = expect.objectContaining({ limit: 'clusterTestMaxLookups', busy: true })
    expect(() => product.topicRoute('U')).toThrow(busy)
    questions[0]?.answer(17)
    await first
    void product.topicRoute('U')
    expect(questions).toHaveLength(2)
  })

  test('that fails is logged with the address', async () => {
    const { routeOf, questions, lines } = startProduct(['a:1'])
    const route = routeOf('T')
    questions[0]?.fail()
    await route
    expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { msg: 'product NameServer failed', address: 'a:1', error: 'connection refused' },
    ])
  })
})
