import { describe, expect, test } from 'vitest'
import { LimitError } from '../../src/common/limit-error.ts'
import type { RemotingCommand } from '../../src/protocol/remoting-command.ts'
import { RequestDispatcher } from '../../src/remoting/server/request-dispatcher.ts'
import { Counters } from '../../src/stats/counters.ts'
import { openChannel } from '../routeinfo/route-helpers.ts'

const BUSY = { code: 2, remark: '[OVERLOAD]system busy, start flow control for a while' }
const context = { channel: openChannel(1), nowMs: 0 }

function request(code: number): RemotingCommand {
  return { code, language: 'JAVA', version: 0, opaque: 1, flag: 0, remark: null, extFields: null, body: null }
}

function start(): {
  dispatcher: RequestDispatcher
  counters: Counters
  rejected: string[]
  errors: unknown[]
} {
  const counters = new Counters()
  const rejected: string[] = []
  const errors: unknown[] = []
  const fail = (error: Error) => () => {
    throw error
  }
  const dispatcher = new RequestDispatcher(
    {
      1: () => ({ code: 0 }),
      2: fail(LimitError.busy('maxWaitingRequests', '3 requests wait')),
      4: fail(new LimitError('maxTopics', 'too many topics')),
      5: async () => fail(LimitError.busy('maxRegistrationsInFlight', '6 of them'))(),
      6: fail(new Error('a bug')),
      7: fail(new LimitError('unRegisterBrokerQueueCapacity', 'too many wait', { remark: '' })),
    },
    (error) => errors.push(error),
    counters,
    ({ limit, message }, { code }, { channel }) =>
      rejected.push(`${limit} ${code} ${channel.remoteAddress}: ${message}`),
  )
  return { dispatcher, counters, rejected, errors }
}

describe('the dispatcher', () => {
  test('serves with other processors from the next request on, and still sheds what it shed', async () => {
    const { dispatcher } = start()
    dispatcher.shed([1])
    dispatcher.serve({ 1: () => ({ code: 0, remark: 'other' }), 8: () => ({ code: 8 }) })
    expect(await dispatcher.dispatch(request(1), context)).toEqual(BUSY)
    expect(await dispatcher.dispatch(request(8), context)).toEqual({ code: 8 })
    expect(await dispatcher.dispatch(request(2), context)).toMatchObject({ code: 3 })
    dispatcher.shed([])
    expect(await dispatcher.dispatch(request(1), context)).toEqual({ code: 0, remark: 'other' })
  })

  test('rejects what exceeds a limit and reports it with the peer, and does not report it as an internal error', async () => {
    const { dispatcher, rejected, errors } = start()
    expect(await dispatcher.dispatch(request(2), context)).toEqual(BUSY)
    expect(await dispatcher.dispatch(request(4), context)).toEqual({ code: 1, remark: 'too many topics' })
    expect(await dispatcher.dispatch(request(5), context)).toEqual(BUSY)
    expect(await dispatcher.dispatch(request(7), context)).toEqual({ code: 1, remark: null })
    expect(rejected).toEqual([
      'maxWaitingRequests 2 127.0.0.1:50001: 3 requests wait',
      'maxTopics 4 127.0.0.1:50001: too many topics',
      'maxRegistrationsInFlight 5 127.0.0.1:50001: 6 of them',
      'unRegisterBrokerQueueCapacity 7 127.0.0.1:50001: too many wait',
    ])
    expect(errors).toEqual([])
    expect(await dispatcher.dispatch(request(6), context)).toEqual({ code: 1, remark: 'Error: a bug' })
    expect(errors).toHaveLength(1)
  })

  test('rejects the codes it was told to shed, until it is told otherwise, and serves the rest', async () => {
    const { dispatcher, counters } = start()
    dispatcher.shed([1, 99])
    expect(await dispatcher.dispatch(request(1), context)).toEqual(BUSY)
    expect(await dispatcher.dispatch(request(4), context)).toMatchObject({ code: 1 })
    expect(await dispatcher.dispatch(request(99), context)).toMatchObject({ code: 3 })
    dispatcher.shed([])
    expect(await dispatcher.dispatch(request(1), context)).toEqual({ code: 0 })
    expect(counters.requestsShed).toBe(1)
  })

  test('counts requests by code, and those of unsupported codes together', async () => {
    const { dispatcher, counters } = start()
    for (const code of [1, 1, 4, 8, 1_500, -3]) await dispatcher.dispatch(request(code), context)
    expect(counters.requests.entries()).toEqual([
      [1, 2],
      [4, 1],
    ])
    expect(counters.requests.others).toBe(3)
  })
})
