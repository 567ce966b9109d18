import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { createNamesrvContext, type NamesrvContext } from '../../src/namesrv/namesrv-context.ts'
import type { Scheduler } from '../../src/namesrv/time.ts'
import { ManualTime } from './manual-time.ts'
import { type LogLine, recordingLogger } from './recording-logger.ts'

/** The context of a server with these properties, whose time passes only when a test says so. */
export function testContext(
  properties: Readonly<Record<string, string>> = {},
  scheduling: Partial<Scheduler> = {},
): { readonly context: NamesrvContext; readonly time: ManualTime; readonly lines: LogLine[] } {
  const { configuration } = Configuration.resolve({
    args: Object.entries(properties).map(([key, value]) => ({ key, value })),
    homeDirectory: '/home/user',
    processors: 2,
  })
  const time = new ManualTime()
  const { logger, lines } = recordingLogger()
  const context = createNamesrvContext({
    configuration,
    clock: time,
    scheduler: {
      every: (periodMs, task) => time.every(periodMs, task),
      after: (delayMs, task) => time.after(delayMs, task),
      defer: (task, minMs) => time.defer(task, minMs),
      ...scheduling,
    },
    logger,
  })
  return { context, time, lines }
}
