import { availableParallelism, networkInterfaces } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { describeErrno } from '../../common/describe-errno.ts'
import { javaUserHome, readConfigFile } from './config-file.ts'
import type { CliWorld } from './daemon.ts'
import type { Signals } from './serve.ts'

/** Maximum time for file operations that are under way when the process ends; then the disk counts as hanging. */
const FILE_TIMEOUT_MS = 1_000
const FILE_CHECK_MS = 20

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
      const { openLog } = await import('./logger.ts')
      return openLog({
        ...values,
        isTerminal: values.logPath === '' && process.stdout.isTTY === true,
        onWriteError: onceOnStderr(),
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

/**
 * Ends the process, at once if no file operation is under way.
 *
 * Node waits at its end for file operations in other threads, forever if a disk or its network hangs. Such a process is killed:
 * its parent then sees SIGKILL instead of the exit code.
 */
export function endProcess(code: number): void {
  const endMs = performance.now() + FILE_TIMEOUT_MS
  const isWaitingForFiles = (): boolean =>
    process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'))
  const end = (): void => {
    if (isWaitingForFiles() && performance.now() < endMs) {
      setTimeout(end, FILE_CHECK_MS)
      return
    }
    if (isWaitingForFiles()) process.kill(process.pid, 'SIGKILL')
    process.exit(code)
  }
  end()
}

/** A log that cannot be written must not end the server; it is reported once on stderr. */
function onceOnStderr(): (error: Error) => void {
  let isReported = false
  return (error) => {
    if (isReported) return
    isReported = true
    process.stderr.write(`mqnamesrv: cannot write the log, continuing without: ${describeErrno(error)}\n`)
  }
}
