import { chmodSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { headerOf, type RawClient, type Request, requestFrame } from '../../support/raw-client.ts'
import { getKVConfig, lookup, putKVConfig, registration } from '../../support/requests.ts'
import { slowFile } from '../../support/slow-file.ts'
import { canMount, smallDisk } from '../../support/small-disk.ts'
import { startServer, temporaryFolder } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

const SYSTEM_ERROR = 1
const SYSTEM_BUSY = 2
const isRoot = process.getuid?.() === 0

async function codeOf(client: RawClient, request: Request): Promise<number> {
  return headerOf(await client.request(request)).code
}

async function storedValue(client: RawClient, key: string): Promise<string | undefined> {
  return headerOf(await client.request(getKVConfig('n', key))).extFields?.['value']
}

async function shown(client: RawClient, key: string): Promise<string | undefined> {
  return new RegExp(`^${key}=(.*)$`, 'm').exec(`${(await client.request({ code: 319 })).body}`)?.[1]
}

/** A server with its two files in a folder, and first values in them. */
async function startIn(folder: string, properties: Readonly<Record<string, string>> = {}) {
  const kvConfigPath = join(folder, 'kvConfig.json')
  const configStorePath = join(folder, 'namesrv.properties')
  // A configuration file of more than one block.
  const server = await startServer({
    productEnvName: 'x'.repeat(6_000),
    ...properties,
    kvConfigPath,
    configStorePath,
  })
  const client = await server.connect()
  expect(await codeOf(client, putKVConfig('n', 'k', 'old'))).toBe(0)
  expect(await codeOf(client, { code: 318, body: 'enableTopicList=false' })).toBe(0)
  return { ...server, kvConfigPath, configStorePath, client }
}

/** Until `mend` is called, both kinds of change are rejected with the reason, and change neither memory nor disk. */
async function expectRefusals(
  { client, lines, kvConfigPath, configStorePath }: Awaited<ReturnType<typeof startIn>>,
  reason: RegExp,
  mend: () => void,
): Promise<void> {
  const files = [kvConfigPath, configStorePath].map((path) => readFileSync(path, 'utf8'))
  const put = putKVConfig('n', 'k', 'v'.repeat(20_000))
  const update = { code: 318, body: 'enableTopicList=true' }
  for (const request of [put, { code: 102, extFields: { namespace: 'n', key: 'k' } }, update]) {
    const { code, remark } = headerOf(await client.request(request))
    expect(code).toBe(SYSTEM_ERROR)
    expect(remark).toMatch(/^the (KV|configuration) file cannot be written: /)
    expect(remark).toMatch(reason)
  }
  expect(await storedValue(client, 'k')).toBe('old')
  expect(await shown(client, 'enableTopicList')).toBe('false')
  expect([kvConfigPath, configStorePath].map((path) => readFileSync(path, 'utf8'))).toEqual(files)
  expect(readdirSync(dirname(kvConfigPath)).filter((name) => name.endsWith('.tmp'))).toEqual([])

  mend()
  expect(await codeOf(client, put)).toBe(0)
  expect(await codeOf(client, update)).toBe(0)
  const recovered = lines.filter(({ msg }) => msg.endsWith('can be written again'))
  expect(recovered).toMatchObject([
    { level: 'info', msg: 'KV file can be written again', path: kvConfigPath, failures: 2 },
    { level: 'info', msg: 'configuration file can be written again', path: configStorePath, failures: 1 },
  ])
  expect(await storedValue(client, 'k')).toHaveLength(20_000)
  expect(await shown(client, 'enableTopicList')).toBe('true')
  // The values before, in spite of the failures in between.
  for (const [index, path] of [kvConfigPath, configStorePath].entries()) {
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe(files[index])
  }
}

describe('a change of the key-value table or of the configuration', () => {
  test.runIf(canMount)(
    'is rejected while the disk is full, and accepted when there is space again',
    async () => {
      const disk = smallDisk()
      const server = await startIn(disk.folder)
      disk.fill()
      await expectRefusals(server, /ENOSPC/, () => disk.makeRoom())
    },
  )

  test.runIf(canMount || !isRoot)(
    'is rejected while the folder is not writable, and accepted when it is again',
    async () => {
      // Root may write to any folder.
      if (isRoot) {
        const disk = smallDisk()
        const server = await startIn(disk.folder)
        disk.setReadOnly(true)
        await expectRefusals(server, /EROFS/, () => disk.setReadOnly(false))
        return
      }
      const folder = temporaryFolder()
      const server = await startIn(folder)
      chmodSync(folder, 0o555)
      await expectRefusals(server, /EACCES/, () => chmodSync(folder, 0o755))
    },
  )

  test('is acknowledged when it is stored, and other requests are served while the disk hangs', async () => {
    const { connect, kvConfigPath } = await startServer()
    const [writer, other] = [await connect(), await connect()]
    const slow = slowFile(kvConfigPath)
    writer.send(
      requestFrame(putKVConfig('n', 'k', 'v')),
      requestFrame({ ...getKVConfig('n', 'k'), opaque: 2 }),
    )
    await other.request(registration())
    for (let turn = 0; turn < 100; turn++) expect(await codeOf(other, lookup('TopicA'))).toBe(0)
    expect(writer.answers).toEqual([])
    // Not stored, not in effect.
    expect(await storedValue(other, 'k')).toBeUndefined()

    await slow.release()
    expect(headerOf(await writer.next()).code).toBe(0)
    expect(headerOf(await writer.next())).toMatchObject({ opaque: 2, extFields: { value: 'v' } })
    expect(readFileSync(kvConfigPath, 'utf8')).toBe('{"configTable":{"n":{"k":"v"}}}')
  })

  test('is stored together with others that arrived meanwhile, in their order', async () => {
    const { connect, kvConfigPath } = await startServer()
    const first = await connect()
    const slow = slowFile(kvConfigPath)
    first.send(requestFrame(putKVConfig('n', 'k', 'first')))
    const others: RawClient[] = []
    for (const value of ['a', 'b', 'c', 'd']) {
      const client = await connect()
      client.send(requestFrame(putKVConfig('n', 'k', value)), requestFrame({ code: 9_999 }))
      // It has been accepted once a later request of another connection has its response.
      await codeOf(await connect(), { code: 9_999 })
      others.push(client)
    }
    await slow.release()
    for (const client of [first, ...others]) expect(headerOf(await client.next()).code).toBe(0)
    expect(readFileSync(kvConfigPath, 'utf8')).toBe('{"configTable":{"n":{"k":"d"}}}')
    // The first was written alone, and all others together.
    expect(readFileSync(`${kvConfigPath}.bak`, 'utf8')).toBe('{"configTable":{"n":{"k":"first"}}}')
  })

  test.each([
    ['of the table', (key: string): Request => putKVConfig('n', key, 'v'), 'kvConfigPath'],
    [
      'of the configuration',
      (): Request => ({ code: 318, body: 'enableTopicList=false' }),
      'configStorePath',
    ],
  ])('is rejected with SYSTEM_BUSY if maxWaitingChanges wait already: %s', async (_, request, pathKey) => {
    const path = join(temporaryFolder(), 'file')
    const { connect, controller } = await startServer({ maxWaitingChanges: '2', [pathKey]: path })
    const slow = slowFile(path)
    const waiting: RawClient[] = []
    for (const key of ['a', 'b', 'c']) {
      const client = await connect()
      client.send(requestFrame(request(key)))
      await codeOf(await connect(), { code: 9_999 })
      waiting.push(client)
    }
    expect(await codeOf(await connect(), request('d'))).toBe(SYSTEM_BUSY)
    await slow.release()
    for (const client of waiting) expect(headerOf(await client.next()).code).toBe(0)
    await controller.shutdown()
  })

  test('is stored and acknowledged before a server that shuts down closes its connection', async () => {
    const { connect, controller, kvConfigPath } = await startServer()
    const [writer, idle] = [await connect(), await connect()]
    const slow = slowFile(kvConfigPath)
    writer.send(requestFrame(putKVConfig('n', 'k', 'v')))
    await codeOf(idle, { code: 9_999 })
    const down = controller.shutdown()
    await slow.release()
    expect(headerOf(await writer.next()).code).toBe(0)
    await down
    expect(readFileSync(kvConfigPath, 'utf8')).toBe('{"configTable":{"n":{"k":"v"}}}')
  })

  test('is stored even if its connection has closed', async () => {
    const { connect, kvConfigPath } = await startServer()
    const [writer, other] = [await connect(), await connect()]
    const slow = slowFile(kvConfigPath)
    writer.send(requestFrame(putKVConfig('n', 'k', 'v')))
    await codeOf(other, { code: 9_999 })
    writer.socket.destroy()
    await writer.closed
    await slow.release()
    await until('the file is one again', () => lstatSync(kvConfigPath).isFile())
    expect(readFileSync(kvConfigPath, 'utf8')).toBe('{"configTable":{"n":{"k":"v"}}}')
  })
})
