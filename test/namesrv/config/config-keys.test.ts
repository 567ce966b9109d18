import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CONFIGURATION_PAGE, withTables } from '../../../scripts/docs/configuration-table.ts'
import { UPDATABLE_KEYS } from '../../../src/namesrv/config/apply-update.ts'
import { CONFIG_KEYS, CONFIG_NAMES, findConfigKey } from '../../../src/namesrv/config/config-keys.ts'
import { variableOf } from '../../../src/namesrv/config/config-source.ts'
import { parseJavaProperties } from '../../../src/namesrv/config/java-properties.ts'

describe('the table of keys', () => {
  test('no two keys share a name, an alias or a variable', () => {
    expect(new Set(CONFIG_NAMES).size).toBe(
      CONFIG_KEYS.length + CONFIG_KEYS.filter((row) => row.alias).length,
    )
    const variables = CONFIG_KEYS.flatMap((row) => [variableOf(row.key), row.variable ?? []].flat())
    expect(new Set(variables).size).toBe(variables.length)
  })

  test('an alias finds the row of its key', () => {
    expect(findConfigKey('rocketmq.home.dir')?.key).toBe('rocketmqHome')
    expect(findConfigKey('rocketmq.serialize.type')?.key).toBe('serializeType')
    expect(findConfigKey('no.such.key')).toBeUndefined()
  })

  test.each([
    ['listenPort', 'MQNAMESRV_LISTEN_PORT'],
    ['kvConfigPath', 'MQNAMESRV_KV_CONFIG_PATH'],
    ['useTLS', 'MQNAMESRV_USE_TLS'],
    ['maxKVEntries', 'MQNAMESRV_MAX_KV_ENTRIES'],
    ['maxKVBytes', 'MQNAMESRV_MAX_KV_BYTES'],
    ['tls.server.need.client.auth', 'MQNAMESRV_TLS_SERVER_NEED_CLIENT_AUTH'],
    ['com.rocketmq.remoting.frameMaxLength', 'MQNAMESRV_COM_ROCKETMQ_REMOTING_FRAME_MAX_LENGTH'],
  ])('%s is set by the variable %s', (key, variable) => {
    expect(findConfigKey(key)).toBeDefined()
    expect(variableOf(key)).toBe(variable)
  })

  test('the configuration page shows the table as it is', () => {
    const page = readFileSync(CONFIGURATION_PAGE, 'utf8')
    expect(withTables(page), 'run npx tsx scripts/docs/configuration-table.ts').toBe(page)
  })

  test('the configuration page has a line for every key, with its environment variable, default and range', () => {
    const page = readFileSync(CONFIGURATION_PAGE, 'utf8')
    for (const row of CONFIG_KEYS) {
      const lines = page
        .split('\n')
        .filter((line) => line.startsWith(`| \`${row.key}\` `) && line.includes(' `MQNAMESRV_'))
      expect(lines, row.key).toHaveLength(1)
      const [, , variable, , shown, , meaning] = (lines[0] ?? '').split('|').map((cell) => cell.trim())
      expect(variable).toBe(`\`${variableOf(row.key)}\``)
      if (typeof row.default !== 'object') {
        expect(shown).toBe(row.default === undefined ? '' : `\`${row.default}\``)
      } else expect(shown).not.toBe('')
      const range = row.max === undefined ? `at least ${row.min}` : `${row.min} to ${row.max}`
      if (row.min !== undefined) expect(meaning).toMatch(new RegExp(`\\(.*${range}`))
    }
  })

  test('the configuration page names the keys that an update may set', () => {
    const page = readFileSync(CONFIGURATION_PAGE, 'utf8')
    const [, list = ''] = /The keys that can be updated are ([\s\S]*?)\n- /.exec(page) ?? []
    expect([...list.matchAll(/`(\w+)`/g)].map(([, key]) => key)).toEqual(UPDATABLE_KEYS)
  })

  test('the sample file sets nothing, and names keys at their defaults', () => {
    const sample = readFileSync(new URL('../../../conf/namesrv.properties', import.meta.url))
    expect(parseJavaProperties(sample).size).toBe(0)
    const shown = parseJavaProperties(
      Buffer.from(sample.toString('latin1').replace(/^#(?=\S+=)/gm, ''), 'latin1'),
    )
    expect(shown.size).toBeGreaterThan(15)
    for (const { key, value } of shown.values()) {
      const row = findConfigKey(key)
      expect(row, key).toBeDefined()
      if (typeof row?.default !== 'object') expect(value, key).toBe(String(row?.default))
    }
  })
})
