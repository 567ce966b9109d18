import { checkValue } from './check-value.ts'
import { type ConfigEntry, isField } from './config-entry.ts'
import { ConfigError } from './config-error.ts'
import { isReadWhileRunning, type OwnedConfigKey } from './config-key.ts'
import { CONFIG_KEYS, findConfigKey } from './config-keys.ts'
import { type ConfigSource, describeSource } from './config-source.ts'
import type { JavaProperty } from './java-properties.ts'

/** What an update works on: the value of every key, and the other pairs of the configuration file as they stand there. */
export interface ConfigState {
  readonly entries: ReadonlyMap<string, ConfigEntry>
  readonly extras: ReadonlyMap<string, string>
}

/** A key that an update gives another value. */
export interface ConfigChange {
  readonly key: string
  readonly from: string
  readonly to: string
}

/** What an update comes to. */
export interface UpdatedConfigState extends ConfigState {
  readonly changes: readonly ConfigChange[]
}

/**
 * The keys that an update may set: the fields of Java's NamesrvConfig and NettyServerConfig that this server reads while it
 * runs. Any client that reaches the port may send an update, so none of them weakens security or can fail the next start.
 */
export const UPDATABLE_KEYS: readonly string[] = CONFIG_KEYS.filter(isUpdatable).map(({ key }) => key)

function isUpdatable(row: OwnedConfigKey | undefined): row is OwnedConfigKey {
  return row !== undefined && isField(row) && isReadWhileRunning(row)
}

/** The keys of an update that it must not set. A key counts as what it reads as, after its escapes. */
export function forbiddenKeys(keys: Iterable<string>): string[] {
  return [...keys].filter((key) => !UPDATABLE_KEYS.includes(key))
}

/**
 * The entries that the pairs of an update make, all of them of {@link UPDATABLE_KEYS}.
 *
 * @throws {ConfigError} `ERR_CONFIG_VALUE`, `ERR_CONFIG_RANGE`; the message names each value that cannot be used.
 */
export function readUpdate(pairs: Iterable<JavaProperty>, source: ConfigSource): ConfigEntry[] {
  const entries: ConfigEntry[] = []
  const errors: ConfigError[] = []
  for (const { key, value: text } of pairs) {
    const row = findConfigKey(key)
    if (!isUpdatable(row)) continue
    try {
      entries.push({ row, ...checkValue(row, { text, source }), source })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.push(error)
    }
  }
  const [first] = errors
  if (first === undefined) return entries
  const place = `${describeSource(source)}: `
  throw new ConfigError(
    first.code,
    errors.map(({ message }) => message.slice(place.length)),
  )
}

/**
 * Lays the entries of an update over what is in effect.
 *
 * @see org.apache.rocketmq.remoting.Configuration#update
 */
export function updatedConfigState(
  { entries, extras }: ConfigState,
  update: Iterable<ConfigEntry>,
): UpdatedConfigState {
  const next = new Map(entries)
  const changes: ConfigChange[] = []
  for (const entry of update) {
    const { key } = entry.row
    const from = entries.get(key)?.text ?? ''
    const to = entry.text ?? ''
    if (from === to) continue
    next.set(key, entry)
    changes.push({ key, from, to })
  }
  return { entries: next, extras, changes }
}
