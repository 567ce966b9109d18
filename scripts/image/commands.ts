import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** How a finished command went. `status` is null if a signal ended it. */
export interface Finished {
  status: number | null
  stdout: string
  stderr: string
  durationMs: number
}

// npm's listing of a registry's metadata and `buildah inspect` stay far below it.
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Runs a command to its end with its output on our stderr, so that stdout keeps to the checks. */
export function run(command: string, args: readonly string[]): void {
  const { status, signal, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ended with ${signal ?? status}; what it said is above`)
}

/** Runs a command to its end and says how it went; only a command that cannot be started throws. */
export function attempt(command: string, args: readonly string[]): Finished {
  const startedMs = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: MAX_OUTPUT_BYTES,
  })
  if (error) throw error
  return { status, stdout, stderr, durationMs: Math.round(performance.now() - startedMs) }
}

/** Standard output of a command that has to succeed, without the line end. */
export function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = attempt(command, args)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr.trim()}`)
  return stdout.trimEnd()
}

/** Debian packages whose names are not those of their commands. */
const PACKAGES: Readonly<Record<string, string>> = {
  dockerd: 'docker.io',
  go: 'golang-go',
  ip: 'iproute2',
  java: 'default-jdk-headless',
  jlink: 'default-jdk-headless',
  mvn: 'maven',
  nsenter: 'util-linux',
  unshare: 'util-linux',
}

/** Fails with the one line that helps if this machine cannot build or run images. */
export function requireCommands(commands: readonly string[]): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const missing = commands.filter((command) => !folders.some((folder) => isExecutable(join(folder, command))))
  if (missing.length > 0) {
    const packages = new Set(missing.map((command) => PACKAGES[command] ?? command))
    throw new Error(
      `not installed: ${missing.join(', ')}; install the Debian packages ${[...packages].join(', ')}`,
    )
  }
  if (process.getuid?.() !== 0) throw new Error('root file systems and namespaces need root')
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
