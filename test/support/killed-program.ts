import { execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { temporaryFolder } from './start-server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Compiles a program once: plain JavaScript starts in a tenth of the time, and there are many starts.
 * @param source - Its file, from the root of the project.
 * @returns Its file.
 */
export function compileProgram(source: string): string {
  const outDir = temporaryFolder()
  const compilerOptions = {
    noEmit: false,
    rootDir: ROOT,
    outDir,
    typeRoots: [join(ROOT, 'node_modules/@types')],
  }
  const files = [join(ROOT, source)]
  const project = join(outDir, 'tsconfig.json')
  writeFileSync(
    project,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, files, include: [] }),
  )
  writeFileSync(join(outDir, 'package.json'), '{"type":"module"}')
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project], {
    stdio: 'inherit',
  })
  return join(outDir, source.replace(/ts$/, 'js'))
}

/** Starts a program that never ends, and kills it at a random moment soon after its first line. */
export async function killWhileRunning(program: string, ...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  // Not a wait for something to happen: the moment of the crash is what varies.
  await delay(randomInt(12))
  child.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])
}
