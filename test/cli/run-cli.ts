import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ServingProcess } from '../../src/cli/daemon/serve.ts'
import { runCommand } from '../../src/cli/run-command.ts'

/** What a command finds around it; by default neither a terminal nor any variable. */
export interface CliWorld {
  readonly env?: Readonly<Record<string, string>>
  /** Whether stdin, stdout and stderr are a terminal. */
  readonly isTTY?: boolean
  /** Columns of that terminal. */
  readonly columns?: number
  /** What a person types, all at once or as the test goes on. */
  readonly input?: string | PassThrough
  /** Ends commands that go on until they are interrupted, services by SIGTERM. */
  readonly interrupts?: AbortSignal
  /** Happens in place of each pause of a command that goes on. */
  readonly onPause?: (ms: number) => void | Promise<void>
}

/** Runs a command in this process. @returns Its exit code and what it wrote. */
export async function runCli(
  argv: readonly string[],
  { env = {}, isTTY = false, columns = 80, input = '', interrupts, onPause }: CliWorld = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const stream = (): PassThrough & { isTTY: boolean; columns: number; rows: number } =>
    Object.assign(new PassThrough(), { isTTY, columns, rows: 24 })
  const [stdout, stderr] = [stream(), stream()]
  const stdin = typeof input === 'string' ? stream() : Object.assign(input, { isTTY })
  const written = Promise.all([text(stdout), text(stderr)])
  if (typeof input === 'string') stdin.end(input)
  const takeInterrupts = (): AbortSignal => interrupts ?? new AbortController().signal
  const takeProcess = (): ServingProcess => {
    const events = new EventEmitter()
    // The test may interrupt a command that is still being loaded.
    const earlySignals: 'SIGTERM'[] = interrupts?.aborted === true ? ['SIGTERM'] : []
    interrupts?.addEventListener('abort', () => {
      if (!events.emit('SIGTERM', 'SIGTERM')) earlySignals.push('SIGTERM')
    })
    const exit = (code: number): void => {
      throw new Error(`exit with ${code}`)
    }
    return { events, earlySignals, signals: ['SIGTERM'], stderr, exit }
  }
  const pause = async (ms: number): Promise<void> => {
    if (onPause === undefined) throw new Error('no pause expected')
    await onPause(ms)
  }
  const endOnSignals = (): void => {}
  const world = { argv, env, stdin, stdout, stderr, endOnSignals, takeProcess, takeInterrupts, pause }
  const code = await runCommand(world)
  for (const output of [stdout, stderr]) output.end()
  const [out, err] = await written
  return { code, stdout: out, stderr: err }
}
