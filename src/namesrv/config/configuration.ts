import type { ConfigState } from './apply-update.ts'
import { checkValueAtStart, spacesWarning } from './check-value.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigKey, isField, isNullable, rangeOf } from './config-key.ts'
import { CONFIG_KEYS, findConfigKey, type NamesrvConfig } from './config-keys.ts'
import { type ConfigLayers, type ConfigNotice, type Given, readLayers } from './config-layers.ts'
import { SHARED_WITH_NETTY_CLIENT } from './java-config-keys.ts'
import { propertiesText, propertyLine } from './java-properties.ts'
import { type ConfigSource, describeSource, printable, type ResolvedKey, shownText } from './resolved-key.ts'

/** What {@link Configuration.resolve} reads: the layers, and the properties of the machine that some defaults depend on. */
export interface ResolveOptions extends ConfigLayers {
  /** Home directory of the user, the default of `user.home`; undefined if there is none. */
  readonly homeDirectory: string | undefined
  /** Number of processors, the default of a key of Java's. */
  readonly processors: number
}

/** @see DefaultRequestProcessor#initConfigBlackList in apache/rocketmq */
const ALWAYS_BLACK_LISTED = ['configBlackList', 'configStorePath', 'kvConfigPath', 'rocketmqHome']

/**
 * The configuration in effect: a value for every key, each with its source.
 *
 * @see org.apache.rocketmq.remoting.Configuration
 */
export class Configuration {
  /** The value of every key, by name. Read a `live` key at every use. */
  readonly values: NamesrvConfig
  /** Keys that an update must not name, as they were at the start. */
  readonly blackList: ReadonlySet<string>
  #keys: ReadonlyMap<string, ResolvedKey>
  /** Pairs of the file that are no field of NamesrvConfig or NettyServerConfig, as the file has them. */
  #extras: ReadonlyMap<string, string>

  private constructor({ keys, extras }: ConfigState) {
    this.#keys = keys
    this.#extras = extras
    this.blackList = blackListOf(`${keys.get('configBlackList')?.text}`)
    this.values = Object.fromEntries([...keys].map(([name, { value }]) => [name, value])) as NamesrvConfig
  }

  /**
   * Lays defaults, file, environment and command line over each other, in this order.
   *
   * @returns The configuration, and what the user should know about it.
   * @throws {ConfigError} The file is malformed, or values cannot be used; each problem names source, key and value.
   */
  static resolve(options: ResolveOptions): { configuration: Configuration; notices: ConfigNotice[] } {
    const given = readLayers(options)
    const keys = new Map<string, ResolvedKey>()
    const errors = new Map<string, ConfigError>()
    // Defaults of other keys depend on those of the system, so these come first.
    const systemFirst = CONFIG_KEYS.toSorted(
      (a, b) => Number(b.owner === 'system') - Number(a.owner === 'system'),
    )
    for (const key of systemFirst) {
      try {
        keys.set(key.name, resolveKey(key, given, options, keys))
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        errors.set(key.name, error)
      }
    }
    // In the order in which the layers were read.
    ConfigError.throwAll([...given.texts.keys()].flatMap((name) => errors.get(name) ?? []))

    const extras = new Map<string, string>()
    for (const { key: name, value } of given.filePairs.values()) {
      const key = findConfigKey(name)
      if (!isField(key) || key.name !== name) extras.set(name, value)
    }
    const notices = [...given.notices, ...spacesNotices(given), ...unusedNotices(given)]
    return { configuration: new Configuration({ keys, extras }), notices }
  }

  /** Where the value of a key, or of an alias, comes from; undefined for an unknown key. */
  sourceOf(name: string): ConfigSource | undefined {
    const key = findConfigKey(name)
    return key === undefined ? undefined : this.#keys.get(key.name)?.source
  }

  /** Keys whose default is a file in the home directory, and that have no value because there is none. */
  keysWithoutHome(): string[] {
    return this.keys()
      .filter(
        ({ key, value }) => value === undefined && key.owner !== 'system' && typeof key.default === 'object',
      )
      .map(({ key }) => key.name)
  }

  /** Every key with its value and source, in the order of the table; secrets are not hidden. */
  keys(): ResolvedKey[] {
    return CONFIG_KEYS.map(({ name }) => this.#keys.get(name) as ResolvedKey)
  }

  /**
   * What GET_NAMESRV_CONFIG (319) shows, as lines of a `.properties` file sorted by UTF-16 units: every field of NamesrvConfig
   * and NettyServerConfig that is not null, and all other pairs of the configuration file with their raw text. Keys of neither
   * object that were set elsewhere are left out, as Java leaves out JVM properties.
   *
   * Secrets are hidden. Java escapes nothing, although its admin tool reads the text as a `.properties` file.
   *
   * @see org.apache.rocketmq.remoting.Configuration#getAllConfigsFormatString
   */
  storedLines(): string[] {
    return pairsToStore(this.state).map(([name, text]) =>
      propertyLine(name, shownText(findConfigKey(name), text)),
    )
  }

  /** The state to which an update is applied. */
  get state(): ConfigState {
    return { keys: this.#keys, extras: this.#extras }
  }

  /**
   * Puts a state into effect: `live` values at their next use.
   * @see org.apache.rocketmq.remoting.Configuration#update
   */
  putIntoEffect({ keys, extras }: ConfigState): void {
    // In place, because readers of values hold this object.
    for (const [name, resolved] of keys) {
      if (resolved !== this.#keys.get(name) && isField(resolved.key)) {
        Object.assign(this.values, { [name]: resolved.value })
      }
    }
    this.#keys = keys
    this.#extras = extras
  }

  /**
   * Every key as a line of a `.properties` file that starts a server with the same values: the fields of NamesrvConfig,
   * NettyServerConfig and NettyClientConfig in Java's order of declaration, as Java's `-p` prints them, then the other keys.
   * Null is empty; secrets are hidden.
   *
   * @see org.apache.rocketmq.common.MixAll#printObjectProperties
   */
  printedLines(): string[] {
    const lines: string[] = []
    for (const resolved of this.keys()) {
      const { name } = resolved.key
      lines.push(propertyLine(name, printable(resolved)))
      if (name !== SHARED_WITH_NETTY_CLIENT.after) continue
      for (const shared of SHARED_WITH_NETTY_CLIENT.names) {
        lines.push(`${shared}=${printable(this.#keys.get(shared) as ResolvedKey)}`)
      }
    }
    return lines
  }
}

/** The text of the configuration file for a state, with secrets in plain text. */
export function configFileText(state: ConfigState): string {
  return propertiesText(pairsToStore(state))
}

/** All pairs of the configuration file in the order of their names; secrets are not hidden. */
function pairsToStore({ keys, extras }: ConfigState): [name: string, text: string][] {
  const texts = new Map(extras)
  for (const { key, text } of keys.values()) {
    if (isField(key) && text !== undefined) texts.set(key.name, text)
  }
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** As Java's `split` has it: empty words at the end are dropped, but an empty text is one word. */
function blackListOf(text: string): ReadonlySet<string> {
  const words = text.split(';')
  if (text !== '') while (words.at(-1) === '') words.pop()
  return new Set([...ALWAYS_BLACK_LISTED, ...words])
}

function resolveKey(
  key: ConfigKey,
  { texts, notices }: Given,
  options: ResolveOptions,
  keys: ReadonlyMap<string, ResolvedKey>,
): ResolvedKey {
  const given = texts.get(key.name)
  const byDefault = defaultOf(key, options, keys)
  // What `-p` prints for a null must not be a value when its output is used as a file.
  const isNull =
    given?.text.trim() === '' && byDefault.value === undefined && (isNullable(key) || key.required === true)
  if (given === undefined || isNull) return byDefault
  const { clamped, ...assigned } = checkValueAtStart(key, given)
  if (clamped) {
    const [min, max] = rangeOf(key)
    const message =
      `${describeSource(given.source)}: ${key.name}=${given.text} is not from ${min} to ${max}; ` +
      `${assigned.text} is in effect`
    notices.push({ level: 'warn', message, keys: [key.name] })
  }
  return { key, ...assigned, source: given.source }
}

function defaultOf(
  key: ConfigKey,
  { homeDirectory, processors }: ResolveOptions,
  keys: ReadonlyMap<string, ResolvedKey>,
): ResolvedKey {
  const { default: byDefault } = key
  const isComputed = typeof byDefault === 'object'
  const value = isComputed
    ? byDefault.of({ homeDirectory, processors, value: (name) => keys.get(name)?.value })
    : byDefault
  const sameAs = isComputed ? keys.get(byDefault.sameAs ?? '') : undefined
  const source = sameAs?.source ?? { layer: 'default' }
  return { key, value, text: value === undefined ? undefined : String(value), source }
}

function spacesNotices({ texts }: Given): ConfigNotice[] {
  return [...texts].flatMap(([name, given]) => {
    const message = spacesWarning(findConfigKey(name) as ConfigKey, given)
    return message === undefined ? [] : [{ level: 'warn' as const, message, keys: [name] }]
  })
}

function unusedNotices({ texts }: Given): ConfigNotice[] {
  const keys = CONFIG_KEYS.filter(({ name, effect }) => effect === 'none' && texts.has(name)).map(
    ({ name }) => name,
  )
  const message = `keys of Java's NameServer that have no effect here are ignored: ${keys.join(', ')}`
  return keys.length === 0 ? [] : [{ level: 'info', message, keys }]
}
