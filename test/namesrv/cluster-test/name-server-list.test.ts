import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { addressServerUrl, NameServerList } from '../../../src/namesrv/cluster-test/name-server-list.ts'
import { testContext } from '../../support/test-context.ts'
import { until } from '../../support/until.ts'

describe('the page of the address server', () => {
  test.each([
    ['jmenv.tbsite.net', 'nsaddr', 'center', 'http://jmenv.tbsite.net:8080/rocketmq/nsaddr-center?nofix=1'],
    ['10.0.0.1:80', 'ns', 'prod1', 'http://10.0.0.1:80/rocketmq/ns-prod1?nofix=1'],
    ['host', 'nsaddr', ' ', 'http://host:8080/rocketmq/nsaddr'],
    ['[fd00::1]:80', 'nsaddr', '', 'http://[fd00::1]:80/rocketmq/nsaddr'],
    ['[fd00::1]', 'nsaddr', '', 'http://[fd00::1]:8080/rocketmq/nsaddr'],
    ['fd00::1', 'nsaddr', '', 'http://[fd00::1]:8080/rocketmq/nsaddr'],
    ['::1', 'nsaddr', '', 'http://[::1]:8080/rocketmq/nsaddr'],
  ])('for domain %s, subgroup %s and environment "%s"', (domain, subgroup, unitName, url) => {
    expect(addressServerUrl(domain, subgroup, unitName)).toBe(url)
  })
})

/** An address server that answers as the test says, and a list that asks it. */
async function startList(properties: Readonly<Record<string, string>> = {}) {
  const asked: string[] = []
  let answer = (_request: IncomingMessage, response: ServerResponse): void => void response.end()
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { context, time, lines } = testContext({
    'rocketmq.namesrv.domain': `127.0.0.1:${port}`,
    ...properties,
  })
  const list = new NameServerList(context)
  onTestFinished(() => {
    list.stop()
    server.closeAllConnections()
    server.close()
  })
  return {
    list,
    asked,
    time,
    lines,
    answerWith: (text: string, status = 200) => {
      answer = (_request, response) => response.writeHead(status).end(text)
    },
    answerBy: (handler: typeof answer) => {
      answer = handler
    },
    warned: (count: number) =>
      until('it is logged', () => lines.filter(({ level }) => level === 'warn').length === count),
  }
}

describe('the NameServers of the product environment', () => {
  test('are those of rocketmq.namesrv.addr; the address server is not asked then', async () => {
    const { list, asked, time } = await startList({ 'rocketmq.namesrv.addr': ' a:1;[::1]:2 ;;' })
    list.start()
    time.advance(1_000_000)
    expect(list.addresses).toEqual(['a:1', '[::1]:2'])
    expect([asked, time.timers]).toEqual([[], 0])
  })

  test('are otherwise those of the first line of the page, which is fetched every two minutes', async () => {
    const { list, asked, time, answerWith } = await startList()
    answerWith(' a:1;b:2 \r\nmore;c:3\n')
    list.start()
    await until('they are known', () => list.addresses.length > 0)
    expect(list.addresses).toEqual(['a:1', 'b:2'])
    expect(asked).toEqual(['/rocketmq/nsaddr-center?nofix=1'])
    answerWith('d:4')
    time.advance(119_999)
    expect(list.addresses).toEqual(['a:1', 'b:2'])
    time.advance(1)
    await until('the new one is known', () => list.addresses.length === 1)
    expect([list.addresses, asked.length]).toEqual([['d:4'], 2])
  })

  test('are fetched every ten seconds until there are any', async () => {
    const { list, asked, time, answerWith, warned } = await startList()
    answerWith('', 500)
    list.start()
    await warned(1)
    answerWith('a:1')
    time.advance(10_000)
    await until('they are known', () => list.addresses.length > 0)
    expect(asked).toHaveLength(2)
  })

  test.each([
    ['an error', 503, 'a:9'],
    ['an empty page', 200, ''],
    ['a page that lists none', 200, '<html>'],
    ['an endless page', 200, 'x'.repeat(100_000)],
  ])('stay as they were when the response is %s', async (_, status, text) => {
    const { list, time, answerWith, warned } = await startList()
    answerWith('a:1')
    list.start()
    await until('they are known', () => list.addresses.length > 0)
    answerWith(text, status)
    time.advance(120_000)
    await warned(text === '<html>' ? 2 : 1)
    expect(list.addresses).toEqual(['a:1'])
  })

  test('leave out what is not an address, with a log line', async () => {
    const { list, lines } = await startList({ 'rocketmq.namesrv.addr': 'a:1;http://b;c' })
    list.start()
    expect(list.addresses).toEqual(['a:1'])
    expect(lines[0]).toMatchObject({ level: 'warn', dropped: ['http://b', 'c'] })
  })

  test('are not waited for longer than three seconds when the address server does not respond', async () => {
    const { list, asked, time, lines, answerBy, warned } = await startList()
    answerBy(() => {})
    list.start()
    await until('it is asked', () => asked.length === 1)
    time.advance(2_999)
    expect(lines).toEqual([])
    time.advance(1)
    await warned(1)
    expect(lines[0]).toMatchObject({ error: 'no response within 3000 ms' })
  })

  test('are not fetched any more after the stop', async () => {
    const { list, asked, time, lines, answerBy } = await startList()
    answerBy(() => {})
    list.start()
    await until('it is asked', () => asked.length === 1)
    list.stop()
    await until('no timer is left', () => time.timers === 0)
    time.advance(1_000_000)
    expect([asked.length, lines]).toEqual([1, []])
  })
})
