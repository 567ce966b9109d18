/**
 * Builds a checkout after `npm ci`. Without TypeScript, which `--omit=dev` leaves out, there is nothing to build with, and that
 * must not fail the installation. It is no `prepare` script, because npm warns about those of an installed package.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

if (existsSync(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))) {
  const { buildAll } = await import('../build.mjs')
  await buildAll(fileURLToPath(new URL('../../dist', import.meta.url)))
} else {
  console.log(
    'mqnamesrv: not built, TypeScript is not installed (npm ci --include=dev installs it); dist is left as it is',
  )
}
