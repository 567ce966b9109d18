import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { startProgram } from '../../support/program.ts'
import { headerOf, RawClient } from '../../support/raw-client.ts'
import { lookup } from '../../support/requests.ts'

/** A device that takes nothing, as a disk that is full; Linux has it. */
const FULL = '/dev/full'

function linesOf({ stderr }: ChildProcess) {
  if (stderr === null) throw new Error('stderr is no pipe')
  const lines: string[] = []
  return { lines, interface: createInterface({ input: stderr }).on('line', (line) => lines.push(line)) }
}

test.runIf(existsSync(FULL))(
  'a log that cannot be written is reported once on stderr, the server continues, and SIGTERM still ends it with 0',
  async () => {
    const full = openSync(FULL, 'w')
    const child = startProgram(full, { MQNAMESRV_LISTEN_PORT: '0' })
    closeSync(full)
    const stderr = linesOf(child)
    await once(stderr.interface, 'line')
    child.kill('SIGTERM')
    const [code, signal] = await once(child, 'close')
    expect(stderr.lines).toEqual([
      'mqnamesrv: cannot write the log, continuing without: no space left on device (ENOSPC)',
    ])
    expect([code, signal]).toEqual([0, null])
  },
)

test.runIf(existsSync(FULL))(
  'a log file on a full disk is reported once on stderr, and the server continues',
  async () => {
    const child = startProgram('pipe', { MQNAMESRV_LISTEN_PORT: '0', MQNAMESRV_LOG_PATH: FULL })
    const stderr = linesOf(child)
    await once(stderr.interface, 'line')
    child.kill('SIGTERM')
    const [code, signal] = await once(child, 'close')
    expect(stderr.lines).toEqual([expect.stringMatching(/^mqnamesrv: cannot write the log, .*ENOSPC/)])
    expect([code, signal]).toEqual([0, null])
  },
)

test.runIf(existsSync(FULL))('a log and a stderr that cannot be written do not end the server', async () => {
  const full = openSync(FULL, 'w')
  const port = await freePort()
  const child = startProgram(full, { MQNAMESRV_LISTEN_PORT: `${port}` })
  closeSync(full)
  child.stderr?.destroy()
  const ended = once(child, 'exit')
  for (;;) {
    const client = await RawClient.connect(port).catch(() => undefined)
    if (client === undefined) continue
    expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(17)
    break
  }
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

test('a log without a reader does not block the server, and SIGTERM still ends it with 0', async () => {
  const port = await freePort()
  const child = startProgram('pipe', { MQNAMESRV_LISTEN_PORT: `${port}`, MQNAMESRV_LOG_LEVEL: 'debug' })
  // Read until it listens, and no further.
  if (child.stdout === null) throw new Error('stdout is no pipe')
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('boot success')) break
  child.stdout.pause()
  // More lines than a pipe holds: each connection that closes is one.
  for (let batch = 0; batch < 30; batch++) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(port)))
    const answers = await Promise.all(clients.map((client) => client.request(lookup('TopicA'))))
    expect(answers.every((answer) => headerOf(answer).code === 17)).toBe(true)
    for (const { socket } of clients) socket.destroy()
  }
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
