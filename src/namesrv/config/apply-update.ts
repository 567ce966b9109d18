import { checkValue } from './check-value.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigKey, isField, isReadWhileRunning } from './config-key.ts'
import { CONFIG_KEYS, findConfigKey } from './config-keys.ts'
import type { JavaProperty } from './java-properties.ts'
import { type ConfigSource, describeSource, type ResolvedKey } from './resolved-key.ts'

/** What an update changes: every key with its value, and the other pairs of the configuration file as it has them. */
export interface ConfigState {
  readonly keys: ReadonlyMap<string, ResolvedKey>
  readonly extras: ReadonlyMap<string, string>
}

/** A key to which an update gives another value. */
export interface ConfigChange {
  readonly key: string
  readonly from: string
  readonly to: string
}

/** The state after an update, and how it differs from the state before. */
export interface UpdatedConfigState extends ConfigState {
  readonly changes: readonly ConfigChange[]
}

/**
 * The keys that an update may set: the fields of Java's NamesrvConfig and NettyServerConfig that this server reads while it
 * runs. Any client that reaches the port may send an update, so none of them weakens security or can fail the next start.
 */
export const UPDATABLE_KEYS: readonly string[] = CONFIG_KEYS.filter(isUpdatable).map(({ name }) => name)

function isUpdatable(key: ConfigKey | undefined): key is ConfigKey {
  return isField(key) && isReadWhileRunning(key)
}

/** The keys of an update that it must not set, by their names after unescaping. */
export function forbiddenKeys(names: Iterable<string>): string[] {
  return [...names].filter((name) => !UPDATABLE_KEYS.includes(name))
}

/**
 * The values that an update gives to {@link UPDATABLE_KEYS}.
 *
 * @throws {ConfigError} `ERR_CONFIG_VALUE`, `ERR_CONFIG_RANGE`; the message names each value that cannot be used.
 */
export function readUpdate(pairs: Iterable<JavaProperty>, source: ConfigSource): ResolvedKey[] {
  const keys: ResolvedKey[] = []
  const errors: ConfigError[] = []
  for (const { key: name, value: text } of pairs) {
    const key = findConfigKey(name)
    if (!isUpdatable(key)) continue
    try {
      keys.push({ key, ...checkValue(key, { text, source }), source })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.push(error)
    }
  }
  const [first] = errors
  if (first === undefined) return keys
  const prefix = `${describeSource(source)}: `
  throw new ConfigError(
    first.code,
    errors.map(({ message }) => message.slice(prefix.length)),
  )
}

/**
 * Applies an update to a state.
 *
 * @see org.apache.rocketmq.remoting.Configuration#update
 */
export function updatedConfigState(
  { keys, extras }: ConfigState,
  update: Iterable<ResolvedKey>,
): UpdatedConfigState {
  const next = new Map(keys)
  const changes: ConfigChange[] = []
  for (const resolved of update) {
    const { name } = resolved.key
    const from = keys.get(name)?.text ?? ''
    const to = resolved.text ?? ''
    if (from === to) continue
    next.set(name, resolved)
    changes.push({ key: name, from, to })
  }
  return { keys: next, extras, changes }
}
