import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { temporaryFolder } from './start-server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * A checkout of this project that has not been built, with the sources of this one.
 * @param packages - The packages that are installed in it; undefined: all.
 * @returns Its command.
 */
export function checkout(packages?: readonly string[]): string {
  const folder = temporaryFolder()
  cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(ROOT, 'src'), join(folder, 'src'))
  const modules = join(folder, 'node_modules')
  if (packages === undefined) symlinkSync(join(ROOT, 'node_modules'), modules)
  else mkdirSync(modules)
  for (const name of packages ?? []) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  return join(folder, 'bin', 'mqnamesrv')
}

/** A command that was started, and what it has written. */
export interface RunningCommand {
  readonly child: ChildProcess
  readonly output: { stdout: string; stderr: string }
  /** Its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** Runs a program with nothing of this process's environment but its path; killed when the test is over. */
export function runCommand(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  const [program = '', ...args] = words
  const path = `${dirname(process.execPath)}:${process.env['PATH']}`
  const child = spawn(program, args, { env: { PATH: path, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, output, ended: once(child, 'close').then(([code, signal]) => code ?? signal) }
}

/** Waits for what another process does, without taking the processor from it. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  await expect.poll(condition, { message: what }).toBe(true)
}
