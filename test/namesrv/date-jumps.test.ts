import { expect, onTestFinished, test, vi } from 'vitest'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { NamesrvController } from '../../src/namesrv/namesrv-controller.ts'
import { systemClock, systemScheduler } from '../../src/namesrv/time.ts'
import { headerOf, RawClient } from '../support/raw-client.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { lookup, registration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const HOURS_MS = 5 * 3_600_000

test('when the date of the machine jumps by hours, no broker is evicted early and timers still run', async () => {
  const args = Object.entries({
    bindAddress: '127.0.0.1',
    listenPort: '0',
    httpListenPort: '0',
    scanNotActiveBrokerInterval: '10',
  }).map(([key, value]) => ({ key, value }))
  const { configuration } = Configuration.resolve({ args, homeDirectory: temporaryFolder(), processors: 2 })
  const { logger, lines } = recordingLogger()
  const clock = systemClock
  const controller = new NamesrvController({ configuration, logger, clock, scheduler: systemScheduler })
  const { port } = await controller.start()
  const client = await RawClient.connect(port)
  onTestFinished(async () => {
    vi.useRealTimers()
    client.socket.destroy()
    await controller.shutdown()
  })
  const evicted = (): unknown[] =>
    lines.filter(({ msg }) => msg.startsWith('broker expired')).map((line) => line['brokerName'])
  const register = (name: string, port: number, heartbeatTimeoutMs: number) =>
    client.request(
      registration({ name, address: `127.0.0.1:${port}`, heartbeatTimeoutMs, topics: [name, 'T'] }),
    )

  await register('stays', 1, 3_600_000)
  const date = Date.now()
  const nowMs = clock.nowMs()
  vi.useFakeTimers({ toFake: ['Date'], now: date + HOURS_MS })
  expect(Date.now() - date).toBeGreaterThanOrEqual(HOURS_MS)
  await register('silent-1', 2, 1)
  await until('a scan has come after the jump forward', () => evicted().includes('silent-1'))
  vi.setSystemTime(date - HOURS_MS)
  await register('silent-2', 3, 1)
  await until('a scan has come after the jump back', () => evicted().includes('silent-2'))

  expect(Math.abs(clock.nowMs() - nowMs)).toBeLessThan(HOURS_MS / 2)
  expect(evicted()).toEqual(['silent-1', 'silent-2'])
  expect(headerOf(await client.request(lookup('stays'))).code).toBe(0)
})
