// runc for containers that need more than their engine can ask for: it changes the bundle before runc reads it.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Runs runc with the arguments of this process, and ends as it does. `change` alters the configuration of a new container. */
export function runRunc(change) {
  const args = process.argv.slice(2)
  const bundle = args[args.indexOf('--bundle') + 1]
  if (args.includes('create') && bundle !== undefined) {
    const file = join(bundle, 'config.json')
    const config = JSON.parse(readFileSync(file, 'utf8'))
    change(config)
    writeFileSync(file, JSON.stringify(config))
  }
  const { status } = spawnSync('runc', args, { stdio: 'inherit' })
  process.exit(status ?? 1)
}
