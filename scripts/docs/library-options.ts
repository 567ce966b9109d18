import { LIBRARY_DEFAULTS, OPTION_KEYS } from '../../src/library/option-keys.ts'
import { type ConfigEffect, type ConfigKey, textOf } from '../../src/namesrv/config/config-key.ts'
import { defaultOf, rangeOf } from './configuration-table.ts'

/** When the value of a key is read. */
const READ: Readonly<Record<ConfigEffect, string>> = {
  live: 'at every use',
  connection: 'per connection',
  start: 'at start',
  none: 'never',
}

const HEAD = `// Written by npm run docs from the definitions in src/namesrv/config.

/** Keys of the configuration, each with its meaning, its default, and when its value is read. */
export interface ConfigOptions {
`

/** src/library/config-options.ts: the options of the library that are keys of the configuration. */
export function renderLibraryOptions(): string {
  // It has another type there.
  const keys = OPTION_KEYS.filter(({ name }) => name !== 'httpListenPort')
  return `${HEAD}${keys.map(member).join('\n')}\n}\n`
}

function member(key: ConfigKey): string {
  const name = /^\w+$/.test(key.name) ? key.name : `'${key.name}'`
  const unit = key.unit === undefined ? '' : `, ${key.unit}`
  const byDefault = LIBRARY_DEFAULTS[key.name as keyof typeof LIBRARY_DEFAULTS] ?? key.default
  const shown =
    key.name === 'kvConfigPath' ? 'empty, the table is in memory' : defaultOf({ ...key, default: byDefault })
  const facts = `Default: ${shown || 'none'}${unit}. Read ${READ[key.effect]}.`
  const range = rangeOf(key)
  const text = range === undefined ? textOf(key) : `${textOf(key)} (${range})`
  return `  /** ${text} ${facts} */\n  readonly ${name}?: ${typeOf(key)} | undefined`
}

function typeOf({ type, words }: ConfigKey): string {
  if (words !== undefined) return words.map((word) => `'${word}'`).join(' | ')
  return type === 'int' || type === 'long' ? 'number' : type
}
