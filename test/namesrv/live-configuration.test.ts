import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { CONFIG_KEYS } from '../../src/namesrv/config/config-keys.ts'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { LiveConfiguration, UPDATABLE_KEYS } from '../../src/namesrv/live-configuration.ts'
import type { RequestContext } from '../../src/protocol/processor.ts'
import { openChannel } from '../routeinfo/route-helpers.ts'
import { headerOf, type RawClient } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../support/start-server.ts'
import { testContext } from '../support/test-context.ts'

/** The context of a request that comes from an address. */
function by(remoteAddress: string): RequestContext {
  return { channel: { ...openChannel(1), remoteAddress }, nowMs: 0 }
}

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
  test('takes effect with the next request, is stored, and is logged with its sender', async () => {
    const { client, update, shown, configStorePath, lines } = await updatable()
    await client.request(registration())
    expect(await update('enableAllTopicList=false')).toEqual({ code: 0 })
    expect(headerOf(await client.request({ code: 206 }))).toMatchObject({ code: 1, remark: 'disable' })
    expect(await shown('enableAllTopicList')).toBe('false')
    const { body } = await client.request({ code: 319 })
    expect(readFileSync(configStorePath, 'utf8')).toBe(`${body}`)
    expect(lines.filter(({ msg }) => msg === 'configuration updated')).toEqual([
      {
        level: 'info',
        peer: client.address,
        changed: { enableAllTopicList: 'true -> false' },
        stored: true,
        msg: 'configuration updated',
      },
    ])
  })

  test('keeps the old file as a backup, and its permissions', async () => {
    const configStorePath = join(temporaryFolder(), 'ns.conf')
    writeFileSync(configStorePath, 'as it was')
    chmodSync(configStorePath, 0o600)
    const { update } = await updatable({ configStorePath })
    await update('enableTopicList=false')
    expect(readFileSync(`${configStorePath}.bak`, 'utf8')).toBe('as it was')
    for (const path of [configStorePath, `${configStorePath}.bak`])
      expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('that cannot be stored is rejected with the reason, and changes nothing', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    const { update, shown, lines, client } = await updatable({
      configStorePath: join(folder, 'file', 'ns.conf'),
    })
    const response = await update('enableTopicList=false')
    expect(response).toEqual({
      code: 1,
      remark: expect.stringMatching(
        /^the configuration file cannot be written: (ENOTDIR|EEXIST).*; nothing was changed: set the key in/,
      ),
    })
    expect(await shown('enableTopicList')).toBe('true')
    expect(lines).toContainEqual({
      level: 'error',
      peer: client.address,
      reason: response.remark,
      msg: 'configuration update not stored',
    })
  })

  test('that is not durable is in effect, and the response and the log say so', async () => {
    const configStorePath = join(temporaryFolder(), 'ns.conf')
    const { update, shown, lines, client, controller } = await updatable({ configStorePath })
    const handle = await open(temporaryFolder(), 'r')
    const fileHandle = Object.getPrototypeOf(handle) as FileHandle
    await handle.close()
    const { sync } = fileHandle
    vi.spyOn(fileHandle, 'sync').mockImplementation(async function (this: FileHandle) {
      if ((await this.stat()).isDirectory()) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
      await sync.call(this)
    })
    try {
      const remark = 'change applied but not durable: fsync of the folder failed: EIO: i/o error'
      expect(await update('enableTopicList=false')).toEqual({ code: 1, remark })
      expect(await shown('enableTopicList')).toBe('false')
      expect(controller.counters.configurationUpdates).toBe(1)
      expect(lines).toContainEqual({
        level: 'error',
        peer: client.address,
        reason: remark,
        msg: 'configuration update applied but not durable',
      })
    } finally {
      vi.restoreAllMocks()
    }
  })

  test('is rejected if configStorePath is a folder', async () => {
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
      '"kvConfigPath" must not be updated',
    ],
    [
      'is not the text of a .properties file',
      'enableTopicList=false\na=\\u00g0',
      1,
      'string2Properties error',
      'not the text of a .properties file',
    ],
  ])('is rejected whole if it %s', async (_, text, code, remark, reason) => {
    const { update, shown, lines, client } = await updatable()
    expect(await update(text)).toEqual({ code, remark })
    expect(await shown('enableTopicList')).toBe('true')
    expect(lines).toContainEqual({
      level: 'warn',
      peer: client.address,
      reason,
      msg: 'configuration update rejected',
    })
  })

  test('is rejected if it is longer than maxConfigUpdateBytes', async () => {
    const { update, shown, lines, client } = await updatable({ maxConfigUpdateBytes: '22' })
    const remark = 'update of 23 bytes exceeds maxConfigUpdateBytes (22)'
    expect(await update('enableTopicList=false\n#')).toEqual({ code: 1, remark })
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        peer: client.address,
        limit: 'maxConfigUpdateBytes',
        reason: `request 318: ${remark}`,
        msg: 'rejected: limit reached',
      },
    ])
    expect(await shown('enableTopicList')).toBe('true')
    expect(await update('enableTopicList=false\n')).toEqual({ code: 0 })
  })

  test('is logged although the same peer floods the log with updates that are rejected', async () => {
    const { update, lines, client } = await updatable()
    for (let sent = 0; sent < 12; sent++) await update('listenPort=1')
    await update('enableTopicList=false')
    expect(lines.at(-1)).toMatchObject({
      level: 'info',
      peer: client.address,
      changed: { enableTopicList: 'true -> false' },
      msg: 'configuration updated',
    })
  })

  test('fills neither the log nor its response, however many names and however long texts it has', async () => {
    const { update, lines } = await updatable()
    const keys = Array.from({ length: 200 }, (_, index) => `${'k'.repeat(300)}${index}=1`)
    for (let sent = 0; sent < 12; sent++) {
      const { remark = '' } = await update(keys.join('\n'))
      expect(remark).toContain(' and 180 more: only ')
      expect(remark.length).toBeLessThan(6_000)
    }
    expect(lines.filter(({ msg }) => msg === 'configuration update rejected')).toHaveLength(10)
    const { code, remark = '' } = await update(`waitSecondsForService=${'x'.repeat(60_000)}`)
    expect(code).toBe(1)
    expect(remark).toMatch(/^waitSecondsForService="x+…x+" must be a whole number$/)
    expect(remark.length).toBeLessThan(300)
  })

  test('that changes nothing is stored too', async () => {
    const { update, configStorePath } = await updatable()
    expect(await update('# nothing')).toEqual({ code: 0 })
    expect(readFileSync(configStorePath, 'utf8')).toContain('listenPort=0\n')
  })

  test.each([
    'listenPort=99999',
    'logLevel=loud',
    'tls.server.mode=disabled',
    '\\u0074ls.server.mode=disabled',
    'proxyProtocolTrustedNetworks=0.0.0.0/0',
    'maxConnections=1',
    'routeSnapshotPath=/etc/passwd',
    'com.rocketmq.remoting.frameMaxLength=8',
    'foo.unknown=x',
    'EnableTopicList=true',
  ])('of a key that is not read while the server runs is rejected whole, by name: %s', async (text) => {
    const configStorePath = join(temporaryFolder(), 'ns.conf')
    writeFileSync(configStorePath, 'as it was')
    const { update, shown } = await updatable({ configStorePath, maxTopics: '7' })
    const { code, remark } = await update(`enableTopicList=false\n${text}`)
    expect(code).toBe(16)
    const name = text.split('=', 1)[0]?.replace('\\u0074', 't')
    expect(remark).toMatch(new RegExp(`^cannot update "${name}": only orderMessageEnable, .* can be updated`))
    expect(await shown('enableTopicList')).toBe('true')
    expect(readFileSync(configStorePath, 'utf8')).toBe('as it was')
  })

  test('with numbers that no start would accept unchanged is rejected whole, with their ranges', async () => {
    const { update, shown } = await updatable()
    expect(
      await update('enableTopicList=false\nwaitSecondsForService=2147000\nshutdownWaitTimeSeconds=-1'),
    ).toEqual({
      code: 1,
      remark:
        'waitSecondsForService="2147000" must be from 0 to 600 s; shutdownWaitTimeSeconds="-1" must be from 0 to 600 s',
    })
    expect(await shown('enableTopicList')).toBe('true')
  })

  test('of everything that the server shows is rejected because of keys on the black list', async () => {
    const { client, update } = await updatable()
    const { body } = await client.request({ code: 319 })
    expect(await update(`${body}`)).toEqual({ code: 16, remark: 'Can not update config in black list.' })
  })
})

describe('an update of a server without a configuration file', () => {
  test('lasts until the server stops, as its response says, and writes no file', async () => {
    const server = await startServer()
    const client = await server.connect()
    const response = headerOf(await client.request({ code: 318, body: 'enableAllTopicList=false' }))
    expect(response).toMatchObject({
      code: 0,
      remark: 'in effect until this server stops: it has no configuration file, so the change is not stored',
    })
    expect(headerOf(await client.request({ code: 206 })).code).toBe(1)
    const { body } = await client.request({ code: 319 })
    const path = /^configStorePath=(.*)$/m.exec(`${body}`)?.[1] ?? ''
    expect(path).toMatch(/\/namesrv\/namesrv\.properties$/)
    expect(existsSync(path)).toBe(false)
    expect(server.lines).toContainEqual(
      expect.objectContaining({ msg: 'configuration updated', stored: false }),
    )
  })

  test('is stored at configStorePath, and its response says which start reads it', async () => {
    const path = join(temporaryFolder(), 'ns.conf')
    const updates = new LiveConfiguration(testContext({ configStorePath: path }).context)
    expect(await updates.update(Buffer.from('enableTopicList=false'), by('x'))).toEqual({
      kind: 'taken',
      remark: `in effect and stored in ${path}; the next start reads it only with -c ${path}`,
    })
    expect(readFileSync(path, 'utf8')).toContain('enableTopicList=false\n')
  })
})

describe('a server that was started with odd numbers in its configuration', () => {
  test.each(['-2147483648', '-1', '0', '1', '2147483647', '99999999999'])(
    'goes on serving with %s everywhere',
    async (number) => {
      const keys = ['waitSecondsForService', 'shutdownWaitTimeSeconds', 'serverChannelMaxIdleTimeSeconds']
      const server = await startServer(Object.fromEntries(keys.map((key) => [key, number])))
      const client = await server.connect()
      await client.request(registration())
      expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(0)
      expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
    },
  )

  test.each([
    ['0', 0],
    ['1', 1],
    ['600', 1],
  ])('waitSecondsForService=%s is as with Java right after a start', async (seconds, code) => {
    const { client, update } = await updatable()
    await client.request(registration())
    await update(`needWaitForService=true\nwaitSecondsForService=${seconds}`)
    expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(code)
  })

  test('no update makes lookups wait for more than ten minutes after the start', async () => {
    const { client, connect, update, time } = await updatable()
    expect(await update('needWaitForService=true\nwaitSecondsForService=601')).toMatchObject({ code: 1 })
    expect(await update('needWaitForService=true\nwaitSecondsForService=600')).toEqual({ code: 0 })
    expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(1)
    time.advance(600_001)
    expect(headerOf(await (await connect()).request(lookup('TopicA'))).code).toBe(17)
  })
})

describe('serverChannelMaxIdleTimeSeconds', () => {
  test('applies to connections that are accepted after an update', async () => {
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
    const server = await updatable({ serverChannelMaxIdleTimeSeconds: seconds })
    const patient = await server.connect()
    await patient.request(lookup('x'))
    server.time.advance(3_600_000)
    expect(headerOf(await patient.request(lookup('x'))).code).toBe(17)
  })
})

/** The live configuration of a server with this file. */
function configured(file = 'foo.unknown=bar\ntls.server.keyPassword=pw\nlogLevel=info') {
  const path = join(temporaryFolder(), 'ns.conf')
  const { configuration } = Configuration.resolve({
    file: { path, bytes: Buffer.from(file) },
    homeDirectory: '/home/user',
    processors: 2,
  })
  const { context, lines } = testContext()
  const live = new LiveConfiguration({ ...context, configuration })
  return {
    configuration,
    lines,
    stored: () => readFileSync(path, 'utf8'),
    update: (text: string) => live.update(Buffer.from(text), by('10.0.0.7:1')),
  }
}

describe('an update', () => {
  test('changes the values of keys that are read at every use', async () => {
    const { configuration, update, lines } = configured()
    const { values } = configuration
    await update('orderMessageEnable=TRUE\nwaitSecondsForService=+7')
    expect(lines.at(-1)).toMatchObject({
      changed: { orderMessageEnable: 'false -> true', waitSecondsForService: '45 -> 7' },
    })
    expect(values).toMatchObject({ orderMessageEnable: true, waitSecondsForService: 7 })
    expect(configuration.values).toBe(values)
    expect(configuration.sourceOf('orderMessageEnable')?.place).toBe('update by 10.0.0.7:1')
  })

  test('stores all keys with their secrets, which are not shown', async () => {
    const { configuration, update, stored } = configured('foo.unknown=\\u4e2d\ntls.server.keyPassword=pw')
    await update('enableTopicList=false')
    expect(stored()).toContain('\ntls.server.keyPassword=pw\n')
    expect(stored()).toContain('\nfoo.unknown=\\u4e2d\n')
    const shown = configuration.storedLines()
    expect(shown).toContain('tls.server.keyPassword=******')
    const names = (lines: readonly string[]) => lines.map((line) => line.split('=', 1)[0])
    expect(names(stored().trimEnd().split('\n'))).toEqual(names(shown))
  })

  test('that repeats the values in effect changes nothing', async () => {
    const { update, lines } = configured()
    await update('waitSecondsForService=045')
    expect(lines.at(-1)).toMatchObject({ changed: {}, msg: 'configuration updated' })
  })

  test('changes nothing until it is stored', async () => {
    const { configuration, update } = configured()
    const before = configuration.storedLines()
    const updated = update('orderMessageEnable=true')
    expect(configuration.storedLines()).toEqual(before)
    expect(configuration.values.orderMessageEnable).toBe(false)
    await updated
    expect(configuration.values.orderMessageEnable).toBe(true)
  })

  test('that arrives while others are stored takes effect with what they changed', async () => {
    const { configuration, update } = configured()
    const texts = ['orderMessageEnable=true', 'enableTopicList=false', 'enableAllTopicList=false']
    await Promise.all(texts.map(update))
    expect(configuration.values).toMatchObject({
      orderMessageEnable: true,
      enableTopicList: false,
      enableAllTopicList: false,
    })
  })

  test('with invalid values is rejected with each value and what its key accepts', async () => {
    const text = 'waitSecondsForService=601\norderMessageEnable=yes\nshutdownWaitTimeSeconds=8 '
    expect(await configured().update(text)).toEqual({
      kind: 'rejected',
      reason:
        'waitSecondsForService="601" must be from 0 to 600 s; orderMessageEnable="yes" must be true or false; ' +
        'shutdownWaitTimeSeconds="8 " must be a whole number (it ends with white space)',
    })
  })
})

describe('the keys that an update may set', () => {
  test("are exactly Java's fields that are read while the server runs", () => {
    expect([...UPDATABLE_KEYS].sort()).toEqual([
      'deleteTopicWithBrokerRegistration',
      'enableAllTopicList',
      'enableShutdownGracefully',
      'enableTopicList',
      'needWaitForService',
      'notifyMinBrokerIdChanged',
      'orderMessageEnable',
      'returnOrderTopicConfigToBroker',
      'serverChannelMaxIdleTimeSeconds',
      'shutdownWaitTimeSeconds',
      'supportActingMaster',
      'waitSecondsForService',
    ])
  })

  test.each([
    'tls.server.mode=disabled',
    '\\u0074ls.server.mode=disabled',
    'tls.server.mode\\ =disabled',
    '\\ enableTopicList=true',
    'EnableTopicList=true',
    'enabletopiclist=true',
    'enable%54opicList=true',
    'enable\\u0000TopicList=true',
    'proxyProtocolTrustedNetworks=0.0.0.0/0',
    'overloadLagMillis=0',
    'foo.unknown=x',
    '=x',
  ])('are compared exactly, after unescaping: %j sets none of them', async (text) => {
    expect((await configured().update(text)).kind).toBe('forbidden')
  })

  test.each(['enableTopicList : true', '  enableTopicList true', 'enable\\u0054opicList=true'])(
    'may be written in any form that a .properties file allows: %j',
    async (text) => {
      expect((await configured().update(text)).kind).toBe('taken')
    },
  )

  test('never fail the next start, whatever value an update gives them', async () => {
    const { configuration, update, stored } = configured('foo=bar')
    for (const { name, type, min, max } of CONFIG_KEYS.filter((key) => UPDATABLE_KEYS.includes(key.name))) {
      const texts = type === 'boolean' ? ['true', 'FALSE'] : [`${min}`, `${max}`, '007']
      for (const text of texts) {
        await update(`${name}=${text}`)
        expect(configured(stored()).configuration.values).toMatchObject({
          [name]: configuration.values[name as 'waitSecondsForService'],
        })
      }
    }
  })
})
