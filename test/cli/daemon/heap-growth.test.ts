import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startProgram } from '../../support/program.ts'

test('a server starts without output on stderr: Node accepts the option that limits the heap', async () => {
  const child = startProgram('pipe', { MQNAMESRV_LISTEN_PORT: '0' })
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('not piped')
  const said = text(stderr)
  stdout.on('data', (line) => `${line}`.includes('boot success') && child.kill('SIGTERM'))
  await once(child, 'close')
  expect(await said).toBe('')
})
