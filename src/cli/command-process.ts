import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeErrno } from '../common/describe-errno.ts'
import type { Signals } from './daemon/serve.ts'
import { endProcess } from './end-process.ts'
import { ExitCode } from './exit-code.ts'
import { type CommandWorld, runCommand } from './run-command.ts'

/**
 * Runs a command in this process, and ends the process.
 * @param earlySignals - Signals that arrived while the program was loaded; the loader adds to this list.
 * @param signals - All signals that the loader handles: a command leaves all but SIGINT and SIGTERM to their defaults, unless it is
 *   a service.
 */
export async function main(earlySignals: Signals, signals: Signals): Promise<void> {
  const interrupted = new AbortController()
  let isTaken = false
  let isService = false
  const end = (signal: NodeJS.Signals): never => process.exit(128 + constants.signals[signal])
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!isTaken || interrupted.signal.aborted) end(signal)
    interrupted.abort(signal)
  }
  const { argv, env, stdin, stdout, stderr } = process
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    // A closed terminal must not end a service.
    if (isService) return
    // A reader that exits early, such as head, ends the command as SIGPIPE would.
    if (error.code === 'EPIPE') end('SIGPIPE')
    stderr.write(`mqnamesrv: cannot write the output: ${describeErrno(error)}\n`)
    process.exit(ExitCode.NO)
  }
  stdout.on('error', onOutputError)
  stderr.on('error', () => isService || end('SIGPIPE'))
  const world: CommandWorld = {
    argv: argv.slice(2),
    env,
    stdin,
    stdout,
    stderr,
    endOnSignals: () => {
      for (const signal of signals) process.removeAllListeners(signal)
      const [early] = earlySignals
      if (early !== undefined) end(early)
      process.on('SIGINT', onSignal)
      process.on('SIGTERM', onSignal)
    },
    takeProcess: () => {
      isService = true
      return { events: process, earlySignals, signals, stderr, exit: endProcess }
    },
    takeInterrupts: () => {
      isTaken = true
      return interrupted.signal
    },
    pause: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
  }
  const code = await runWords(world)
  // After everything has been written, also if stdout is a pipe, which is asynchronous.
  stdout.write('', (error) => (error == null || isService ? endProcess(code) : onOutputError(error)))
}

async function runWords(world: CommandWorld): Promise<ExitCode> {
  if (world.argv[0] !== '__complete') return await runCommand(world)
  world.endOnSignals()
  const { complete } = await import('./completion/complete.ts')
  return await complete(world)
}
