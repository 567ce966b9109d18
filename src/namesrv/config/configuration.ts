import { checkValue } from './check-value.ts'
import { ConfigError, throwConfigErrors } from './config-error.ts'
import {
  type ConfigKey,
  type ConfigNotice,
  type ConfigSource,
  HIDDEN,
  isField,
  printable,
  type ResolvedKey,
  shownText,
} from './config-key.ts'
import { CONFIG_KEYS, findConfigKey, type NamesrvConfig } from './config-keys.ts'
import { type ConfigLayers, type Given, readLayers } from './config-layers.ts'
import { SHARED_WITH_NETTY_CLIENT } from './java-config-keys.ts'
import { propertiesText, propertyLine } from './java-properties.ts'

/** What {@link Configuration.resolve} reads: the layers, and the properties of the machine that some defaults depend on. */
export interface ResolveOptions extends ConfigLayers {
  /** Home directory of the user, the default of `user.home`; undefined if there is none. */
  readonly homeDirectory: string | undefined
  /** Number of processors, the default of a key of Java's. */
  readonly processors: number
  /** Defaults in place of those of the table, by key: of a program that is not the daemon. */
  readonly defaults?: Partial<NamesrvConfig>
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
  /** The path of the configuration file, `-c`; undefined if there is none. */
  readonly file: string | undefined
  /** Keys that an update must not name, as they were at the start. */
  readonly blackList: ReadonlySet<string>
  #keys: ReadonlyMap<string, ResolvedKey>
  readonly #extras: Given['extras']

  private constructor(keys: Configuration['state'], extras: Given['extras'], file: string | undefined) {
    this.file = file
    this.#keys = keys
    this.#extras = extras
    this.blackList = blackListOf(`${keys.get('configBlackList')?.value}`)
    this.values = Object.fromEntries([...keys].map(([name, { value }]) => [name, value])) as NamesrvConfig
  }

  /**
   * Lays defaults, file, environment and command line over each other, in this order.
   *
   * @returns The configuration, and what the user should know about it.
   * @throws {ConfigError} The file is malformed, or values cannot be used; each problem names source, key and value.
   */
  static resolve(options: ResolveOptions): { configuration: Configuration; notices: ConfigNotice[] } {
    const { configuration, notices, errors } = Configuration.resolveUsable(options)
    throwConfigErrors(errors)
    return { configuration, notices }
  }

  /** As {@link resolve}, without a file that is malformed, and with the defaults in place of values that cannot be used. */
  static resolveUsable(options: ResolveOptions): {
    configuration: Configuration
    notices: ConfigNotice[]
    /** In the order in which the layers were read. */
    errors: ConfigError[]
  } {
    const { texts, extras, fileError, notices } = readLayers(options)
    const keys = new Map<string, ResolvedKey>()
    const errors = new Map<string, ConfigError>()
    // Defaults of other keys depend on those of the system, so these come first.
    const systemFirst = CONFIG_KEYS.toSorted(
      (a, b) => Number(b.owner === 'system') - Number(a.owner === 'system'),
    )
    for (const key of systemFirst) {
      const given = texts.get(key.name)
      const byDefault = defaultOf(key, options, keys)
      keys.set(key.name, byDefault)
      // What `-p` prints for a null must not be a value when its output is used as a file.
      const isNull =
        given?.text.trim() === '' &&
        (byDefault.value ?? '') === '' &&
        (key.default === undefined || key.required === true)
      if (given === undefined || isNull) continue
      const checked = checkValue(key, given)
      if (checked instanceof ConfigError) {
        errors.set(key.name, checked)
        continue
      }
      keys.set(key.name, { key, value: checked.value, source: given.source })
      if (checked.notice !== undefined) notices.push(checked.notice)
    }
    const configuration = new Configuration(keys, extras, options.file?.path)
    const { bindAddress, listenPort, httpBindAddress, httpListenPort } = configuration.values
    const hosts = [bindAddress, httpBindAddress]
    const isOneHost =
      bindAddress === httpBindAddress || hosts.some((host) => /^(?:0\.0\.0\.0|\[?::\]?)$/.test(host))
    if (httpListenPort === listenPort && listenPort !== 0 && isOneHost)
      notices.push({
        level: 'warn',
        message: 'listenPort and httpListenPort are the same; give one of them another',
        fields: { port: listenPort },
      })
    return {
      configuration,
      notices,
      errors: [fileError ?? [], [...texts.keys()].map((name) => errors.get(name) ?? [])].flat(2),
    }
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
   * What GET_NAMESRV_CONFIG (319) shows, with secrets and the values of unknown keys hidden: lines of a `.properties` file, sorted by UTF-16 units, with every
   * field of NamesrvConfig and NettyServerConfig that is not null, and all other pairs of the configuration file. Java escapes
   * nothing, although its admin tool reads the text as such a file.
   *
   * @see org.apache.rocketmq.remoting.Configuration#getAllConfigsFormatString
   */
  storedLines(): string[] {
    return this.#stored(this.#keys).map(([name, text]) => {
      const key = findConfigKey(name)
      // It may be the password of another program, or a mistyped one of this.
      const isHidden = key === undefined && text !== ''
      return propertyLine(name, isHidden ? HIDDEN : shownText(key, text))
    })
  }

  /** The keys to which an update is applied. */
  get state(): ReadonlyMap<string, ResolvedKey> {
    return this.#keys
  }

  /** The text of the configuration file for a state, with secrets in plain text. */
  fileText(state: ReadonlyMap<string, ResolvedKey>): string {
    return propertiesText(this.#stored(state))
  }

  /**
   * Puts a state into effect: `live` values at their next use.
   * @see org.apache.rocketmq.remoting.Configuration#update
   */
  putIntoEffect(state: ReadonlyMap<string, ResolvedKey>): void {
    // In place, because readers of values hold this object.
    for (const [name, { value }] of state) {
      if (value !== this.#keys.get(name)?.value) Object.assign(this.values, { [name]: value })
    }
    this.#keys = state
  }

  /** All pairs of the configuration file in the order of their names; secrets are not hidden. */
  #stored(state: ReadonlyMap<string, ResolvedKey>): [name: string, text: string][] {
    const texts = new Map(this.#extras)
    for (const { key, value } of state.values()) {
      if (isField(key) && value !== undefined) texts.set(key.name, String(value))
    }
    return [...texts].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /**
   * Every key as a line of a `.properties` file that starts a server with the same values: the fields of NamesrvConfig,
   * NettyServerConfig and NettyClientConfig in Java's order of declaration, as Java's `-p` prints them, then the other keys.
   * Null is empty; secrets are hidden.
   *
   * @see org.apache.rocketmq.common.MixAll#printObjectProperties
   */
  printedLines(): string[] {
    const { after, names } = SHARED_WITH_NETTY_CLIENT
    return CONFIG_KEYS.flatMap(({ name }) => (name === after ? [name, ...names] : [name])).map((name) =>
      propertyLine(name, printable(this.#keys.get(name) as ResolvedKey)),
    )
  }
}

/** As Java's `split` has it: empty words at the end are dropped, but an empty text is one word. */
function blackListOf(text: string): ReadonlySet<string> {
  const words = text.split(';')
  if (text !== '') while (words.at(-1) === '') words.pop()
  return new Set([...ALWAYS_BLACK_LISTED, ...words])
}

function defaultOf(
  key: ConfigKey,
  { homeDirectory, processors, defaults = {} }: ResolveOptions,
  keys: ReadonlyMap<string, ResolvedKey>,
): ResolvedKey {
  const byDefault = defaults[key.name as keyof NamesrvConfig] ?? key.default
  const isComputed = typeof byDefault === 'object'
  const value = isComputed
    ? byDefault.of({ homeDirectory, processors, value: (name) => keys.get(name)?.value })
    : byDefault
  const sameAs = isComputed ? keys.get(byDefault.sameAs ?? '') : undefined
  const source = sameAs?.source ?? { layer: 'default', place: 'default' }
  return { key, value, source }
}
