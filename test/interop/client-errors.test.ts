import { describe, expect, it } from 'vitest'
import { clientErrors } from './harness/client-errors.ts'

const address = '127.0.0.1:9876'
const fromMs = new Date('2026-11-29T09:55:37.300').getTime()
const absence = { address, fromMs, toMs: fromMs + 700 }

function failedLookup(
  time: string,
  exception: string,
  what = 'updateTopicRouteInfoFromNameServer Exception',
) {
  return [`2026-11-29 ${time} ERROR RocketmqClient - ${what}`, exception, '\tat org.apache.rocketmq']
}

function timeoutOn(channel: string): string {
  return `org.apache.rocketmq.remoting.exception.RemotingTimeoutException: wait response on the channel <${channel}> timeout, 3000(ms)`
}

describe('the errors of a client', () => {
  it('do not include a lookup that could not be sent', () => {
    const lines = failedLookup(
      '09:50:00,000',
      'org.apache.rocketmq.remoting.exception.RemotingSendRequestException: send',
    )
    expect(clientErrors(lines, [])).toEqual([])
  })

  it('do not include a lookup without a response that was sent while its NameServer was absent', () => {
    const lines = [
      ...failedLookup('09:55:40,301', timeoutOn(address)),
      ...failedLookup(
        '09:55:40,999',
        `java.lang.IllegalStateException: ${timeoutOn(address)}`,
        'ScheduledTask updateTopicRouteInfoFromNameServer exception',
      ),
    ]
    expect(clientErrors(lines, [absence])).toEqual([])
  })

  it.each([
    ['before its NameServer was absent', failedLookup('09:55:40,299', timeoutOn(address))],
    ['after its NameServer was back', failedLookup('09:55:41,001', timeoutOn(address))],
    ['to another NameServer', failedLookup('09:55:40,500', timeoutOn('127.0.0.1:9877'))],
    ['by a client of 5.x', failedLookup('09:55:40', timeoutOn(address))],
  ])('include, with its exception, a lookup without a response that was sent %s', (_, lines) => {
    expect(clientErrors(lines, [absence])).toEqual([`${lines[0]}\n${lines[1]}`])
  })

  it('do not include those that were there earlier', () => {
    const [line = ''] = failedLookup('09:55:30,000', timeoutOn(address))
    const lines = [line, timeoutOn(address), line.replace('30,000', '30,001')]
    expect(clientErrors(lines, [], new Set([line]))).toEqual([`${lines[2]}\n`])
  })

  it('include everything else', () => {
    const lines = [
      ...failedLookup('09:55:40,500', timeoutOn(address), 'sendDefaultImpl'),
      ...failedLookup('09:55:40,500', 'java.lang.NullPointerException'),
      '2026-11-29 09:55:40,500 INFO RocketmqClient - no errors',
      '2026-11-29 09:55:40,500 ERROR RocketmqClient - the last line',
    ]
    expect(clientErrors(lines, [absence])).toHaveLength(3)
  })
})
