#!/usr/bin/env node
// runc for containers with a read-only root file system, which buildah cannot start: it changes the bundle before runc reads it.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const args = process.argv.slice(2)
const bundle = args[args.indexOf('--bundle') + 1]
if (args.includes('create') && bundle !== undefined) {
  const file = join(bundle, 'config.json')
  const config = JSON.parse(readFileSync(file, 'utf8'))
  config.root.readonly = true
  writeFileSync(file, JSON.stringify(config))
}
const { status } = spawnSync('runc', args, { stdio: 'inherit' })
process.exit(status ?? 1)
