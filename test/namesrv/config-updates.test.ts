import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { headerOf, type RawClient } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../support/start-server.ts'

interface Updated extends TestServer {
  readonly configStorePath: string
  readonly client: RawClient
  /** Sends an update and gives code and remark. */
  update(text: string | Buffer): Promise<{ readonly code: number; readonly remark?: string }>
  /** The value of an item, or undefined. */
  shown(key: string): Promise<string | undefined>
}

async function updatable(properties: Readonly<Record<string, string>> = {}): Promise<Updated> {
  const configStorePath =
    properties['configStorePath'] ?? join(temporaryFolder(), 'conf', 'namesrv.properties')
  const server = await startServer({ ...properties, configStorePath })
  const client = await server.connect()
  return {
    ...server,
    configStorePath,
    client,
    update: async (body) => {
      const { code, remark } = headerOf(await client.request({ code: 318, body }))
      return { code, ...(remark !== undefined && { remark }) }
    },
    shown: async (key) => {
      const { body } = await client.request({ code: 319 })
      return new RegExp(`^${key}=(.*)$`, 'm').exec(`${body}`)?.[1]
    },
  }
}

describe('an update over the wire', () => {
  test('is in force with the next request, is stored, and says who sent it', async () => {
    const { client, update, shown, configStorePath, lines } = await updatable()
    await client.request(registration())
    expect(await update('enableAllTopicList=false\nunknown=1')).toEqual({ code: 0 })
    expect(headerOf(await client.request({ code: 206 }))).toMatchObject({ code: 1, remark: 'disable' })
    expect(await shown('enableAllTopicList')).toBe('false')
    const { body } = await client.request({ code: 319 })
    expect(readFileSync(configStorePath, 'utf8')).toBe(`${body}`)
    expect(lines.filter(({ msg }) => msg === 'configuration updated')).toEqual([
      {
        level: 'info',
        peer: client.address,
        changed: { enableAllTopicList: 'true -> false' },
        ignored: ['unknown'],
        msg: 'configuration updated',
      },
    ])
  })

  test('keeps what the file was before, and whom it lets read', async () => {
    const configStorePath = join(temporaryFolder(), 'ns.conf')
    writeFileSync(configStorePath, 'as it was')
    chmodSync(configStorePath, 0o600)
    const { update } = await updatable({ configStorePath })
    await update('enableTopicList=false')
    expect(readFileSync(`${configStorePath}.bak`, 'utf8')).toBe('as it was')
    for (const path of [configStorePath, `${configStorePath}.bak`])
      expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('that cannot be stored is refused with the reason, and changes nothing', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    const { update, shown, lines, client } = await updatable({
      configStorePath: join(folder, 'file', 'ns.conf'),
    })
    const answer = await update('enableTopicList=false')
    expect(answer).toEqual({
      code: 1,
      remark: expect.stringMatching(/^the configuration file cannot be written: (ENOTDIR|EEXIST)/),
    })
    expect(await shown('enableTopicList')).toBe('true')
    expect(lines).toContainEqual({
      level: 'error',
      peer: client.address,
      msg: `update of the configuration refused: ${answer.remark}`,
    })
  })

  test('is refused when its place is a folder', async () => {
    const configStorePath = join(temporaryFolder(), 'ns.conf')
    mkdirSync(configStorePath)
    const { update, shown } = await updatable({ configStorePath })
    expect(await update('enableTopicList=false')).toMatchObject({ code: 1 })
    expect(await shown('enableTopicList')).toBe('true')
  })

  test.each([
    [
      'names a key of the black list',
      'enableTopicList=false\nkvConfigPath=/x',
      16,
      'Can not update config in black list.',
      'kvConfigPath must not be updated',
    ],
    [
      'is no text of properties',
      'enableTopicList=false\na=\\u00g0',
      1,
      'string2Properties error',
      'it is no text of properties',
    ],
  ])('is refused whole if it %s', async (_, text, code, remark, why) => {
    const { update, shown, lines, client } = await updatable()
    expect(await update(text)).toEqual({ code, remark })
    expect(await shown('enableTopicList')).toBe('true')
    expect(lines).toContainEqual({
      level: 'warn',
      peer: client.address,
      msg: `update of the configuration refused: ${why}`,
    })
  })

  test('is refused if it is longer than maxConfigUpdateBytes', async () => {
    const { update, shown } = await updatable({ maxConfigUpdateBytes: '22' })
    expect(await update('enableTopicList=false\n#')).toEqual({
      code: 1,
      remark: 'the update has 23 bytes, and maxConfigUpdateBytes allows 22',
    })
    expect(await shown('enableTopicList')).toBe('true')
    expect(await update('enableTopicList=false\n')).toEqual({ code: 0 })
  })

  test('fills no log, however many come and however much they name in vain', async () => {
    const { update, lines } = await updatable()
    const keys = Array.from({ length: 1_000 }, (_, index) => `${'k'.repeat(300)}${index}=1`)
    for (let sent = 0; sent < 12; sent++) await update(keys.slice(0, 200).join('\n'))
    const told = lines.filter(({ msg }) => msg === 'configuration updated')
    expect(told).toHaveLength(10)
    expect(told[0]).toMatchObject({ ignoredMore: 180, changed: {} })
    expect(JSON.stringify(told[0]).length).toBeLessThan(5_000)
  })

  test('without anything to change is stored all the same', async () => {
    const { update, configStorePath } = await updatable()
    expect(await update('# nothing')).toEqual({ code: 0 })
    expect(readFileSync(configStorePath, 'utf8')).toContain('listenPort=0\n')
  })

  test('warns of what the next start will refuse', async () => {
    const { update, lines, client } = await updatable()
    expect(await update('scanNotActiveBrokerInterval=0')).toEqual({ code: 0 })
    expect(lines).toContainEqual({
      level: 'warn',
      peer: client.address,
      msg: 'stored, but the next start will refuse it: scanNotActiveBrokerInterval="0" is not within 1 and 2147483647 ms',
    })
  })
})

describe('a server with odd numbers in its configuration', () => {
  test.each(['-2147483648', '-1', '0', '1', '2147483647'])(
    'goes on serving with %s everywhere',
    async (number) => {
      const { client, connect, update, time, lines } = await updatable({
        serverChannelMaxIdleTimeSeconds: '0',
      })
      const keys = [
        'waitSecondsForService',
        'shutdownWaitTimeSeconds',
        'serverChannelMaxIdleTimeSeconds',
        'unRegisterBrokerQueueCapacity',
        'scanNotActiveBrokerInterval',
        'listenPort',
        'clientRequestThreadPoolNums',
        'defaultThreadPoolQueueCapacity',
        'serverSocketSndBufSize',
        'writeBufferHighWaterMark',
      ]
      expect(
        await update(`${keys.map((key) => `${key}=${number}`).join('\n')}\nneedWaitForService=false`),
      ).toEqual({
        code: 0,
      })
      time.advance(60_000)
      await client.request(registration())
      expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(0)
      // The search for silent brokers goes on, too.
      time.advance(130_000)
      await client.closed
      expect(headerOf(await (await connect()).request(lookup('TopicA'))).code).toBe(17)
      expect(lines.filter(({ level }) => level === 'error')).toEqual([])
    },
  )

  test.each([
    ['-1', 0],
    ['0', 0],
    ['1', 1],
    ['2147483647', 1],
  ])('waitSecondsForService=%s is as with Java right after a start', async (seconds, code) => {
    const { client, update } = await updatable()
    await client.request(registration())
    await update(`needWaitForService=true\nwaitSecondsForService=${seconds}`)
    expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(code)
  })
})

describe('serverChannelMaxIdleTimeSeconds', () => {
  test('is that of the moment when a connection was accepted', async () => {
    const server = await updatable({ serverChannelMaxIdleTimeSeconds: '10' })
    await server.update('serverChannelMaxIdleTimeSeconds=60')
    const later = await server.connect()
    await later.request(lookup('x'))
    server.time.advance(10_000)
    await server.client.closed
    expect(headerOf(await later.request(lookup('x'))).code).toBe(17)
    server.time.advance(60_000)
    await later.closed
  })

  test.each(['0', '-1', '-2147483648'])('of %s closes nothing', async (seconds) => {
    const server = await updatable()
    await server.update(`serverChannelMaxIdleTimeSeconds=${seconds}`)
    const patient = await server.connect()
    await patient.request(lookup('x'))
    server.time.advance(3_600_000)
    expect(headerOf(await patient.request(lookup('x'))).code).toBe(17)
  })
})
