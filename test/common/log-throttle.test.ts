import { describe, expect, test } from 'vitest'
import { LogThrottle } from '../../src/common/log-throttle.ts'
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
  const write = (times: number, line = 'broker registered'): void => {
    for (let time = 0; time < times; time++) {
      throttle.limit('info', line).run((suppressed) => logger.info({ suppressed }, line), '10.0.0.1:1')
    }
  }
  const summaries = () => lines.filter(({ msg }) => msg === 'log lines suppressed')
  return { time, lines, throttle, write, summaries }
}

describe('the log throttle', () => {
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
    expect(lines).toEqual(Array(10).fill({ level: 'info', msg: 'broker registered' }))
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
