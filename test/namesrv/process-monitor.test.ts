import { expect, onTestFinished, test } from 'vitest'
import { ProcessMonitor } from '../../src/namesrv/process-monitor.ts'

test('a delay of the event loop is seen by every scraper for at least 15 seconds, and then no more', async () => {
  let nowMs = 0
  const monitor = new ProcessMonitor(() => nowMs)
  monitor.start()
  onTestFinished(() => monitor.stop())
  const max = async () => (await monitor.read()).lag.max
  const LONG_S = 0.15
  // The first one may begin before the monitor's timer has run.
  while ((await max()) < LONG_S) {
    const endMs = performance.now() + 2_000 * LONG_S
    while (performance.now() < endMs);
  }
  for (nowMs of [15_000, 15_001, 29_999]) expect(await max()).toBeGreaterThan(LONG_S)
  nowMs = 30_000
  expect(await max()).toBeLessThan(LONG_S)
})
