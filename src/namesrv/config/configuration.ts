import { checkValue } from './check-value.ts'
import type { ConfigValue, OwnedConfigKey } from './config-key.ts'
import { CONFIG_KEYS, findConfigKey, type NamesrvValues, SHARED_WITH_NETTY_CLIENT } from './config-keys.ts'
import { type ConfigLayers, type ConfigNotice, type Given, readLayers } from './config-layers.ts'
import { type ConfigSource, describeSource } from './config-source.ts'

/** What {@link Configuration.resolve} decides upon: the layers, and the machine on which some defaults depend. */
export interface ResolveOptions extends ConfigLayers {
  /** Home directory of the user, the default of `user.home`. */
  readonly homeDirectory: string
  /** Number of processors, the default of a key of Java's. */
  readonly processors: number
}

/** A key with its value in force. */
export interface ConfigEntry {
  readonly row: OwnedConfigKey
  readonly value: ConfigValue
  /** The value as Java prints it; undefined for Java's null. */
  readonly text: string | undefined
  readonly source: ConfigSource
}

const HIDDEN = '******'

/**
 * The configuration in force: a value for every key, each with its source.
 *
 * @see org.apache.rocketmq.remoting.Configuration
 */
export class Configuration {
  /** The value of every key, by name. Read a `live` key at every use. */
  readonly values: NamesrvValues
  readonly #entries: ReadonlyMap<string, ConfigEntry>
  /** Pairs of the file that are no field of NamesrvConfig or NettyServerConfig, as the file has them. */
  readonly #extras: ReadonlyMap<string, string>

  private constructor(entries: ReadonlyMap<string, ConfigEntry>, extras: ReadonlyMap<string, string>) {
    this.#entries = entries
    this.#extras = extras
    this.values = Object.fromEntries([...entries].map(([key, entry]) => [key, entry.value])) as NamesrvValues
  }

  /**
   * Lays defaults, file, environment and command line over each other, in this order.
   *
   * @returns The configuration, and what the user should be told about it.
   * @throws {ConfigError} The file is malformed, or a value cannot be used; the message names source, key and value.
   */
  static resolve(options: ResolveOptions): { configuration: Configuration; notices: ConfigNotice[] } {
    const given = readLayers(options)
    const entries = new Map<string, ConfigEntry>()
    // Defaults of other keys depend on those of the system, so these come first.
    const rows = [...CONFIG_KEYS].sort((a, b) => Number(b.owner === 'system') - Number(a.owner === 'system'))
    for (const row of rows) entries.set(row.key, entryOf(row, given, options, entries))

    const extras = new Map<string, string>()
    for (const { key, value } of given.filePairs.values()) {
      if (!isField(findConfigKey(key)) || findConfigKey(key)?.key !== key) extras.set(key, value)
    }
    const configuration = new Configuration(entries, extras)
    const set = configuration.entries().filter(({ row }) => given.texts.has(row.key))
    return { configuration, notices: [...given.notices, ...noticesOf(set)] }
  }

  /** Where the value of a key, or of an alias, comes from; undefined for an unknown key. */
  sourceOf(key: string): ConfigSource | undefined {
    const row = findConfigKey(key)
    return row === undefined ? undefined : this.#entries.get(row.key)?.source
  }

  /** Every key with its value and source, in the order of the table; secrets are not hidden. */
  entries(): ConfigEntry[] {
    return CONFIG_KEYS.map((row) => this.#entries.get(row.key) as ConfigEntry)
  }

  /**
   * The items of GET_NAMESRV_CONFIG (319) as `key=value`, sorted by UTF-16 units: every field of NamesrvConfig and
   * NettyServerConfig that is not null, and all other pairs of the configuration file with their raw text. Keys of neither
   * object that were set elsewhere are not among them, as JVM properties are not in Java.
   *
   * @param secrets - `plain` for the file that an update writes; `hidden` for everything that leaves the machine.
   * @see org.apache.rocketmq.remoting.Configuration#getAllConfigsFormatString
   */
  items(secrets: 'hidden' | 'plain' = 'hidden'): string[] {
    const texts = new Map<string, string>()
    for (const [key, text] of this.#extras) {
      texts.set(key, secrets === 'hidden' && findConfigKey(key)?.secret === true ? HIDDEN : text)
    }
    for (const { row, text } of this.#entries.values()) {
      if (isField(row) && text !== undefined) texts.set(row.key, text)
    }
    return [...texts.keys()].sort().map((key) => `${key}=${texts.get(key)}`)
  }

  /**
   * All items as `name=value`: the fields of NamesrvConfig, NettyServerConfig and NettyClientConfig in Java's order of
   * declaration, as Java's `-p` prints them, then the other keys that have an effect or were set. Null is empty; secrets are
   * hidden.
   *
   * @see org.apache.rocketmq.common.MixAll#printObjectProperties
   */
  printItems(): string[] {
    const lines: string[] = []
    for (const entry of this.entries()) {
      const { row } = entry
      if (row.owner === 'system' && row.effect === 'none' && entry.source.layer === 'default') continue
      lines.push(`${row.printedAs ?? row.key}=${printable(entry)}`)
      if (row.key !== SHARED_WITH_NETTY_CLIENT.after) continue
      for (const key of SHARED_WITH_NETTY_CLIENT.keys) {
        lines.push(`${key}=${printable(this.#entries.get(key) as ConfigEntry)}`)
      }
    }
    return lines
  }
}

/** The text of an entry as people may see it. */
export function printable({ row, text }: ConfigEntry): string {
  if (text === undefined) return ''
  return row.secret === true ? HIDDEN : text
}

function entryOf(
  row: OwnedConfigKey,
  given: Given,
  options: ResolveOptions,
  entries: ReadonlyMap<string, ConfigEntry>,
): ConfigEntry {
  const text = given.texts.get(row.key)
  if (text !== undefined) return { row, ...checkValue(row, text), source: text.source }

  const byDefault = row.default
  if (typeof byDefault !== 'object') {
    return { row, value: byDefault, text: textOf(byDefault), source: { layer: 'default' } }
  }
  const { homeDirectory, processors } = options
  const value = byDefault.of({ homeDirectory, processors, system: (key) => entries.get(key)?.value })
  const source = entries.get(byDefault.sameAs ?? '')?.source ?? { layer: 'default' }
  return { row, value, text: textOf(value), source }
}

function textOf(value: ConfigValue): string | undefined {
  return value === undefined ? undefined : String(value)
}

/** Java's update mechanism knows the fields of these two objects only. */
function isField(row: OwnedConfigKey | undefined): boolean {
  return row?.owner === 'namesrv' || row?.owner === 'nettyServer'
}

function noticesOf(given: readonly ConfigEntry[]): ConfigNotice[] {
  const notices: ConfigNotice[] = []
  const unused: string[] = []
  for (const { row, text, source } of given) {
    if (row.absent !== undefined && row.absent.value === text) {
      notices.push({
        level: 'warn',
        message: `${describeSource(source)}: ${row.key}=${text} asks for ${row.absent.what}, which is not here; it is ignored`,
        keys: [row.key],
      })
    } else if (row.effect === 'none') {
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
