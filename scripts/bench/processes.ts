/** Child processes: started here, ended by their own id, and looked at through /proc. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const TERM_WAIT_MS = 10_000

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Runs a tool to its end. Rejects with what it wrote on stderr when it fails. */
export const run = promisify(execFile)

/** A long-running child, its output in a log file. */
export interface Service {
  readonly pid: number
  /** The signal or exit code it ended with; undefined while it runs. */
  ended(): string | undefined
  /** SIGTERM, and SIGKILL when that takes over ten seconds. */
  stop(): Promise<void>
}

/** Starts a server. Its stdout and stderr go to `logFile`. */
export function startService(
  command: string,
  args: readonly string[],
  options: { logFile: string; env?: NodeJS.ProcessEnv },
): Service {
  const log = openSync(options.logFile, 'w')
  const child = spawn(command, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...options.env },
  })
  closeSync(log)
  let ended: string | undefined
  running.add(child)
  child.once('error', (error) => {
    ended = error.message
    running.delete(child)
  })
  child.once('exit', (code, signal) => {
    ended = signal ?? `exit status ${code}`
    running.delete(child)
  })
  return {
    pid: child.pid ?? 0,
    ended: () => ended,
    stop: async () => {
      if (ended !== undefined) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), TERM_WAIT_MS)
      await exited
      clearTimeout(killer)
    },
  }
}

/** Resident memory of a process in MiB: now, and the most it has been. */
export function memoryMib(pid: number): { rss: number; peakRss: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (key: string): number => {
    const kib = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
    if (kib === undefined) throw new Error(`no ${key} in /proc/${pid}/status`)
    return Number(kib) / 1024
  }
  return { rss: mib('VmRSS'), peakRss: mib('VmHWM') }
}

/** Milliseconds that the main thread of a process, which for Node is its event loop, has been on a processor. */
export function mainThreadMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6
}

/** Throws when the process has children, since their CPU and memory would not be counted as the server's. */
export function requireSingleProcess(pid: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim()
    if (children !== '')
      throw new Error(`process ${pid} has children (${children}); its figures would be wrong`)
  }
}
