import type { ConfigKey, ConfigOwner, KeyDefinition } from './config-key.ts'
import { NAMESRV_KEYS, NETTY_CLIENT_KEYS, NETTY_SERVER_KEYS, SYSTEM_KEYS } from './java-config-keys.ts'
import { OWN_KEYS } from './own-config-keys.ts'

const KEYS = {
  namesrv: NAMESRV_KEYS,
  nettyServer: NETTY_SERVER_KEYS,
  nettyClient: NETTY_CLIENT_KEYS,
  system: SYSTEM_KEYS,
  own: OWN_KEYS,
}

/** Every key, in the order in which they are printed: those of `java-config-keys.ts`, then those of `own-config-keys.ts`. */
export const CONFIG_KEYS: readonly ConfigKey[] = Object.entries(KEYS).flatMap(([owner, keys]) =>
  keys.map((key) => ({ ...key, owner: owner as ConfigOwner })),
)

type Definition = (typeof KEYS)[ConfigOwner][number]

/**
 * The value of every key by its name: numbers, booleans and strings; undefined only where Java has null. The fields of Java's
 * NamesrvConfig, NettyServerConfig and NettyClientConfig, the system properties that Java reads, and the keys of this program.
 */
export type NamesrvConfig = {
  readonly [D in Definition as D['name']]: D extends KeyDefinition<string, infer V> ? V : never
}

const byName = new Map(
  CONFIG_KEYS.flatMap((key) => [key.name, key.alias ?? key.name].map((name) => [name, key] as const)),
)

/** The key of a name or an alias; undefined for an unknown name. */
export function findConfigKey(name: string): ConfigKey | undefined {
  return byName.get(name)
}

/** All names and aliases of keys. */
export const CONFIG_NAMES: readonly string[] = [...byName.keys()]
