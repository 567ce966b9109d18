import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { startProgram } from '../../support/program.ts'
import { RawClient, requestFrame } from '../../support/raw-client.ts'
import { lookup, putKVConfig } from '../../support/requests.ts'
import { slowFile } from '../../support/slow-file.ts'
import { temporaryFolder } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

/** Starts the program with a disk that hangs while it writes the KV file, and tells it to end. */
async function endWhileTheDiskHangs() {
  const path = join(temporaryFolder(), 'kvConfig.json')
  const child = startProgram('pipe', { MQNAMESRV_LISTEN_PORT: '0', MQNAMESRV_KV_CONFIG_PATH: path })
  if (child.stdout === null) throw new Error('stdout is no pipe')
  const lines: { msg: string; port?: number }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  const said = (words: string) => lines.find(({ msg }) => msg.includes(words))
  await until('it listens', () => said('boot success') !== undefined)
  const disk = slowFile(path)
  const port = said('boot success')?.port ?? 0
  const [writer, other] = [await RawClient.connect(port), await RawClient.connect(port)]
  writer.send(requestFrame(putKVConfig('n', 'k', 'v')))
  await other.request(lookup('TopicA'))
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await until('it shuts down', () => said('shutting down') !== undefined)
  return { child, ended, disk, writer }
}

test('a second signal ends the program even if a disk hangs', async () => {
  const { child, ended } = await endWhileTheDiskHangs()
  child.kill('SIGTERM')
  expect(await ended).toEqual([null, 'SIGKILL'])
})

test('the program waits for a disk that recovers, and ends with 0', async () => {
  const { ended, disk, writer } = await endWhileTheDiskHangs()
  await disk.release()
  expect(`${(await writer.next()).header}`).toContain('"code":0')
  expect(await ended).toEqual([0, null])
})
