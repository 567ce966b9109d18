import type { Logger } from 'pino'
import { systemClock, systemScheduler } from '../../namesrv/time.ts'
import { openLog } from '../daemon/logger.ts'
import { Observation, type ObservationOptions } from './observation.ts'

/**
 * An observation in this process, with its log.
 * @param isTerminal - Whether the log is written to a terminal.
 * @throws {ConfigError} (rejects) The log file cannot be opened, or `httpTokenFile` cannot be used.
 */
export async function openObservation(
  options: Omit<ObservationOptions, 'logger' | 'clock' | 'scheduler'>,
  isTerminal: boolean,
): Promise<{ readonly observation: Observation; readonly logger: Logger }> {
  const { logger } = await openLog({ ...options.configuration.values, isTerminal })
  const time = { clock: systemClock, scheduler: systemScheduler }
  return { observation: new Observation({ ...options, ...time, logger }), logger }
}
