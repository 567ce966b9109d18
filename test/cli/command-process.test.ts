import { expect, test } from 'vitest'
import { checkout, runCommand } from '../support/command.ts'
import { startFakePeer } from '../support/fake-peer.ts'
import { registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'

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
  await expect.poll(() => received.length, { timeout: 50_000 }).toBe(1)
  child.kill(signal)
  expect(await ended).toBe(code)
  expect(output).toEqual({ stdout: '', stderr: '' })
})

test('a command whose reader has left ends as by SIGPIPE, without a word', async () => {
  const { address } = await serverWithTopics()
  const { child, output, ended } = runCommand([checkout(), 'topic', 'list', '-o', 'name', '-n', address])
  child.stdout?.destroy()
  expect([await ended, output.stderr]).toEqual([141, ''])
})
