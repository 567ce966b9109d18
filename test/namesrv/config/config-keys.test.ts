import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { variableOf } from '../../../src/namesrv/config/config-key.ts'
import { CONFIG_KEYS, CONFIG_NAMES, findConfigKey } from '../../../src/namesrv/config/config-keys.ts'
import { parseJavaProperties } from '../../../src/namesrv/config/java-properties.ts'
import { UPDATABLE_KEYS } from '../../../src/namesrv/live-configuration.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The server's code without comments, and without the definitions of keys. */
function serverCode(): string {
  const paths = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  return paths
    .filter((path) => path.endsWith('.ts') && !/^(?:page|library)\/|-config-keys\.ts$/.test(path))
    .map((path) => readFileSync(`${root}src/${path}`, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))
    .join('\n')
}

const page = readFileSync(`${root}docs/configuration.md`, 'utf8')

describe('the keys of the configuration', () => {
  test('share no name, alias or variable', () => {
    expect(new Set(CONFIG_NAMES).size).toBe(
      CONFIG_KEYS.length + CONFIG_KEYS.filter((key) => key.alias).length,
    )
    const variables = CONFIG_KEYS.flatMap(({ name, variable }) => [variableOf(name), variable ?? []].flat())
    expect(new Set(variables).size).toBe(variables.length)
  })

  test('are found by their aliases too', () => {
    expect(findConfigKey('rocketmq.home.dir')?.name).toBe('rocketmqHome')
    expect(findConfigKey('rocketmq.serialize.type')?.name).toBe('serializeType')
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
  ])('let %s be set by the variable %s', (name, variable) => {
    expect(findConfigKey(name)).toBeDefined()
    expect(variableOf(name)).toBe(variable)
  })

  test('have a line of the configuration page each, with environment variable, whose it is, default and range', () => {
    for (const key of CONFIG_KEYS) {
      const lines = page
        .split('\n')
        .filter((line) => line.startsWith(`| \`${key.name}\` `) && line.includes(' `MQNAMESRV_'))
      expect(lines, key.name).toHaveLength(1)
      const [, , variable, whose, type, shown] = (lines[0] ?? '').split('|').map((cell) => cell.trim())
      expect(variable).toBe(`\`${variableOf(key.name)}\``)
      expect(whose, key.name).toBe(key.owner === 'own' ? 'ours' : "Java's")
      if (typeof key.default === 'object') expect(shown).not.toBe('')
      else if (key.default === '') expect(shown).toBe('empty')
      else expect(shown).toBe(key.default === undefined ? '' : `\`${key.default}\``)
      const range = key.max === undefined ? `at least ${key.min}` : `${key.min} to ${key.max}`
      if (key.min !== undefined) expect(type).toContain(range)
    }
  })

  test('that have an effect are read by the server, or are the default of one that is', () => {
    const code = serverCode()
    const isRead = (name: string) => new RegExp(`(?<!\\w)${name.replaceAll('.', '\\.')}(?!\\w)`).test(code)
    const isDefault = (name: string) =>
      CONFIG_KEYS.some((key) => typeof key.default === 'object' && key.default.text.includes(`\`${name}\``))
    const unread = CONFIG_KEYS.filter(
      ({ name, effect }) => effect !== 'none' && !isRead(name) && !isDefault(name),
    )
    expect(unread.map(({ name }) => name)).toEqual([])
  })

  test('have texts that stand alone: sentences that name their unit, and say when to change the key', () => {
    const units = { ms: /millisecond/i, s: /second/i, bytes: /byte/i, '%': /percent/i }
    for (const { name, effect, meaning, unit, whenToChange } of CONFIG_KEYS) {
      expect(meaning, name).toMatch(/^[A-Z`].*\.$/)
      if (effect !== 'none') expect(whenToChange, name).toMatch(/^[A-Z`].*\.$/)
      if (unit !== undefined && effect !== 'none') expect(meaning, name).toMatch(units[unit])
    }
  })

  test('that an update may set are named by the configuration page', () => {
    const [, list = ''] = /The keys that can be updated are ([\s\S]*?)\n- /.exec(page) ?? []
    expect([...list.matchAll(/`(\w+)`/g)].map(([, key]) => key)).toEqual(UPDATABLE_KEYS)
  })

  test('are shown by the sample file at their defaults, and not set', () => {
    const sample = readFileSync(`${root}conf/namesrv.properties`)
    expect(parseJavaProperties(sample).size).toBe(0)
    const shown = parseJavaProperties(
      Buffer.from(sample.toString('latin1').replace(/^#(?=\S+=)/gm, ''), 'latin1'),
    )
    expect(shown.size).toBeGreaterThan(15)
    for (const { key, value } of shown.values()) {
      const found = findConfigKey(key)
      expect(found, key).toBeDefined()
      if (typeof found?.default !== 'object') expect(value, key).toBe(String(found?.default))
    }
  })
})
