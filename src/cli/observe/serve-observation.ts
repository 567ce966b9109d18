import { ConfigError } from '../../namesrv/config/config-error.ts'
import { systemClock, systemScheduler } from '../../namesrv/time.ts'
import { formatAddress } from '../../remoting/address.ts'
import { describeFailure } from '../daemon/errno.ts'
import { onceOn, openLog } from '../daemon/logger.ts'
import { type ServingProcess, serve } from '../daemon/serve.ts'
import { Observation, type ObservationOptions } from './observation.ts'

/**
 * Observes in this process, with a log, until a signal ends it.
 * @param isTerminal - Whether stdout is a terminal.
 * @returns The exit code: 0 after a shutdown in time, 1 after one that failed or took too long.
 * @throws {ConfigError} (rejects) The log file cannot be opened, or the access file, the token or a certificate cannot be used.
 * @throws (rejects) The socket's error.
 */
export async function serveObservation(
  options: Omit<ObservationOptions, 'logger' | 'clock' | 'scheduler'>,
  process: ServingProcess,
  isTerminal: boolean,
): Promise<number> {
  const { configuration, servers } = options
  const { logPath } = configuration.values
  const onTerminal = isTerminal && logPath === ''
  const log = await openLog({
    ...configuration.values,
    isTerminal: onTerminal,
    onWriteError: onceOn(process.stderr),
  })
  const { logger } = log
  try {
    const observation = new Observation({
      ...options,
      logger,
      clock: systemClock,
      scheduler: systemScheduler,
    })
    const namesrv = servers.map(({ address }) => address).join(';')
    return await serve(observation, configuration, log, process, ({ address, port }) =>
      logger.info({ page: `http://${formatAddress(address, port)}/`, namesrv }, 'observing'),
    )
  } catch (error) {
    // On a terminal, stderr is enough.
    if (!onTerminal) {
      const problem = error instanceof ConfigError ? error.problems.join('; ') : describeFailure(error)
      logger.error({ error: problem }, 'start failed')
    }
    throw error
  }
}
