/** Java's type of a value. A Java `long` is a `number` here, and a value beyond the safe integers is rejected. */
export type ConfigType = 'int' | 'long' | 'boolean' | 'string'

/** What a key belongs to: a configuration object of Java, the JVM's system properties, or this program. */
export type ConfigOwner = 'namesrv' | 'nettyServer' | 'nettyClient' | 'system' | 'own'

/**
 * When a value is read.
 *
 * - `live`: at every use, so that an update takes effect at once
 * - `connection`: when a connection is accepted
 * - `start`: once, at the start
 * - `none`: never; the key is accepted because Java has it
 */
export type ConfigEffect = 'live' | 'connection' | 'start' | 'none'

/** A value in effect. Undefined stands for Java's null. */
export type ConfigValue = string | number | boolean | undefined

/** What the computed defaults depend on. */
export interface DefaultContext {
  /** Undefined if the user has none. */
  readonly homeDirectory: string | undefined
  readonly processors: number
  /** The value in effect of a `system` key, or of a key earlier in the table. */
  value(name: string): ConfigValue
}

/** A default that depends on the machine or on other keys. */
export interface ComputedDefault {
  /** How the documentation shows it. */
  readonly text: string
  /** The system key whose value is the default, if that is all; the value's source is that key's then. */
  readonly sameAs?: string
  of(context: DefaultContext): ConfigValue
}

/** Everything about a key that most keys do without. */
export interface ConfigKeyDetails {
  readonly unit?: 'ms' | 's' | 'bytes' | '%'
  /** Range of a number, both ends included; the whole range of its type if left out. */
  readonly min?: number
  readonly max?: number
  /** Another name of the key, accepted wherever the key is. */
  readonly alias?: string
  /** An environment variable that sets the key, besides {@link variableOf} its name. */
  readonly variable?: string
  /** True if the value must not be empty. */
  readonly required?: boolean
  /** True if the value must not be shown. */
  readonly secret?: boolean
  /** What the text names, for checks that a path or a host needs. */
  readonly names?: 'path' | 'host' | 'hosts'
  /** True if Java does not trim the value: with spaces around it, it would silently take the default. */
  readonly exact?: true
  /** What is wrong with a text, as the end of a sentence that begins with it; undefined if nothing is. */
  readonly check?: (text: string) => string | undefined
}

/** The definition of a key, without its owner. */
export interface KeyDefinition<N extends string = string, V extends ConfigValue = ConfigValue>
  extends ConfigKeyDetails {
  readonly name: N
  readonly type: ConfigType
  readonly default: V | ComputedDefault
  /** The words accepted, for a key that accepts no other text. */
  readonly words?: readonly V[]
  readonly effect: ConfigEffect
  /** What the key does, in sentences that stand alone. */
  readonly meaning: string
  /** When to change it, in sentences after the meaning; undefined for a key that has no effect. */
  readonly whenToChange?: string
}

/** A key of the configuration. */
export type ConfigKey = KeyDefinition & { readonly owner: ConfigOwner }

/** A key without its texts: each method says when the key is read, and takes what it means and when to change it. */
function builder<N extends string, V extends ConfigValue>(
  key: Omit<KeyDefinition<N, V>, 'effect' | 'meaning' | 'whenToChange'>,
) {
  type Read = (meaning: string, whenToChange: string) => KeyDefinition<N, V>
  const read =
    (effect: ConfigEffect): Read =>
    (meaning, whenToChange) => ({ ...key, effect, meaning, whenToChange })
  return {
    live: read('live'),
    perConnection: read('connection'),
    atStart: read('start'),
    unused: (inJava: string): KeyDefinition<N, V> => ({
      ...key,
      ...{ effect: 'none', meaning: `No effect here. In Java: ${inJava}` },
    }),
  }
}

/** What a key means, and when to change it. */
export function textOf({ meaning, whenToChange }: ConfigKey): string {
  return whenToChange === undefined ? meaning : `${meaning} ${whenToChange}`
}

function ofType<V extends ConfigValue>(type: ConfigType) {
  return <N extends string>(name: N, byDefault: V | ComputedDefault, details: ConfigKeyDetails = {}) =>
    builder<N, V>({ name, type, default: byDefault, ...details })
}

/** A key of a Java `int`: 32 bits, signed. */
export const int = ofType<number>('int')
/** A key of a Java `long`. */
export const long = ofType<number>('long')
/** A key of a Java `boolean`. */
export const boolean = ofType<boolean>('boolean')
/** A key of a Java `String` that always has a value. */
export const string = ofType<string>('string')

/** A key of a Java `String` that is null until it is set. */
export function nullable<N extends string>(name: N, details: ConfigKeyDetails = {}) {
  return builder<N, string | undefined>({ name, type: 'string', default: undefined, ...details })
}

/** A key whose value is one of a few words, in exactly this case. */
export function word<N extends string, const W extends string>(
  name: N,
  words: readonly W[],
  byDefault: NoInfer<W>,
  details: ConfigKeyDetails = {},
) {
  return builder<N, W>({ name, type: 'string', default: byDefault, words, ...details })
}

/** The default is the value of a `system` key. */
export function sameAs(name: string, otherwise: number | boolean): ComputedDefault {
  return { text: `\`${name}\` (${otherwise})`, sameAs: name, of: (context) => context.value(name) }
}

/** The default is a file in the folder `namesrv` of the home directory. */
export function inHome(file: string): ComputedDefault {
  return { text: `\`{user.home}/namesrv/${file}\``, of: (context) => pathInHome(context, file) }
}

/** A file in the folder `namesrv` of the home directory; undefined if there is no home directory. */
export function pathInHome(context: DefaultContext, file: string): string | undefined {
  const home = context.value('user.home')
  return home === undefined || home === '' ? undefined : `${home}/namesrv/${file}`
}

/** Max delay of a timer of Node, in ms; a longer one would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647
/** The range of a time that must be positive. */
export const TIME_MS = { unit: 'ms', min: 1, max: MAX_TIMER_MS } as const

/** Min and max of a number, both included. */
export function rangeOf({ type, min, max }: ConfigKey): readonly [number, number] {
  return type === 'int'
    ? [min ?? -(2 ** 31), max ?? 2 ** 31 - 1]
    : [min ?? Number.MIN_SAFE_INTEGER, max ?? Number.MAX_SAFE_INTEGER]
}

/** Whether a change of the value takes effect before the next start. */
export function isReadWhileRunning({ effect }: ConfigKey): boolean {
  return effect === 'live' || effect === 'connection'
}

/** Whether a key is a field of one of the two objects that Java's update mechanism knows. */
export function isField(key: ConfigKey | undefined): key is ConfigKey {
  return key?.owner === 'namesrv' || key?.owner === 'nettyServer'
}

/**
 * Whether an update may set a key: the fields of Java's NamesrvConfig and NettyServerConfig that this server reads while it runs.
 * Any client that reaches the port may send an update, so none of them weakens security or can fail the next start.
 */
export function isUpdatable(key: ConfigKey): boolean {
  return isField(key) && isReadWhileRunning(key)
}

/** Begins the name of every environment variable that sets a key. */
export const VARIABLE_PREFIX = 'MQNAMESRV_'

/** The variable that sets a key: `MQNAMESRV_MAX_KV_ENTRIES` for `maxKVEntries`, `MQNAMESRV_TLS_SERVER_MODE` for `tls.server.mode`. */
export function variableOf(name: string): string {
  return (
    VARIABLE_PREFIX +
    name
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
      .replaceAll('.', '_')
      .toUpperCase()
  )
}

/** Where a value comes from. */
export interface ConfigSource {
  readonly layer: 'default' | 'file' | 'environment' | 'option' | 'update'
  /** In words: `ns.conf:12`, `environment variable ROCKETMQ_HOME`, `option --listenPort`, `update by 10.0.0.7:40312`, `default`. */
  readonly place: string
}

/** A text given for a key, not converted yet. */
export interface GivenText {
  readonly text: string
  readonly source: ConfigSource
  /** Whether a number out of range is an error for every key. Default: for those that are read once, and in updates. */
  readonly isStrict?: boolean
}

/** A key with its value in effect. */
export interface ResolvedKey {
  readonly key: ConfigKey
  readonly value: ConfigValue
  readonly source: ConfigSource
}

/** Shown in place of a secret. */
export const HIDDEN = '******'

/** The value of a key as people may see it; empty for Java's null. */
export function printable({ key, value }: ResolvedKey): string {
  return value === undefined ? '' : shownText(key, String(value))
}

/** A text as people may see it; an empty text and the default are no secrets. */
export function shownText(key: ConfigKey | undefined, text: string): string {
  return key?.secret === true && text !== '' && text !== key.default ? HIDDEN : text
}

/** Something that the user should know and that does not prevent a start. */
export interface ConfigNotice {
  readonly level: 'info' | 'warn'
  /** A fixed phrase. */
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}
