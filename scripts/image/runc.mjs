// runc for containers that need something else than their engine asks for: its files are changed before runc reads them.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Runs runc with the arguments of this process, and ends as it does. `changeContainer` alters the configuration of a container that is
 * created, `changeProcess` that of each process in it.
 */
export function runRunc({ changeContainer = () => {}, changeProcess = () => {} }) {
  const args = process.argv.slice(2)
  const optionOf = (name) => args[args.indexOf(name) + 1]
  if (args.includes('create') && args.includes('--bundle'))
    rewrite(join(optionOf('--bundle'), 'config.json'), (config) => {
      changeContainer(config)
      changeProcess(config.process)
    })
  if (args.includes('exec') && args.includes('--process')) rewrite(optionOf('--process'), changeProcess)
  const { status } = spawnSync('runc', args, { stdio: 'inherit' })
  process.exit(status ?? 1)
}

function rewrite(file, change) {
  const value = JSON.parse(readFileSync(file, 'utf8'))
  change(value)
  writeFileSync(file, JSON.stringify(value))
}
