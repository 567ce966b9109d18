import { homedir, userInfo } from 'node:os'
import { describeErrno } from '../../common/describe-errno.ts'
import { ConfigError } from '../../namesrv/config/config-error.ts'
import type { ConfigNotice } from '../../namesrv/config/config-key.ts'
import { backupHint, type ConfigFile } from '../../namesrv/config/config-layers.ts'
import type { Configuration } from '../../namesrv/config/configuration.ts'
import { readFileOrStream } from '../../namesrv/config/read-file.ts'
import { readBackup } from '../../namesrv/files/atomic-file.ts'

/**
 * Reads the configuration file.
 *
 * @param path - As the user wrote it; so it appears in messages and in `configStorePath`.
 * @throws {ConfigError} `ERR_CONFIG_FILE`
 */
export function readConfigFile(path: string): ConfigFile {
  const backup = readBackup(path)
  try {
    return { path, bytes: readFileOrStream(path), backup }
  } catch (cause) {
    const message = `cannot read configuration file ${path}: ${describeErrno(cause)}`
    throw new ConfigError('ERR_CONFIG_FILE', `${message}${backupHint(backup)}`, { cause })
  }
}

/**
 * The home directory from the user database, as in Java; HOME only if the database has none: the default paths are Java's.
 * @returns Undefined if there is neither.
 */
export function javaUserHome(): string | undefined {
  for (const home of [() => userInfo().homedir, homedir]) {
    try {
      const folder = home()
      if (folder !== '') return folder
    } catch {
      // The user is not in the database.
    }
  }
  return undefined
}

/** Why a server cannot start without a home directory; none if it can. */
export function homeErrors(configuration: Configuration): readonly ConfigError[] {
  const homeless = configuration.keysWithoutHome()
  if (homeless.length === 0) return []
  const message = `no home directory for the defaults of ${homeless.join(', ')}: set these keys, or HOME or user.home`
  return [new ConfigError('ERR_CONFIG_VALUE', message)]
}

/** A notice for people, in one line, which begins with its place as errors do. */
export function noticeText({ message, fields }: ConfigNotice): string {
  const { source, didYouMean, ...others } = fields
  const values = Object.entries(others).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const place = source === undefined ? '' : `${source}: `
  const hint = didYouMean === undefined ? '' : `; did you mean ${didYouMean}?`
  return `${place}${message}: ${values.join(', ')}${hint}`
}
