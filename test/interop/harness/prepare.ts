import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

/** Fills a folder by `fill` unless it was filled to the end from the same input before. */
export function once(folder: string, hash: string, fill: () => void): void {
  const marker = `${folder}.done`
  if (existsSync(folder) && existsSync(marker) && readFileSync(marker, 'utf8') === hash) return
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  fill()
  writeFileSync(marker, hash)
}

/** Hash of the contents of files. */
export function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex')
}

/** @throws {Error} saying what the suite lacks. */
export function requireTool(command: string, versionOption: string, what: string): void {
  try {
    run(command, [versionOption])
  } catch (cause) {
    throw new Error(`the interop suite needs ${what}: \`${command}\` does not run`, { cause })
  }
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** @throws {Error} with everything it printed, if it fails. */
export function run(command: string, args: readonly string[], { cwd, env }: RunOptions = {}): void {
  try {
    execFileSync(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 600_000,
      encoding: 'utf8',
    })
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    throw new Error(`${command} failed:\n${stdout}${stderr}`, { cause })
  }
}
