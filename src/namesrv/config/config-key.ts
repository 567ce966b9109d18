import type { PlaceKind } from './places.ts'

/** Java's type of a value. A Java `long` is a `number` here; what goes beyond a safe integer is refused at start. */
export type ConfigType = 'int' | 'long' | 'boolean' | 'string'

/** Who owns a key: a configuration object of Java, the JVM's system properties, or this program. */
export type ConfigOwner = 'namesrv' | 'nettyServer' | 'nettyClient' | 'system' | 'own'

/**
 * When a value is read.
 *
 * - `live`: at every use, so that an update takes effect at once
 * - `connection`: when a connection is accepted
 * - `start`: once; an update changes only what is reported and stored
 * - `none`: never; the key is known because Java knows it, and has nothing to act on here
 */
export type ConfigEffect = 'live' | 'connection' | 'start' | 'none'

/** A value in force. Undefined stands for Java's null. */
export type ConfigValue = string | number | boolean | undefined

/** What the defaults of some keys depend on. */
export interface DefaultContext {
  /** Undefined if the user has none. */
  readonly homeDirectory: string | undefined
  readonly processors: number
  /** The value in force of a `system` key, or of one that stands earlier in the table. */
  value(key: string): ConfigValue
}

/** A default that is not the same everywhere. */
export interface ComputedDefault {
  /** How a reader is told of it. */
  readonly text: string
  /** The system key whose value is the default, if it is just that; the value's source is that key's then. */
  readonly sameAs?: string
  of(context: DefaultContext): ConfigValue
}

/** A value that asks for something which is not here. */
export interface AbsentFeature {
  readonly value: string
  /** What to do instead, as the end of a sentence that begins with the value. */
  readonly advice: (file: string) => string
}

/** Everything about a key besides its name, type, default, effect and meaning. */
export interface ConfigKeyDetails {
  readonly unit?: 'ms' | 's' | 'bytes' | '%'
  /** Least and greatest number taken; an int's or a safe integer's whole range if left out. */
  readonly min?: number
  readonly max?: number
  /** Another name of the key, taken wherever the key is. */
  readonly alias?: string
  /** A variable that sets the key besides the one made from its name. */
  readonly variable?: string
  /** True if an empty text is no value. */
  readonly required?: boolean
  /** True if the value must not be shown. */
  readonly secret?: boolean
  /** What the text names, if it is a path or hosts. */
  readonly place?: PlaceKind
  /** True if spaces around a word make it another one to Java, which takes it for the default then. */
  readonly exact?: true
  /** What is wrong with a text, as the end of a sentence that begins with it; undefined if nothing is. */
  readonly check?: (text: string) => string | undefined
  readonly absent?: AbsentFeature
}

/** A row of the table in `config-keys.ts`. */
export interface ConfigKey<K extends string = string, V extends ConfigValue = ConfigValue>
  extends ConfigKeyDetails {
  readonly key: K
  readonly type: ConfigType
  readonly default: V | ComputedDefault
  /** The words taken, for a key that takes no other text. */
  readonly words?: readonly V[]
  readonly effect: ConfigEffect
  readonly meaning: string
}

/** A row and whose it is. */
export type OwnedConfigKey = ConfigKey & { readonly owner: ConfigOwner }

/** Whether a change of the value takes effect before the next start. */
export function isReadWhileRunning({ effect }: ConfigKey): boolean {
  return effect === 'live' || effect === 'connection'
}

/** Whether the key is a text that is null until it is set; an empty text leaves it so. */
export function isNullable(row: ConfigKey): boolean {
  return row.type === 'string' && row.default === undefined
}

type Default<V extends ConfigValue> = V | ComputedDefault

/** A row of a Java `int`: 32 bits, signed. */
export function int<K extends string>(
  key: K,
  defaultValue: Default<number>,
  effect: ConfigEffect,
  meaning: string,
  details: ConfigKeyDetails = {},
): ConfigKey<K, number> {
  return { key, type: 'int', default: defaultValue, effect, meaning, ...details }
}

/** A row of a Java `long`. */
export function long<K extends string>(
  key: K,
  defaultValue: Default<number>,
  effect: ConfigEffect,
  meaning: string,
  details: ConfigKeyDetails = {},
): ConfigKey<K, number> {
  return { key, type: 'long', default: defaultValue, effect, meaning, ...details }
}

/** A row of a Java `boolean`. */
export function boolean<K extends string>(
  key: K,
  defaultValue: Default<boolean>,
  effect: ConfigEffect,
  meaning: string,
  details: ConfigKeyDetails = {},
): ConfigKey<K, boolean> {
  return { key, type: 'boolean', default: defaultValue, effect, meaning, ...details }
}

/** A row of a Java `String` that always has a value. */
export function string<K extends string>(
  key: K,
  defaultValue: Default<string>,
  effect: ConfigEffect,
  meaning: string,
  details: ConfigKeyDetails = {},
): ConfigKey<K, string> {
  return { key, type: 'string', default: defaultValue, effect, meaning, ...details }
}

/** A row of a Java `String` that is null until it is set. */
export function nullable<K extends string>(
  key: K,
  effect: ConfigEffect,
  meaning: string,
  details: ConfigKeyDetails = {},
): ConfigKey<K, string | undefined> {
  return { key, type: 'string', default: undefined, effect, meaning, ...details }
}

/** A row of a text that is one of a few words, in exactly these letters. */
export function word<K extends string, const W extends string>(
  key: K,
  words: readonly W[],
  defaultValue: NoInfer<W>,
  effect: ConfigEffect,
  meaning: string,
  details: ConfigKeyDetails = {},
): ConfigKey<K, W> {
  return { key, type: 'string', default: defaultValue, words, effect, meaning, ...details }
}

/** The default is the value of a `system` key. */
export function sameAs(key: string, otherwise: number | boolean): ComputedDefault {
  return { text: `\`${key}\` (${otherwise})`, sameAs: key, of: (context) => context.value(key) }
}

/** The default is a file in the folder `namesrv` of the home directory. */
export function inHome(file: string): ComputedDefault {
  return {
    text: `\`{user.home}/namesrv/${file}\``,
    of: (context) => pathInHome(context, file),
  }
}

/** A file in the folder `namesrv` of the home directory; undefined if there is no home directory. */
export function pathInHome(context: DefaultContext, file: string): string | undefined {
  const home = context.value('user.home')
  return home === undefined || home === '' ? undefined : `${home}/namesrv/${file}`
}
