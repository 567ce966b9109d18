import { hintFor } from '../../common/nearest-name.ts'
import { CommandError } from '../command-error.ts'

/** An option of a command of mqadmin. */
export interface JavaOption {
  /** One letter; undefined for options that mqadmin does not have. */
  readonly letter?: string
  readonly name: string
  readonly text: string
  readonly hasValue: boolean
  readonly isRequired?: boolean
  readonly choices?: readonly string[]
}

/** The values of options by name, empty for those that take none. */
export type JavaValues = ReadonlyMap<string, string>

/**
 * Parses words as Apache Commons CLI 1.5 does for mqadmin: `-t T`, `-tT`, `-t=T`, `--topic T`, `--topic=T`, `-topic T`, `--top T`, `-lt T`.
 * Words that belong to no option are ignored, and so is everything after `--`; of an option given twice the first one counts.
 *
 * @throws {CommandError} `usage`
 * @see org.apache.commons.cli.DefaultParser
 */
export function parseJavaOptions(words: readonly string[], options: readonly JavaOption[]): JavaValues {
  const values = new Map<string, string>()
  const set = ({ name }: JavaOption, value: string): void => {
    if (!values.has(name)) values.set(name, value)
  }
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (word === '--') break
    if (!isOption(word)) continue
    const found = optionsIn(word, options)
    for (const { option, attached } of found) {
      if (attached !== undefined || !option.hasValue) {
        set(option, attached ?? '')
        continue
      }
      const next = words[index + 1]
      if (next === undefined || next === '--' || isKnown(next, options))
        throw new CommandError('usage', `${shown(option)} needs a value`)
      set(option, unquoted(next))
      index++
    }
  }
  return values
}

/** @throws {CommandError} `usage`: an option is missing, or has a value that it does not take. */
export function checkJavaOptions(values: JavaValues, options: readonly JavaOption[]): void {
  const missing = options.filter(({ name, isRequired }) => isRequired === true && !values.has(name))
  if (missing.length > 0) throw new CommandError('usage', `missing: ${missing.map(shown).join(', ')}`)
  for (const option of options) {
    const value = values.get(option.name)?.trim()
    if (value !== undefined && option.choices?.includes(value) === false)
      throw new CommandError(
        'usage',
        `${shown(option)} ${JSON.stringify(value)} is not one of ${option.choices.join(', ')}`,
      )
  }
}

interface Found {
  readonly option: JavaOption
  /** A value in the same word. */
  readonly attached: string | undefined
}

/** The options of a word that begins with a dash: several only of a cluster of letters. @throws {CommandError} `usage` */
function optionsIn(word: string, options: readonly JavaOption[]): Found[] {
  const body = word.replace(/^--?/, '')
  const equals = body.indexOf('=')
  const name = equals < 0 ? body : body.slice(0, equals)
  const value = equals < 0 ? undefined : body.slice(equals + 1)
  const byName = word.startsWith('--') || name.length > 1 ? namedOption(name, options) : undefined
  const option = byName ?? (word.startsWith('--') ? undefined : options.find(({ letter }) => letter === name))
  if (option !== undefined) {
    if (value !== undefined && !option.hasValue)
      throw new CommandError('usage', `${shown(option)} takes no value`)
    return [{ option, attached: value }]
  }
  return word.startsWith('--') || value !== undefined ? unknown(word, options) : lettersIn(word, options)
}

/** The option of that name, or the only one whose name begins with it. @throws {CommandError} `usage`: several do. */
function namedOption(name: string, options: readonly JavaOption[]): JavaOption | undefined {
  const exact = options.find((option) => option.name === name)
  if (exact !== undefined || name === '') return exact
  const matching = options.filter((option) => option.letter !== undefined && option.name.startsWith(name))
  if (matching.length > 1) {
    const names = matching.map((option) => `--${option.name}`).join(', ')
    throw new CommandError('usage', `--${name} may be any of ${names}`)
  }
  return matching[0]
}

/** `-lt T`, `-tT`, `-ltT`. @throws {CommandError} `usage` */
function lettersIn(word: string, options: readonly JavaOption[]): Found[] {
  const found: Found[] = []
  for (let at = 1; at < word.length; at++) {
    const option = options.find(({ letter }) => letter === word[at])
    if (option === undefined) return unknown(word, options)
    const rest = word.slice(at + 1)
    found.push({ option, attached: option.hasValue && rest !== '' ? rest : undefined })
    if (option.hasValue) break
  }
  return found
}

/** @throws {CommandError} `usage` */
function unknown(word: string, options: readonly JavaOption[]): never {
  const hint = hintFor(
    word,
    options.map(({ name }) => `--${name}`),
  )
  throw new CommandError('usage', `unknown option ${JSON.stringify(word)}${hint}`)
}

function isOption(word: string): boolean {
  return word.startsWith('-') && word !== '-'
}

/** Whether a word is an option of the command, and so not the value of the one before it: `-V` is a value where there is no option V. */
function isKnown(word: string, options: readonly JavaOption[]): boolean {
  if (!isOption(word)) return false
  const name = word.replace(/^--?/, '').replace(/=.*$/s, '')
  return options.some(
    (option) =>
      (name !== '' && option.letter !== undefined && option.name.startsWith(name)) ||
      option.name === name ||
      (!word.startsWith('--') && option.letter === name[0]),
  )
}

/** As Commons CLI does with a word that is a value: a shell has removed its own quotes already. */
function unquoted(text: string): string {
  return /^"[^"]*"$/.test(text) && text.length > 1 ? text.slice(1, -1) : text
}

function shown({ letter, name }: JavaOption): string {
  return letter === undefined ? `--${name}` : `-${letter}`
}

/** The lines of `mqadmin help COMMAND`. @see org.apache.commons.cli.HelpFormatter */
export function javaUsage(command: string, options: readonly JavaOption[]): string {
  const sorted = options
    .filter(({ letter }) => letter !== undefined)
    .sort((a, b) => ((a.letter ?? '') < (b.letter ?? '') ? -1 : 1))
  const arg = ({ hasValue }: JavaOption): string => (hasValue ? ' <arg>' : '')
  const synopsis = sorted.map((option) => {
    const text = `-${option.letter}${arg(option)}`
    return option.isRequired === true ? text : `[${text}]`
  })
  const names = sorted.map((option) => ` -${option.letter},--${option.name}${arg(option)}`)
  const width = Math.max(...names.map(({ length }) => length))
  return [
    `usage: mqadmin ${[command, ...synopsis].join(' ')}`,
    ...sorted.map(({ text }, index) => `${(names[index] ?? '').padEnd(width)}   ${text}`),
  ]
    .map((line) => `${line}\n`)
    .join('')
}
