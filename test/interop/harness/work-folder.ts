import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const projectRoot = fileURLToPath(new URL('../../../', import.meta.url))
/** The folder of this suite. */
export const interopRoot = fileURLToPath(new URL('../', import.meta.url))
/** Everything a run leaves behind; not under version control. */
export const workRoot = join(interopRoot, '.work')
/** What one run leaves behind; the process id in its name shows whether that run is still going. */
const runFolders = /^run-(\d+)$/
// Set in the process that runs the global setup, and inherited by the workers.
process.env['INTEROP_RUN'] ??= `run-${process.pid}`
const runRoot = join(workRoot, process.env['INTEROP_RUN'])

/** Removes homes, stores and logs of runs that are over. */
export function removeOldRuns(): void {
  mkdirSync(workRoot, { recursive: true })
  for (const name of readdirSync(workRoot)) {
    const pid = Number(runFolders.exec(name)?.[1])
    if (pid > 0 && !isAlive(pid)) rmSync(join(workRoot, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Counts the processes of this worker, so that names of folders and logs are unique and sort by start. */
let started = 0

/** A fresh folder for a process, and the file for its output. */
export function newHome(name: string): { readonly home: string; readonly logFile: string } {
  started += 1
  const stem = `${process.pid}-${String(started).padStart(2, '0')}-${name}`
  const home = join(runRoot, 'homes', stem)
  const logs = join(runRoot, 'logs')
  mkdirSync(home, { recursive: true })
  mkdirSync(logs, { recursive: true })
  return { home, logFile: join(logs, `${stem}.log`) }
}
