import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startProgram } from '../../support/program.ts'
import { temporaryFolder } from '../../support/start-server.ts'

test('the first screen of a start is six lines', async () => {
  const child = startProgram('pipe', { MQNAMESRV_LISTEN_PORT: '0', MQNAMESRV_MAX_CONNECTIONS: '100' })
  if (child.stdout === null) throw new Error('stdout is no pipe')
  const lines: Record<string, unknown>[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(line) as Record<string, unknown>)
    if (line.includes('boot success')) break
  }
  expect(lines.map(({ msg }) => msg)).toEqual([
    'mqnamesrv starting',
    'state files',
    'keys that differ from their defaults',
    'access policy in effect',
    'TLS in effect',
    expect.stringMatching(/^The Name Server boot success\. serializeType=JSON, address 127\.0\.0\.1:\d+$/),
  ])
  // Port 0 keeps no routes, and without -c no configuration update is stored.
  expect(lines[1]).toMatchObject({ configStorePath: 'none', routeSnapshotPath: 'off' })
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

test('a start that fails because of its files is one line on stderr and one log line', async () => {
  const kvConfigPath = join(temporaryFolder(), 'kvConfig.json')
  writeFileSync(kvConfigPath, '{"configTable":')
  const child = startProgram('pipe', { MQNAMESRV_LISTEN_PORT: '0', MQNAMESRV_KV_CONFIG_PATH: kvConfigPath })
  if (child.stdout === null || child.stderr === null) throw new Error('there is no pipe')
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^mqnamesrv: the KV file .* is damaged: .*\n$/)
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as unknown
  expect(last).toMatchObject({
    level: 'error',
    msg: 'start failed',
    error: stderr.trim().replace('mqnamesrv: ', ''),
    exitCode: 1,
  })
})
