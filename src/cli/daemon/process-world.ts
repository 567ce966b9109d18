import { availableParallelism, networkInterfaces } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { endProcess } from '../end-process.ts'
import { javaUserHome, readConfigFile } from './config-file.ts'
import type { CliWorld } from './daemon.ts'
import type { Signals } from './serve.ts'

/** The real process. Modules that only a server needs are loaded when a server is started. */
export function processWorld(earlySignals: Signals, signals: Signals): CliWorld {
  return {
    earlySignals,
    signals,
    argv: process.argv.slice(2),
    env: process.env,
    homeDirectory: javaUserHome(),
    processors: availableParallelism(),
    stdout: process.stdout,
    stderr: process.stderr,
    events: process,
    exit: endProcess,
    interfaces: networkInterfaces,
    readConfigFile,
    openLog: async ({ values }) => {
      const { onceOn, openLog } = await import('./logger.ts')
      return openLog({
        ...values,
        isTerminal: values.logPath === '' && process.stdout.isTTY === true,
        onWriteError: onceOn(process.stderr),
      })
    },
    createController: async (configuration, logger) => {
      // Keeps the heap close to what is in use: V8 would let it grow to several times that. See docs/performance.md.
      setFlagsFromString('--heap-growing-percent=50')
      const { NamesrvController } = await import('../../namesrv/namesrv-controller.ts')
      const { descriptorShares, warnOfFewDescriptors } = await import(
        '../../namesrv/limits/file-descriptors.ts'
      )
      const shares = descriptorShares(configuration.values)
      warnOfFewDescriptors(shares, { configuration, logger })
      const { systemClock, systemScheduler } = await import('../../namesrv/time.ts')
      return new NamesrvController({
        configuration,
        logger,
        clock: systemClock,
        scheduler: systemScheduler,
        ...(shares && { descriptors: shares }),
      })
    },
  }
}
