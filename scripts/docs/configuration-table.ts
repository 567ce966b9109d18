import {
  type ConfigEffect,
  type ConfigKey,
  type ConfigOwner,
  variableOf,
} from '../../src/namesrv/config/config-key.ts'
import { CONFIG_KEYS } from '../../src/namesrv/config/config-keys.ts'
import { markdownTable, withParts } from './markdown.ts'

/** When the value of a key is read. */
export const EFFECT_WORDS: Record<ConfigEffect, string> = {
  live: 'at every use',
  connection: 'per connection',
  start: 'at start',
  none: '—',
}

const HEAD = ['key', 'environment variable', 'type', 'default', 'read', 'meaning']

/** docs/configuration.md with the keys that src/namesrv/config defines, in a table for each owner. */
export function withKeys(page: string): string {
  return withParts(page, 'keys', (owner) => tableOf(owner as ConfigOwner))
}

function tableOf(owner: ConfigOwner): string {
  const keys = CONFIG_KEYS.filter((key) => key.owner === owner).map((key) => [
    `\`${key.name}\``,
    `\`${variableOf(key.name)}\``,
    typeOf(key),
    defaultOf(key),
    EFFECT_WORDS[key.effect],
    meaningOf(key),
  ])
  return markdownTable([HEAD, ...keys])
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
