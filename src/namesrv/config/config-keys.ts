import type { ConfigKey, ConfigOwner, KeyDefinition } from './config-key.ts'
import { NAMESRV_KEYS, NETTY_CLIENT_KEYS, NETTY_SERVER_KEYS, SYSTEM_KEYS } from './java-config-keys.ts'
import { OWN_KEYS } from './own-config-keys.ts'

/** Every key: those of `java-config-keys.ts`, then those of `own-config-keys.ts`, in the order in which they are printed. */
export const CONFIG_KEYS: readonly ConfigKey[] = [
  ...owned('namesrv', NAMESRV_KEYS),
  ...owned('nettyServer', NETTY_SERVER_KEYS),
  ...owned('nettyClient', NETTY_CLIENT_KEYS),
  ...owned('system', SYSTEM_KEYS),
  ...owned('own', OWN_KEYS),
]

function owned(owner: ConfigOwner, definitions: readonly KeyDefinition[]): ConfigKey[] {
  return definitions.map((definition) => ({ ...definition, owner }))
}

type Definition =
  | (typeof NAMESRV_KEYS)[number]
  | (typeof NETTY_SERVER_KEYS)[number]
  | (typeof NETTY_CLIENT_KEYS)[number]
  | (typeof SYSTEM_KEYS)[number]
  | (typeof OWN_KEYS)[number]

/**
 * The value of every key by its name: numbers, booleans and strings; undefined only where Java has null. The fields of Java's
 * NamesrvConfig, NettyServerConfig and NettyClientConfig, the system properties that Java reads, and the keys of this program.
 */
export type NamesrvConfig = {
  readonly [D in Definition as D['name']]: D extends KeyDefinition<string, infer V> ? V : never
}

const byName = new Map<string, ConfigKey>()
for (const key of CONFIG_KEYS) {
  byName.set(key.name, key)
  if (key.alias !== undefined) byName.set(key.alias, key)
}

/** The key of a name or an alias; undefined for an unknown name. */
export function findConfigKey(name: string): ConfigKey | undefined {
  return byName.get(name)
}

/** All names and aliases of keys. */
export const CONFIG_NAMES: readonly string[] = [...byName.keys()]
