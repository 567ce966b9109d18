import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadKVConfig } from '../../../src/namesrv/files/kv-config-file.ts'
import { headerOf, type RawClient } from '../../support/raw-client.ts'
import { getKVConfig, putKVConfig } from '../../support/requests.ts'
import { createServer, startServer, temporaryFolder } from '../../support/start-server.ts'

async function storedValue(client: RawClient, key: string): Promise<string | undefined> {
  return headerOf(await client.request(getKVConfig('n', key))).extFields?.['value']
}

describe('the file of the key-value table', () => {
  test('is missing at first, and comes with the first value', async () => {
    const { connect, kvConfigPath } = await startServer()
    const client = await connect()
    expect(headerOf(await client.request(putKVConfig('n', 'k', 'v'))).code).toBe(0)
    expect(readFileSync(kvConfigPath, 'utf8')).toBe('{"configTable":{"n":{"k":"v"}}}')
  })

  test('gives a restarted server what the one before it was told', async () => {
    const first = await startServer()
    const client = await first.connect()
    await client.request(putKVConfig('n', 'k', 'ü "quoted" \\'))
    await client.request(putKVConfig('n', 'gone', 'v'))
    await client.request({ code: 102, extFields: { namespace: 'n', key: 'gone' } })
    await first.controller.shutdown()

    const second = await startServer({ kvConfigPath: first.kvConfigPath })
    const after = await second.connect()
    expect(await storedValue(after, 'k')).toBe('ü "quoted" \\')
    expect(await storedValue(after, 'gone')).toBeUndefined()
  })

  test('keeps what it said before as its backup', async () => {
    const { connect, kvConfigPath } = await startServer()
    const client = await connect()
    await client.request(putKVConfig('n', 'k', 'one'))
    await client.request(putKVConfig('n', 'k', 'two'))
    expect(readFileSync(`${kvConfigPath}.bak`, 'utf8')).toBe('{"configTable":{"n":{"k":"one"}}}')
  })

  test('that cannot be written is answered with SYSTEM_ERROR, and the old value stays, in memory and after a restart', async () => {
    const { connect, kvConfigPath, lines } = await startServer()
    const client = await connect()
    await client.request(putKVConfig('n', 'k', 'old'))
    // A file in place of the folder stops everybody, the superuser too.
    const folder = dirname(kvConfigPath)
    renameSync(folder, `${folder}-aside`)
    writeFileSync(folder, '')

    const put = headerOf(await client.request(putKVConfig('n', 'k', 'new')))
    expect(put.code).toBe(1)
    expect(put.remark).toMatch(/^the KV file cannot be written: E(EXIST|NOTDIR)/)
    const removal = headerOf(await client.request({ code: 102, extFields: { namespace: 'n', key: 'k' } }))
    expect(removal.code).toBe(1)
    expect(await storedValue(client, 'k')).toBe('old')
    const failure = {
      level: 'error',
      msg: 'KV change not stored',
      peer: client.address,
      namespace: 'n',
      key: 'k',
      path: kvConfigPath,
      error: expect.stringMatching(/^E(EXIST|NOTDIR)/),
    }
    expect(lines.filter(({ level }) => level === 'error')).toEqual([failure, failure])
    expect(loadKVConfig(join(`${folder}-aside`, 'kvConfig.json'), 1).getKVConfig('n', 'k')).toBe('old')
  })

  test.each(['', '[]', '{"configTable":{}}'])('may be %j, an empty table', (content) => {
    const path = join(temporaryFolder(), 'kvConfig.json')
    writeFileSync(path, content)
    expect(loadKVConfig(path, 1).getKVListByNamespace('n')).toBeNull()
  })

  test.each([
    '{"configTable":{"n":{"k":"v"',
    'null',
    '5',
    '{}',
    '{"configTable":null}',
    '{"configTable":{}}x',
    '\0\0\0',
  ])('that says %j is damaged: the server does not start and leaves it as it is', async (content) => {
    const path = join(temporaryFolder(), 'kvConfig.json')
    writeFileSync(path, content)
    const { controller, time } = createServer({ kvConfigPath: path })
    await expect(controller.start()).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'ERR_CONFIG_FILE',
      message: expect.stringContaining(`the KV file ${path} is damaged: `),
    })
    expect(readFileSync(path, 'utf8')).toBe(content)
    expect(time.timers).toBe(0)
  })

  test('that cannot be read stops the start', () => {
    const path = join(temporaryFolder(), 'kvConfig.json')
    mkdirSync(path)
    expect(() => loadKVConfig(path, 1)).toThrow(
      expect.objectContaining({ name: 'ConfigError', code: 'ERR_CONFIG_FILE' }),
    )
  })
})
