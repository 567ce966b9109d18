import type { ConfigState } from './apply-update.ts'
import { checkValueAtStart, rangeOf, spacesWarning } from './check-value.ts'
import { type ConfigEntry, isField, printable, shownText } from './config-entry.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigValue, isNullable, type OwnedConfigKey } from './config-key.ts'
import { CONFIG_KEYS, findConfigKey, type NamesrvValues, SHARED_WITH_NETTY_CLIENT } from './config-keys.ts'
import {
  type ConfigLayers,
  type ConfigNotice,
  type Given,
  type GivenText,
  readLayers,
} from './config-layers.ts'
import { type ConfigSource, describeSource } from './config-source.ts'
import { propertiesText, propertyLine } from './properties-text.ts'

/** What {@link Configuration.resolve} decides upon: the layers, and the machine on which some defaults depend. */
export interface ResolveOptions extends ConfigLayers {
  /** Home directory of the user, the default of `user.home`; undefined if there is none. */
  readonly homeDirectory: string | undefined
  /** Number of processors, the default of a key of Java's. */
  readonly processors: number
}

/** @see DefaultRequestProcessor#initConfigBlackList in apache/rocketmq */
const ALWAYS_BLACK_LISTED = ['configBlackList', 'configStorePath', 'kvConfigPath', 'rocketmqHome']

/**
 * The configuration in force: a value for every key, each with its source.
 *
 * @see org.apache.rocketmq.remoting.Configuration
 */
export class Configuration {
  /** The value of every key, by name. Read a `live` key at every use. */
  readonly values: NamesrvValues
  /** Keys that an update must not name, as they were at the start. */
  readonly blackList: ReadonlySet<string>
  #entries: ReadonlyMap<string, ConfigEntry>
  /** Pairs of the file that are no field of NamesrvConfig or NettyServerConfig, as the file has them. */
  #extras: ReadonlyMap<string, string>

  private constructor({ entries, extras }: ConfigState) {
    this.#entries = entries
    this.#extras = extras
    this.blackList = blackListOf(`${entries.get('configBlackList')?.text}`)
    this.values = Object.fromEntries([...entries].map(([key, entry]) => [key, entry.value])) as NamesrvValues
  }

  /**
   * Lays defaults, file, environment and command line over each other, in this order.
   *
   * @returns The configuration, and what the user should be told about it.
   * @throws {ConfigError} The file is malformed, or values cannot be used; each problem names source, key and value.
   */
  static resolve(options: ResolveOptions): { configuration: Configuration; notices: ConfigNotice[] } {
    const given = readLayers(options)
    const entries = new Map<string, ConfigEntry>()
    // Defaults of other keys depend on those of the system, so these come first.
    const rows = [...CONFIG_KEYS].sort((a, b) => Number(b.owner === 'system') - Number(a.owner === 'system'))
    const errors = new Map<string, ConfigError>()
    for (const row of rows) {
      try {
        entries.set(row.key, entryOf(row, given, options, entries))
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        errors.set(row.key, error)
      }
    }
    ConfigError.throwAll(inOrder(errors, given))

    const extras = new Map<string, string>()
    for (const { key, value } of given.filePairs.values()) {
      if (!isField(findConfigKey(key)) || findConfigKey(key)?.key !== key) extras.set(key, value)
    }
    const configuration = new Configuration({ entries, extras })
    const set = configuration.entries().filter(({ row }) => given.texts.has(row.key))
    return { configuration, notices: [...given.notices, ...spacesNotices(given), ...noticesOf(set)] }
  }

  /** Where the value of a key, or of an alias, comes from; undefined for an unknown key. */
  sourceOf(key: string): ConfigSource | undefined {
    const row = findConfigKey(key)
    return row === undefined ? undefined : this.#entries.get(row.key)?.source
  }

  /** Keys whose default is a file in the home directory, and that have no value because there is none. */
  keysWithoutHome(): string[] {
    return this.entries()
      .filter(
        ({ row, value }) => value === undefined && row.owner !== 'system' && typeof row.default === 'object',
      )
      .map(({ row }) => row.key)
  }

  /** Every key with its value and source, in the order of the table; secrets are not hidden. */
  entries(): ConfigEntry[] {
    return CONFIG_KEYS.map((row) => this.#entries.get(row.key) as ConfigEntry)
  }

  /**
   * The items of GET_NAMESRV_CONFIG (319) as lines of a `.properties` file, sorted by UTF-16 units: every field of
   * NamesrvConfig and NettyServerConfig that is not null, and all other pairs of the configuration file with their raw text.
   * Keys of neither object that were set elsewhere are not among them, as JVM properties are not in Java.
   *
   * Secrets are hidden. Java escapes nothing, although its admin tool reads the text as a `.properties` file.
   *
   * @see org.apache.rocketmq.remoting.Configuration#getAllConfigsFormatString
   */
  items(): string[] {
    return itemsOf(this.state).map(([key, text]) => propertyLine(key, shownText(findConfigKey(key), text)))
  }

  /** What is in force, for an update to be laid over. */
  get state(): ConfigState {
    return { entries: this.#entries, extras: this.#extras }
  }

  /**
   * Puts a state in force: `live` values at their next use.
   * @see org.apache.rocketmq.remoting.Configuration#update
   */
  putInForce({ entries, extras }: ConfigState): void {
    // In place: whoever reads values at every use holds this object.
    for (const [key, entry] of entries) {
      if (entry !== this.#entries.get(key) && isField(entry.row)) {
        Object.assign(this.values, { [key]: entry.value })
      }
    }
    this.#entries = entries
    this.#extras = extras
  }

  /**
   * Every key as a line of a `.properties` file that starts a server with the same values: the fields of NamesrvConfig,
   * NettyServerConfig and NettyClientConfig in Java's order of declaration, as Java's `-p` prints them, then the other keys.
   * Null is empty; secrets are hidden.
   *
   * @see org.apache.rocketmq.common.MixAll#printObjectProperties
   */
  printItems(): string[] {
    const lines: string[] = []
    for (const entry of this.entries()) {
      const { row } = entry
      lines.push(propertyLine(row.key, printable(entry)))
      if (row.key !== SHARED_WITH_NETTY_CLIENT.after) continue
      for (const key of SHARED_WITH_NETTY_CLIENT.keys) {
        lines.push(`${key}=${printable(this.#entries.get(key) as ConfigEntry)}`)
      }
    }
    return lines
  }
}

/** The text of a `.properties` file with all items of a state, secrets in plain. */
export function configFileText(state: ConfigState): string {
  return propertiesText(itemsOf(state))
}

/** All items with their texts in the order of their keys; secrets are not hidden. */
function itemsOf({ entries, extras }: ConfigState): [key: string, text: string][] {
  const texts = new Map(extras)
  for (const { row, text } of entries.values())
    if (isField(row) && text !== undefined) texts.set(row.key, text)
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** As Java's `split` has it: empty words at the end are none, and the whole empty text is one. */
function blackListOf(text: string): ReadonlySet<string> {
  const words = text.split(';')
  if (text !== '') while (words.at(-1) === '') words.pop()
  return new Set([...ALWAYS_BLACK_LISTED, ...words])
}

function entryOf(
  row: OwnedConfigKey,
  given: Given,
  options: ResolveOptions,
  entries: ReadonlyMap<string, ConfigEntry>,
): ConfigEntry {
  const text = given.texts.get(row.key)
  const byDefault = defaultEntry(row, options, entries)
  // What `-p` prints for a null must not be a value when its output is used as a file.
  const isNull =
    text?.text.trim() === '' && byDefault.value === undefined && (isNullable(row) || row.required === true)
  if (text === undefined || isNull) return byDefault
  const { clamped, ...assigned } = checkValueAtStart(row, text)
  if (clamped) given.notices.push(clampedNotice(row, text, assigned.text))
  return { row, ...assigned, source: text.source }
}

function defaultEntry(
  row: OwnedConfigKey,
  { homeDirectory, processors }: ResolveOptions,
  entries: ReadonlyMap<string, ConfigEntry>,
): ConfigEntry {
  const byDefault = row.default
  if (typeof byDefault !== 'object') {
    return { row, value: byDefault, text: textOf(byDefault), source: { layer: 'default' } }
  }
  const value = byDefault.of({ homeDirectory, processors, value: (key) => entries.get(key)?.value })
  const source = entries.get(byDefault.sameAs ?? '')?.source ?? { layer: 'default' }
  return { row, value, text: textOf(value), source }
}

function clampedNotice(row: OwnedConfigKey, { text, source }: GivenText, nearest: string): ConfigNotice {
  const [min, max] = rangeOf(row)
  return {
    level: 'warn',
    message: `${describeSource(source)}: ${row.key}=${text} is not within ${min} and ${max}; ${nearest} is in effect`,
    keys: [row.key],
  }
}

/** In the order in which the layers were read. */
function inOrder(errors: ReadonlyMap<string, ConfigError>, { texts }: Given): ConfigError[] {
  return [...texts.keys()].flatMap((key) => errors.get(key) ?? [])
}

function textOf(value: ConfigValue): string | undefined {
  return value === undefined ? undefined : String(value)
}

function spacesNotices({ texts }: Given): ConfigNotice[] {
  const notices: ConfigNotice[] = []
  for (const [key, given] of texts) {
    const message = spacesWarning(findConfigKey(key) as OwnedConfigKey, given)
    if (message !== undefined) notices.push({ level: 'warn', message, keys: [key] })
  }
  return notices
}

function noticesOf(given: readonly ConfigEntry[]): ConfigNotice[] {
  const notices: ConfigNotice[] = []
  const unused: string[] = []
  for (const { row } of given) {
    if (row.effect === 'none') {
      unused.push(row.key)
    }
  }
  if (unused.length > 0) {
    notices.push({
      level: 'info',
      message: `keys of Java's NameServer that have nothing to act on here are ignored: ${unused.join(', ')}`,
      keys: unused,
    })
  }
  return notices
}
