import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { headerOf } from '../../support/raw-client.ts'
import { lookup, registration, registrationBody } from '../../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'

/** A server with the group broker-a of two members, in zone z1, and broker-b, whose TopicB is static. */
async function cluster(): Promise<TestServer & { readonly address: string }> {
  const server = await startServer()
  const broker = await server.connect()
  const { extFields, ...request } = registration()
  const zone = { zoneName: 'z1', enableActingMaster: 'true' }
  await broker.request({ ...request, extFields: { ...extFields, ...zone } })
  await broker.request(registration({ address: '127.0.0.1:10921', id: 1 }))
  const body = JSON.parse(registrationBody())
  body.topicConfigSerializeWrapper.topicQueueMappingInfoMap = {
    TopicB: { topic: 'TopicB', bname: 'broker-b', totalQueues: 4, epoch: 7, currIdMap: { 0: 0, 2: 1 } },
  }
  const other = registration({ name: 'broker-b', address: '127.0.0.1:10931' })
  await broker.request({ ...other, body: JSON.stringify(body) })
  return { ...server, address: `127.0.0.1:${server.port}` }
}

/** What clients and tools see: the routes of both topics, and the clusters with their brokers. */
async function shown({ connect }: TestServer): Promise<readonly { code: number; body: string }[]> {
  const client = await connect()
  const seen: { code: number; body: string }[] = []
  for (const request of [lookup('TopicA'), lookup('TopicB'), { code: 106 }]) {
    const answer = await client.request(request)
    seen.push({ code: headerOf(answer).code, body: `${answer.body}` })
  }
  return seen
}

test('cluster snapshot writes the routes of a running NameServer, and a first start serves them', async () => {
  const before = await cluster()
  const file = join(temporaryFolder(), 'namesrv', 'routes.snapshot')
  expect(await runCli(['cluster', 'snapshot', file, '-n', before.address])).toEqual({
    code: 0,
    stdout: `wrote ${file}: 3 brokers and 2 topics of ${before.address}\n`,
    stderr: '',
  })
  const after = await startServer({ routeSnapshotPath: file })
  const routes = await shown(before)
  expect(routes.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(await shown(after)).toEqual(routes)
  expect(after.lines.map(({ msg }) => msg)).toContain(
    'routes restored from the snapshot until their brokers register again',
  )
})

test('brokers of such a snapshot that do not register are removed after the whole grace period', async () => {
  const before = await cluster()
  const file = join(temporaryFolder(), 'routes.snapshot')
  await runCli(['cluster', 'snapshot', file, '-n', before.address, '-o', 'json'])
  const { time, connect } = await startServer({ routeSnapshotPath: file, routeSnapshotGraceMillis: '300000' })
  const code = async (): Promise<number> => headerOf(await (await connect()).request(lookup('TopicA'))).code
  time.advance(299_000)
  expect(await code()).toBe(0)
  time.advance(12_000)
  await expect.poll(code).toBe(17)
})

test('cluster snapshot replaces a file only with -y, and only a regular one', async () => {
  const { address } = await cluster()
  const folder = temporaryFolder()
  const file = join(folder, 'routes.snapshot')
  writeFileSync(file, 'mine')
  expect(await runCli(['cluster', 'snapshot', file, '-n', address])).toEqual({
    code: 2,
    stdout: '',
    stderr: `mqnamesrv: ${file} exists: replace it with -y (try mqnamesrv help cluster snapshot)\n`,
  })
  expect(readFileSync(file, 'utf8')).toBe('mine')
  expect((await runCli(['cluster', 'snapshot', file, '-y', '-n', address, '-o', 'name'])).stdout).toBe(
    `${file}\n`,
  )
  expect(readFileSync(file, 'utf8')).toMatch(/^mqnamesrv routes 1\n/)
  mkdirSync(join(folder, 'there'))
  expect(
    (await runCli(['cluster', 'snapshot', join(folder, 'there'), '-y', '-n', address])).stderr,
  ).toContain('is not a regular file: it is not replaced')
})

test('cluster snapshot writes nothing from a NameServer without routes, from several, or where it cannot', async () => {
  const { port } = await startServer()
  const folder = temporaryFolder()
  const file = join(folder, 'routes.snapshot')
  const empty = await runCli(['cluster', 'snapshot', file, '-n', `127.0.0.1:${port}`])
  expect(empty).toMatchObject({
    code: 1,
    stderr: `mqnamesrv: 127.0.0.1:${port} has no routes: no snapshot is written\n`,
  })
  const several = await runCli(['cluster', 'snapshot', file, '-n', 'a:1;b:1'])
  expect(several).toMatchObject({ code: 2, stderr: expect.stringContaining('name one with -n') })
  expect(existsSync(file)).toBe(false)
  writeFileSync(join(folder, 'file'), '')
  const { address } = await cluster()
  const { code, stderr } = await runCli(['cluster', 'snapshot', join(folder, 'file', 'below'), '-n', address])
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/^mqnamesrv: cannot write .*: /)
})
