import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkout, runCommand } from '../support/command.ts'
import { startFakePeer } from '../support/fake-peer.ts'
import { registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { startScripted } from './scripted-name-server.ts'

/** Topics whose list does not fit into a pipe, and the address of their server. */
async function serverWithTopics(): Promise<{ readonly topics: readonly string[]; readonly address: string }> {
  const { port, connect } = await startServer()
  const topics = Array.from({ length: 20_000 }, (_, index) => `Topic-${index}`)
  await (await connect()).request(registration({ topics }))
  return { topics: topics.sort(), address: `127.0.0.1:${port}` }
}

test('a command ends with its exit code after all of its output', async () => {
  const { topics, address } = await serverWithTopics()
  const { output, ended } = runCommand([checkout(), 'topic', 'list', '-o', 'name', '-n', address])
  expect(await ended).toBe(0)
  expect(output.stdout.trimEnd().split('\n').sort()).toEqual(topics)
  expect(output.stderr).toBe('')
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  // Others keep their defaults.
  ['SIGHUP', 'SIGHUP'],
] as const)('a command that waits is ended by %s with %s', async (signal, code) => {
  const { address, received } = await startFakePeer()
  const { child, output, ended } = runCommand([checkout(), 'ping', '-n', address, '--timeout', '1h'])
  await expect.poll(() => received.length).toBe(1)
  child.kill(signal)
  expect(await ended).toBe(code)
  expect(output).toEqual({ stdout: '', stderr: '' })
})

test('a change that is interrupted says that it may have been made', async () => {
  const PUT = 100
  const peer = await startScripted({ 101: { code: 22 }, [PUT]: 'nothing' })
  const words = ['kv', 'set', 'n', 'k', 'v', '-y', '-n', peer.address, '--timeout', '1h']
  const { child, output, ended } = runCommand([checkout(), ...words])
  await expect.poll(() => peer.codes()).toContain(PUT)
  child.kill('SIGINT')
  expect(await ended).toBe(1)
  expect(output.stderr).toMatch(/^mqnamesrv: interrupted; it may have been changed$/m)
})

test('a command whose reader has left ends as by SIGPIPE, without a word', async () => {
  const { address } = await serverWithTopics()
  const { child, output, ended } = runCommand([checkout(), 'topic', 'list', '-o', 'name', '-n', address])
  child.stdout?.destroy()
  expect([await ended, output.stderr]).toEqual([141, ''])
})

test.skipIf(!existsSync('/dev/full'))(
  'a command whose output cannot be written says why, and ends with 1',
  async () => {
    const { output, ended } = runCommand(['sh', '-c', '"$0" help >/dev/full', checkout()])
    expect([await ended, output.stderr]).toEqual([
      1,
      'mqnamesrv: cannot write the output: no space left on device (ENOSPC)\n',
    ])
  },
)
