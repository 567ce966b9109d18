import { readFileSync } from 'node:fs'
import { ConfigError } from '../namesrv/config/config-error.ts'
import { backupHint, type ConfigFile } from '../namesrv/config/config-layers.ts'
import { readBackup } from '../namesrv/files/atomic-file.ts'
import { describeErrno } from './errno.ts'

/**
 * Reads the configuration file.
 *
 * @param path - As the user wrote it; it stays the file's name in messages and in `configStorePath`.
 * @throws {ConfigError} `ERR_CONFIG_FILE`
 */
export function readConfigFile(path: string): ConfigFile {
  try {
    return { path, bytes: readFileSync(path), backup: readBackup(path) }
  } catch (cause) {
    const message = `cannot read configuration file ${path}: ${describeErrno(cause)}`
    const backup = readBackup(path)
    throw new ConfigError('ERR_CONFIG_FILE', `${message}${backupHint(backup)}`, { cause })
  }
}
