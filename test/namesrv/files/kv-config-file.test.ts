import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { KVConfigManager } from '../../../src/kvconfig/kv-config-manager.ts'
import { loadKVConfig } from '../../../src/namesrv/files/kv-config-file.ts'
import { headerOf, type RawClient } from '../../support/raw-client.ts'
import { recordingLogger } from '../../support/recording-logger.ts'
import { getKVConfig, putKVConfig } from '../../support/requests.ts'
import { createServer, startServer, temporaryFolder } from '../../support/start-server.ts'
import { testContext } from '../../support/test-context.ts'

function load(kvConfigPath: string, logger = recordingLogger().logger): KVConfigManager {
  return loadKVConfig({ ...testContext({ kvConfigPath }).context, logger })
}

async function storedValue(client: RawClient, key: string): Promise<string | undefined> {
  return headerOf(await client.request(getKVConfig('n', key))).extFields?.['value']
}

describe('the file of the key-value table', () => {
  test('is created with the first value', async () => {
    const { connect, kvConfigPath } = await startServer()
    const client = await connect()
    expect(headerOf(await client.request(putKVConfig('n', 'k', 'v'))).code).toBe(0)
    expect(readFileSync(kvConfigPath, 'utf8')).toBe('{"configTable":{"n":{"k":"v"}}}')
  })

  test('restores all values after a restart', async () => {
    const first = await startServer()
    const client = await first.connect()
    await client.request(putKVConfig('n', 'k', 'ü "quoted" \\'))
    await client.request(putKVConfig('n', 'deleted', 'v'))
    await client.request({ code: 102, extFields: { namespace: 'n', key: 'deleted' } })
    await first.controller.shutdown()

    const second = await startServer({ kvConfigPath: first.kvConfigPath })
    const after = await second.connect()
    expect(await storedValue(after, 'k')).toBe('ü "quoted" \\')
    expect(await storedValue(after, 'deleted')).toBeUndefined()
  })

  test('keeps its old content as a backup', async () => {
    const { connect, kvConfigPath } = await startServer()
    const client = await connect()
    await client.request(putKVConfig('n', 'k', 'one'))
    await client.request(putKVConfig('n', 'k', 'two'))
    expect(readFileSync(`${kvConfigPath}.bak`, 'utf8')).toBe('{"configTable":{"n":{"k":"one"}}}')
  })

  test('that cannot be written causes SYSTEM_ERROR, and the old value stays, in memory and after a restart', async () => {
    const { connect, kvConfigPath, lines } = await startServer()
    const client = await connect()
    await client.request(putKVConfig('n', 'k', 'old'))
    // A file in place of the folder: an error also for root.
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
    expect(load(join(`${folder}-aside`, 'kvConfig.json')).getKVConfig('n', 'k')).toBe('old')
  })

  test.each(['', '[]', '{"configTable":{}}'])('may be %j, an empty table', (content) => {
    const path = join(temporaryFolder(), 'kvConfig.json')
    writeFileSync(path, content)
    expect(load(path).getKVListByNamespace('n')).toBeNull()
  })

  test.each([
    '{"configTable":{"n":{"k":"v"',
    'null',
    '5',
    '{}',
    '{"configTable":null}',
    '{"configTable":{}}x',
    '\0\0\0',
  ])('that contains %j is damaged: the server does not start and leaves it as it is', async (content) => {
    const path = join(temporaryFolder(), 'kvConfig.json')
    writeFileSync(path, content)
    const { controller, time } = createServer({ kvConfigPath: path })
    await expect(controller.start()).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'ERR_CONFIG_FILE',
      message: expect.stringContaining(`the KV file ${path} (kvConfigPath) is damaged: `),
    })
    expect(readFileSync(path, 'utf8')).toBe(content)
    expect(time.timers).toBe(0)
  })

  test('that cannot be read prevents the start', () => {
    const path = join(temporaryFolder(), 'kvConfig.json')
    mkdirSync(path)
    expect(() => load(path)).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        code: 'ERR_CONFIG_FILE',
        message: `cannot read the KV file ${path} (kvConfigPath): is a directory (EISDIR); correct the path or its permissions`,
      }),
    )
  })
})

describe('a KV file beside its backup', () => {
  const WHOLE = '{"configTable":{"n":{"k":"v"}}}'

  function filesWith(content: string | undefined, backup: string): { path: string; bak: string } {
    const path = join(temporaryFolder(), 'kvConfig.json')
    if (content !== undefined) writeFileSync(path, content)
    writeFileSync(`${path}.bak`, backup)
    return { path, bak: `${path}.bak` }
  }

  test.each(['', ' \r\n\t'])(
    'that is %j: the backup is used with a warning, and stays when values are put',
    async (content) => {
      const { path, bak } = filesWith(content, WHOLE)
      const { connect, lines } = await startServer({ kvConfigPath: path })
      const client = await connect()
      expect(await storedValue(client, 'k')).toBe('v')
      expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
        { msg: 'KV file empty, starting with its backup', path, backup: bak },
      ])
      expect(readFileSync(path, 'utf8')).toBe(content)
      expect(headerOf(await client.request(putKVConfig('n', 'l', 'w'))).code).toBe(0)
      expect(readFileSync(path, 'utf8')).toBe('{"configTable":{"n":{"k":"v","l":"w"}}}')
      expect(readFileSync(bak, 'utf8')).toBe(WHOLE)
      await client.request(putKVConfig('n', 'l', 'x'))
      expect(readFileSync(bak, 'utf8')).toBe('{"configTable":{"n":{"k":"v","l":"w"}}}')
    },
  )

  test.each(['', '{"configTable":{"n":{"k"', '\0\0\0\0'])(
    'that becomes %j while the server runs does not replace the backup',
    async (content) => {
      const { connect, kvConfigPath } = await startServer()
      const client = await connect()
      await client.request(putKVConfig('n', 'k', 'v'))
      await client.request(putKVConfig('n', 'k', 'w'))
      writeFileSync(kvConfigPath, content)
      expect(headerOf(await client.request(putKVConfig('n', 'k', 'x'))).code).toBe(0)
      expect(readFileSync(`${kvConfigPath}.bak`, 'utf8')).toBe(WHOLE)
      expect(readFileSync(kvConfigPath, 'utf8')).toBe('{"configTable":{"n":{"k":"x"}}}')
    },
  )

  test.each(['', '\n'])('that is empty like its backup %j is an empty table, without a warning', (backup) => {
    const { logger, lines } = recordingLogger()
    const { path } = filesWith('', backup)
    expect(load(path, logger).entries).toBe(0)
    expect(lines).toEqual([])
  })

  test('that is empty prevents the start if the backup is damaged, and both stay as they are', () => {
    const { path, bak } = filesWith('', '{"configTable":')
    expect(() => load(path)).toThrow(
      `the KV file ${path} (kvConfigPath) is empty, and its backup ${bak} is damaged: `,
    )
    expect([readFileSync(path, 'utf8'), readFileSync(bak, 'utf8')]).toEqual(['', '{"configTable":'])
  })

  test.each(['{"configTable":{"n":{"k":"v"', '\0\0\0', '5'])(
    'that says %j stops the start, and the line names the backup that can be used',
    (content) => {
      const { path, bak } = filesWith(content, WHOLE)
      const hint = `; its backup ${bak} can be used instead`
      expect(() => load(path)).toThrow(hint)
      for (const useless of ['', '{', '\0']) {
        writeFileSync(bak, useless)
        expect(() => load(path)).not.toThrow(hint)
        expect(() => load(path)).toThrow('is damaged: ')
      }
    },
  )

  test('that cannot be read prevents the start, with the backup in the error', () => {
    const path = join(temporaryFolder(), 'kvConfig.json')
    mkdirSync(path)
    writeFileSync(`${path}.bak`, WHOLE)
    expect(() => load(path)).toThrow(`; its backup ${path}.bak can be used instead`)
  })

  test('that is missing is an empty table, with a warning about the backup', () => {
    const { logger, lines } = recordingLogger()
    const { path, bak } = filesWith(undefined, WHOLE)
    expect(load(path, logger).entries).toBe(0)
    expect(lines).toMatchObject([{ level: 'warn', path, backup: bak }])
  })
})
