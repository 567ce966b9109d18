import { EFFECT_WORDS } from '../../src/admin/configuration.ts'
import { type ConfigKey, type ConfigOwner, variableOf } from '../../src/namesrv/config/config-key.ts'
import { CONFIG_KEYS } from '../../src/namesrv/config/config-keys.ts'
import { markdownTable, withParts } from './markdown.ts'

const HEAD = [
  ...['key', 'environment variable', "Java's or ours", 'type', 'default', 'takes effect'],
  ...['meaning', 'when to change it'],
]

/** docs/configuration.md with the keys that src/namesrv/config defines, in a table for each owner. */
export function withKeys(page: string): string {
  return withParts(page, 'keys', (owner) => tableOf(owner as ConfigOwner))
}

function tableOf(owner: ConfigOwner): string {
  const keys = CONFIG_KEYS.filter((key) => key.owner === owner).map((key) => [
    `\`${key.name}\``,
    `\`${variableOf(key.name)}\``,
    owner === 'own' ? 'ours' : "Java's",
    typeOf(key),
    defaultOf(key),
    EFFECT_WORDS[key.effect],
    meaningOf(key),
    key.whenToChange ?? '',
  ])
  return markdownTable([HEAD, ...keys])
}

/** The type of a key with its unit and its range. */
function typeOf(key: ConfigKey): string {
  if (key.words !== undefined) return key.words.map((word) => `\`${word}\``).join(', ')
  return [key.type, key.unit ?? [], rangeOf(key) ?? []].flat().join(', ')
}

/** The range of a key as people read it; undefined if it is that of its type. */
export function rangeOf({ min, max }: ConfigKey): string | undefined {
  if (min === undefined) return undefined
  return max === undefined ? `at least ${min}` : `${min} to ${max}`
}

/** The default of a key, as Markdown; empty for Java's null. */
export function defaultOf(key: ConfigKey): string {
  if (key.default === undefined) return ''
  if (key.default === '') return 'empty'
  return typeof key.default === 'object' ? key.default.text : `\`${key.default}\``
}

/** What a key means, with its other names. */
function meaningOf({ meaning, alias, variable }: ConfigKey): string {
  const names = [alias && `\`${alias}\``, variable && `variable \`${variable}\``].filter(Boolean)
  return names.length === 0 ? meaning : `${meaning} (also ${names.join(' and ')})`
}
