import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Service, SHUTDOWN_DEADLINE_MS, serve } from '../../../src/cli/daemon/serve.ts'
import type { Bound } from '../../../src/cli/daemon/start-summary.ts'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { fakeWorld, recordingLogger } from './fake-world.ts'

const never = new Promise<never>(() => {})

async function started(
  controller: Partial<Service<Bound>> = {},
  properties: Record<string, string> = {},
  earlySignals: NodeJS.Signals[] = [],
  level = 'info',
) {
  const { world, events, exits, calls, stderr } = fakeWorld({ controller, earlySignals })
  const { logger, lines } = recordingLogger()
  logger.level = level
  const { configuration } = Configuration.resolve({
    args: Object.entries(properties).map(([key, value]) => ({ key, value })),
    homeDirectory: '/home/user',
    processors: 2,
  })
  const begun: Bound[] = []
  const ended = serve(
    await world.createController(configuration, logger),
    configuration,
    { logger, reopen: () => calls.push('reopen') },
    world,
    (bound) => begun.push(bound),
  )
  await vi.advanceTimersByTimeAsync(0)
  return { ended, events, exits, calls, lines, stderr, begun }
}

describe('serve', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('says that it has started, once', async () => {
    const { ended, events, begun } = await started({
      start: async () => ({ address: '127.0.0.1', port: 40_000 }),
    })
    expect(begun).toEqual([{ address: '127.0.0.1', port: 40_000 }])
    events.emit('SIGINT', 'SIGINT')
    await ended
    expect(begun).toHaveLength(1)
  })

  test.each(['SIGTERM', 'SIGINT'])('%s shuts the server down and ends with 0', async (signal) => {
    const { ended, events, exits, calls, lines } = await started()
    events.emit(signal, signal)
    expect(await ended).toBe(0)
    expect(calls).toEqual(['start', 'shutdown'])
    expect(lines.at(-2)).toMatchObject({ msg: 'shutting down', signal })
    expect(exits).toEqual([])
    expect(events.eventNames()).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a signal that arrived before the program was loaded shuts the server down as soon as it has started', async () => {
    const { ended, exits, calls } = await started({}, {}, ['SIGTERM'])
    expect(await ended).toBe(0)
    expect(calls).toEqual(['start', 'shutdown'])
    expect(exits).toEqual([])
  })

  test.each([
    ['fifteen seconds', {}, SHUTDOWN_DEADLINE_MS],
    [
      'fifteen seconds more than the time for draining',
      { enableShutdownGracefully: 'true', shutdownWaitTimeSeconds: '20' },
      35_000,
    ],
  ])('a shutdown that takes longer than %s ends with 1', async (_, properties, deadlineMs) => {
    const { ended, events, lines, stderr } = await started({ shutdown: () => never }, properties)
    let code: number | undefined
    void ended.then((ending) => {
      code = ending
    })
    events.emit('SIGTERM', 'SIGTERM')
    await vi.advanceTimersByTimeAsync(deadlineMs - 1)
    expect(code).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(code).toBe(1)
    expect(lines.at(-1)).toMatchObject({ level: 'error', deadlineMs })
    expect(stderr()).toBe(`mqnamesrv: shutdown not finished within ${deadlineMs} ms\n`)
  })

  test('a signal during a start that never ends has the same deadline', async () => {
    const { ended, events } = await started({ start: () => never })
    events.emit('SIGTERM', 'SIGTERM')
    await vi.advanceTimersByTimeAsync(SHUTDOWN_DEADLINE_MS)
    expect(await ended).toBe(1)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('a second signal, %s, ends the process at once with %d', async (signal, code) => {
    const { events, exits } = await started({ shutdown: () => never })
    events.emit('SIGTERM', 'SIGTERM')
    expect(exits).toEqual([])
    events.emit(signal, signal)
    expect(exits).toEqual([code])
  })

  test('all other signals are handled, before the program was loaded and after, and never end it', async () => {
    const { ended, events, exits, calls, lines } = await started({}, {}, ['SIGHUP', 'SIGQUIT', 'SIGUSR2'])
    for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR1']) events.emit(signal, signal)
    expect(calls.filter((call) => call === 'reopen')).toHaveLength(2)
    expect(calls.filter((call) => call === 'reload')).toHaveLength(2)
    expect(lines.filter(({ msg }) => msg === 'state dump')).toMatchObject([
      { level: 'info', connections: 3 },
      { level: 'info', connections: 3 },
    ])
    expect(lines.filter(({ msg }) => msg === 'signal ignored').map((line) => line['signal'])).toEqual([
      'SIGUSR2',
      'SIGUSR1',
    ])
    expect([exits, calls.includes('shutdown')]).toEqual([[], false])
    events.emit('SIGTERM', 'SIGTERM')
    expect(await ended).toBe(0)
    expect(events.eventNames()).toEqual([])
  })

  test('SIGQUIT logs the state at every logLevel', async () => {
    const { ended, events, lines } = await started({}, {}, [], 'fatal')
    for (const signal of ['SIGQUIT', 'SIGUSR2', 'SIGTERM']) events.emit(signal, signal)
    await ended
    expect(lines).toMatchObject([{ level: 'info', signal: 'SIGQUIT', connections: 3, msg: 'state dump' }])
  })

  test('a shutdown that fails is logged and ends with 1', async () => {
    const { ended, events, lines, stderr } = await started({
      shutdown: () => Promise.reject(new Error('stuck\nwith a second line')),
    })
    events.emit('SIGTERM', 'SIGTERM')
    expect(await ended).toBe(1)
    expect(lines.at(-1)).toMatchObject({ level: 'error', err: { message: 'stuck\nwith a second line' } })
    expect(stderr()).toBe('mqnamesrv: shutdown failed: stuck\n')
  })

  test('an uncaught exception is one fatal line and ends the process with 1', async () => {
    const { events, exits, lines, stderr } = await started()
    events.emit('uncaughtException', new Error('boom'))
    expect(stderr()).toBe('mqnamesrv: uncaught exception: boom\n')
    expect(exits).toEqual([1])
    expect(lines.at(-1)).toMatchObject({ level: 'fatal', err: { type: 'Error', message: 'boom' } })
  })
})
