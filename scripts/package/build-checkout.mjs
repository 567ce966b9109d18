/**
 * Builds a checkout after `npm ci`. Without TypeScript, which `--omit=dev` leaves out, there is nothing to build with, and that
 * must not fail the installation. It is no `prepare` script, because npm warns about those of an installed package.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = new URL('../../node_modules/typescript/bin/tsc', import.meta.url)
if (existsSync(compiler)) {
  const { status } = spawnSync(process.execPath, [fileURLToPath(compiler), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
  if (status === 0) await (await import('../page/build.mjs')).buildPage(join(root, 'dist', 'page'))
} else {
  console.log('mqnamesrv: not built, TypeScript is not installed; dist is left as it is')
}
