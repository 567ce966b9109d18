import type { ConfigKey } from '../namesrv/config/config-key.ts'
import { CONFIG_KEYS, type NamesrvConfig } from '../namesrv/config/config-keys.ts'

/** Defaults that differ from those of the program: no port but one on this machine, no file unless it is named, no silent failure. */
export const LIBRARY_DEFAULTS = {
  bindAddress: '127.0.0.1',
  kvConfigPath: '',
  configStorePath: '',
  routeSnapshotPath: '',
  'tls.config.file': '',
  httpListenPort: 0,
  httpRequired: true,
} satisfies Partial<NamesrvConfig>

/** Keys of the program that are no options, and what to do instead. */
export const PROGRAM_KEYS: Readonly<Record<string, string>> = {
  logLevel: 'give a logger that has this level',
  logFormat: 'give a logger that has this format',
  logPath: 'give a logger that writes to this file',
  configStorePath: 'updates of the configuration last until the shutdown; give the values at the next start',
  'user.home': 'name the files by kvConfigPath and routeSnapshotPath',
}

/** Whether a key is an option: the library has those that have an effect. */
export function isOption({ name, effect }: ConfigKey): boolean {
  return effect !== 'none' && !(name in PROGRAM_KEYS)
}

/** The keys that are options, in the order of the documentation. */
export const OPTION_KEYS: readonly ConfigKey[] = CONFIG_KEYS.filter(isOption)
