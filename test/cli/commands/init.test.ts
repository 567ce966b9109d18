import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONFIG_KEYS } from '../../../src/namesrv/config/config-keys.ts'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'

const MACHINE = { homeDirectory: '/home/user', processors: 2 }

test('init writes all keys commented out, for their owner and group only, and config check finds it valid', async () => {
  const path = join(temporaryFolder(), 'ns.properties')
  expect(await runCli(['init', path])).toEqual({
    code: 0,
    stdout: `wrote ${path}: ${CONFIG_KEYS.length} keys, all commented out; mqnamesrv -c ${path}\n`,
    stderr: '',
  })
  expect(statSync(path).mode & 0o137).toBe(0)
  expect(await runCli(['config', 'check', path])).toMatchObject({ code: 0, stdout: `${path} is valid\n` })
})

test('the values that init shows are the defaults: a server that is given them has the same configuration', async () => {
  const { stdout } = await runCli(['init', '-'])
  const lines = stdout.split('\n').filter((line) => /^#[^ #]/.test(line))
  expect(lines.map((line) => line.slice(1, line.indexOf('=')))).toEqual(CONFIG_KEYS.map(({ name }) => name))
  const withValue = lines.map((line) => line.slice(1)).filter((line) => !line.endsWith('='))
  expect(withValue.length).toBeGreaterThan(100)
  const bytes = Buffer.from(withValue.join('\n'))
  const { configuration } = Configuration.resolve({ ...MACHINE, file: { path: 'x', bytes } })
  const { configuration: byDefault } = Configuration.resolve(MACHINE)
  expect({ ...configuration.values, configStorePath: '' }).toEqual({
    ...byDefault.values,
    configStorePath: '',
  })
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
})

test('init never writes over a file', async () => {
  const path = join(temporaryFolder(), 'ns.properties')
  writeFileSync(path, 'listenPort=1')
  expect(await runCli(['init', path])).toEqual({
    code: 1,
    stdout: '',
    stderr: `mqnamesrv: ${path} exists, and init never writes over a file\n`,
  })
  expect(readFileSync(path, 'utf8')).toBe('listenPort=1')
  const nowhere = await runCli(['init', '/no/such/folder/x', '--json'])
  expect(nowhere.code).toBe(1)
  expect(JSON.parse(nowhere.stdout).errors[0]).toMatchObject({ code: 'failed' })
})

test('init has a form for programs', async () => {
  const path = join(temporaryFolder(), 'ns.properties')
  const { stdout } = await runCli(['init', path, '--json'])
  expect(JSON.parse(stdout)).toEqual({ items: [{ file: path, keys: CONFIG_KEYS.length }], errors: [] })
  const elsewhere = join(temporaryFolder(), 'x')
  expect((await runCli(['init', elsewhere, '-o', 'name'])).stdout).toBe(`${elsewhere}\n`)
  expect((await runCli(['init', '-', '-o', 'name'])).stdout).toBe('-\n')
  const printed = JSON.parse((await runCli(['init', '-', '-o', 'jsonl'])).stdout)
  expect(printed).toMatchObject({ file: null, lines: expect.arrayContaining(['#listenPort=9876']) })
})
