import { pino } from 'pino'
import { afterAll } from 'vitest'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { NamesrvController } from '../../../src/namesrv/namesrv-controller.ts'
import { systemClock, systemScheduler } from '../../../src/namesrv/time.ts'
import { newHome } from './work-folder.ts'

/** Our NameServer in this process. */
export interface HostedNameServer {
  /** `127.0.0.1:port`. */
  readonly address: string
  readonly httpUrl: string
  /** Puts its clock forward. It takes that for a pause of the process, so no broker expires. */
  advance(ms: number): void
}

/**
 * Starts our NameServer in this process until the end of the file: its waits can be cut short.
 * @param properties - Of its configuration, besides its address.
 */
export async function hostNameServer(
  properties: Readonly<Record<string, string>> = {},
): Promise<HostedNameServer> {
  const { home: homeDirectory } = newHome('mqnamesrv')
  const values = { bindAddress: '127.0.0.1', listenPort: '0', ...properties }
  const args = Object.entries(values).map(([key, value]) => ({ key, value }))
  let aheadMs = 0
  const controller = new NamesrvController({
    configuration: Configuration.resolve({ args, homeDirectory, processors: 2 }).configuration,
    logger: pino({ level: 'silent' }),
    clock: { nowMs: () => systemClock.nowMs() + aheadMs },
    // Findings are evaluated each second instead of every five.
    scheduler: {
      ...systemScheduler,
      every: (periodMs, task) => systemScheduler.every(periodMs / 5, task),
    },
    httpOnAnyPort: true,
  })
  const { port, httpPort } = await controller.start()
  afterAll(() => controller.shutdown())
  return {
    address: `127.0.0.1:${port}`,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    advance: (ms) => {
      aheadMs += ms
    },
  }
}
