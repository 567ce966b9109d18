/**
 * Writes the tables of keys in docs/configuration.md from the table in the code:
 *
 *     npx tsx scripts/docs/configuration-table.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { ConfigEffect, ConfigOwner, OwnedConfigKey } from '../../src/namesrv/config/config-key.ts'
import { CONFIG_KEYS } from '../../src/namesrv/config/config-keys.ts'
import { variableOf } from '../../src/namesrv/config/config-source.ts'

const EFFECT_WORDS: Record<ConfigEffect, string> = {
  live: 'at every use',
  connection: 'per connection',
  start: 'at start',
  none: '—',
}

const HEAD = ['key', 'environment variable', 'type', 'default', 'read', 'meaning']

/** The page with the tables, and where it lies. */
export const CONFIGURATION_PAGE = new URL('../../docs/configuration.md', import.meta.url)

/** The table of one owner's keys, as Markdown. */
export function renderTable(owner: ConfigOwner): string {
  const rows = CONFIG_KEYS.filter((row) => row.owner === owner).map((row) => [
    `\`${row.key}\``,
    `\`${variableOf(row.key)}\``,
    typeOf(row),
    defaultOf(row),
    EFFECT_WORDS[row.effect],
    meaningOf(row),
  ])
  const table = [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
  const lines = table.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)))
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  )
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** A text with the part between `<!-- keys:OWNER -->` and `<!-- /keys -->` replaced by the owner's table. */
export function withTables(text: string): string {
  return text.replace(
    /(<!-- keys:(\w+) -->\n)[\s\S]*?(<!-- \/keys -->)/g,
    (_, begin: string, owner: string, end: string) =>
      `${begin}\n${renderTable(owner as ConfigOwner)}\n\n${end}`,
  )
}

function typeOf(row: OwnedConfigKey): string {
  const unit = row.unit === undefined ? '' : `, ${row.unit}`
  return row.words === undefined ? row.type + unit : row.words.map((word) => `\`${word}\``).join(', ')
}

function defaultOf(row: OwnedConfigKey): string {
  if (row.default === undefined) return ''
  return typeof row.default === 'object' ? row.default.text : `\`${row.default}\``
}

function meaningOf(row: OwnedConfigKey): string {
  const notes: string[] = []
  if (row.min !== undefined)
    notes.push(row.max === undefined ? `at least ${row.min}` : `${row.min} to ${row.max}`)
  if (row.alias !== undefined) notes.push(`also \`${row.alias}\``)
  if (row.variable !== undefined) notes.push(`also variable \`${row.variable}\``)
  if (row.absent !== undefined) notes.push(`\`${row.absent.value}\` stops the start: not here`)
  return notes.length === 0 ? row.meaning : `${row.meaning} (${notes.join('; ')})`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(CONFIGURATION_PAGE, withTables(readFileSync(CONFIGURATION_PAGE, 'utf8')))
}
