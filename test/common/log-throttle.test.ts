import { describe, expect, test } from 'vitest'
import { type LineFields, LogThrottle } from '../../src/common/log-throttle.ts'
import { ManualTime } from '../support/manual-time.ts'
import { recordingLogger } from '../support/recording-logger.ts'

function world() {
  const time = new ManualTime()
  const { logger, lines } = recordingLogger()
  const throttle = new LogThrottle({
    logger,
    nowMs: () => time.nowMs(),
    after: (delayMs, task) => time.after(delayMs, task),
  })
  const write = (times: number, line = 'broker registered', fields: LineFields = {}): void => {
    for (let time = 0; time < times; time++) throttle.log('info', line, { peer: '10.0.0.1:1', ...fields })
  }
  const summaries = () => lines.filter(({ msg }) => msg === 'log lines suppressed')
  return { time, lines, throttle, write, summaries }
}

describe('the log throttle', () => {
  test('lets ten lines of a peer through in ten seconds; the next one says how many were suppressed', () => {
    const { time, throttle, lines } = world()
    const write = (): boolean => throttle.log('info', 'broker registered', { peer: '10.0.0.1:1' })
    const written = Array.from({ length: 25 }, write)
    expect(written).toEqual([...Array(10).fill(true), ...Array(15).fill(false)])
    time.advance(9_999)
    expect(write()).toBe(false)
    time.advance(1)
    expect([write(), write()]).toEqual([true, true])
    expect(lines.map(({ suppressed }) => suppressed)).toEqual([...Array(10).fill(undefined), 16, undefined])
  })

  test('has a budget for each peer address, whatever its port, and one for all of them', () => {
    const { lines, write } = world()
    for (let port = 1; port <= 50; port++) write(1, 'broker lost', { peer: `10.0.0.1:${port}` })
    write(1, 'broker lost', { peer: '10.0.0.2:1' })
    expect(lines).toHaveLength(11)
    expect(lines.at(-1)?.['peer']).toBe('10.0.0.2:1')
    for (let host = 3; host < 200; host++) write(1, 'broker lost', { peer: `10.0.0.${host}:1` })
    expect(lines).toHaveLength(100)
  })

  test('has a budget for each broker address in lines without a peer', () => {
    const { lines, write } = world()
    for (const host of [1, 2])
      write(11, 'broker lost', { peer: undefined, brokerAddr: `10.0.0.${host}:10911` })
    expect(lines).toHaveLength(20)
  })

  test('keeps the lines of one limit apart from those of another, and names it in the summary', () => {
    const { throttle, lines, write, summaries } = world()
    for (const limit of ['maxTopics', 'maxBrokers']) write(11, 'rejected', { limit })
    expect(lines).toHaveLength(20)
    throttle.end()
    expect(summaries().map(({ line }) => line)).toEqual(['rejected (maxTopics)', 'rejected (maxBrokers)'])
  })

  test('cuts long texts, also in lists, and says how long they are', () => {
    const { lines, write } = world()
    const long = 'n'.repeat(120_000)
    const cut = `${'n'.repeat(300)}… (120000 characters)`
    write(1, 'topics changed', { brokerName: long, topics: 1, firstNewTopics: ['T', long], peer: long })
    expect(lines).toMatchObject([{ brokerName: cut, topics: 1, firstNewTopics: ['T', cut], peer: cut }])
  })

  test('cuts errors later, so that advice with the path of a file is whole', () => {
    const { lines, write } = world()
    const advice = `cannot use ${'folder/'.repeat(60)}key.pem`
    write(1, 'TLS connections are rejected', { error: advice })
    write(1, 'product NameServer failed', { error: 'n'.repeat(2_000) })
    expect(lines.map(({ error }) => error)).toEqual([advice, `${'n'.repeat(1_000)}… (2000 characters)`])
  })

  test('sums up a flood in one line when it is over, and leaves no timer behind', () => {
    const { time, write, summaries } = world()
    for (let second = 0; second < 25; second++) {
      write(20)
      time.advance(1_000)
    }
    expect(summaries()).toEqual([])
    time.advance(10_000)
    expect(summaries()).toEqual([
      {
        level: 'info',
        line: 'broker registered',
        suppressed: 470,
        lastedMs: 24_000,
        msg: 'log lines suppressed',
      },
    ])
    expect(time.timers).toBe(0)
  })

  test('writes nothing more, and no field, where nothing was suppressed', () => {
    const { time, lines, write } = world()
    write(10)
    time.advance(60_000)
    expect(lines).toEqual(Array(10).fill({ level: 'info', peer: '10.0.0.1:1', msg: 'broker registered' }))
  })

  test('keeps kinds of lines apart: a flood of one hides no other', () => {
    const { lines, write } = world()
    write(100)
    write(1, 'broker lost')
    expect(lines.at(-1)?.msg).toBe('broker lost')
  })

  test('sums up at the end of the server what has not been summed up', () => {
    const { time, throttle, write, summaries } = world()
    write(11)
    throttle.end()
    expect(summaries()).toMatchObject([{ suppressed: 1 }])
    expect(time.timers).toBe(0)
  })
})
