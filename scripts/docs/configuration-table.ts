/**
 * Writes the tables of keys in docs/configuration.md from the definitions in src/namesrv/config:
 *
 *     npx tsx scripts/docs/configuration-table.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import {
  type ConfigEffect,
  type ConfigKey,
  type ConfigOwner,
  variableOf,
} from '../../src/namesrv/config/config-key.ts'
import { CONFIG_KEYS } from '../../src/namesrv/config/config-keys.ts'

/** When the value of a key is read. */
export const EFFECT_WORDS: Record<ConfigEffect, string> = {
  live: 'at every use',
  connection: 'per connection',
  start: 'at start',
  none: '—',
}

const HEAD = ['key', 'environment variable', 'type', 'default', 'read', 'meaning']

/** The page with the tables. */
export const CONFIGURATION_PAGE = new URL('../../docs/configuration.md', import.meta.url)

/** The table of one owner's keys, as Markdown. */
export function renderTable(owner: ConfigOwner): string {
  const keys = CONFIG_KEYS.filter((key) => key.owner === owner).map((key) => [
    `\`${key.name}\``,
    `\`${variableOf(key.name)}\``,
    typeOf(key),
    defaultOf(key),
    EFFECT_WORDS[key.effect],
    meaningOf(key),
  ])
  return [HEAD, HEAD.map(() => '---'), ...keys].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** A text with the part between `<!-- keys:OWNER -->` and `<!-- /keys -->` replaced by the owner's table. */
export function withTables(text: string): string {
  return text.replace(
    /(<!-- keys:(\w+) -->\n)[\s\S]*?(<!-- \/keys -->)/g,
    (_, begin: string, owner: string, end: string) =>
      `${begin}\n${renderTable(owner as ConfigOwner)}\n\n${end}`,
  )
}

function typeOf({ type, unit, words }: ConfigKey): string {
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ')
  return unit === undefined ? type : `${type}, ${unit}`
}

/** The default of a key, as Markdown; empty for Java's null. */
export function defaultOf(key: ConfigKey): string {
  if (key.default === undefined) return ''
  if (key.default === '') return 'empty'
  return typeof key.default === 'object' ? key.default.text : `\`${key.default}\``
}

/** What a key means, with its range and its other names. */
export function meaningOf({ meaning, min, max, alias, variable }: ConfigKey): string {
  const notes: string[] = []
  if (min !== undefined) notes.push(max === undefined ? `at least ${min}` : `${min} to ${max}`)
  if (alias !== undefined) notes.push(`also \`${alias}\``)
  if (variable !== undefined) notes.push(`also variable \`${variable}\``)
  return notes.length === 0 ? meaning : `${meaning} (${notes.join('; ')})`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(CONFIGURATION_PAGE, withTables(readFileSync(CONFIGURATION_PAGE, 'utf8')))
}
