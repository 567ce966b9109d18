import { hasContent } from '../files/backup.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigFile, ConfigNotice } from './config-layers.ts'
import { type JavaProperty, parseJavaProperties } from './java-properties.ts'

/** The pairs of a configuration, and the file they were read from. */
export interface FilePairs {
  readonly path: string
  readonly pairs: Map<string, JavaProperty>
}

/** What there is without a configuration file. */
export const NO_PAIRS: FilePairs = { path: '', pairs: new Map() }

/**
 * Reads the pairs of a configuration file; those of its backup if the file is empty, as a full disk leaves it, or has nothing but
 * zeros, as a power failure does.
 * @throws {ConfigError} `ERR_CONFIG_SYNTAX`; the message names the backup if that can be used.
 */
export function pairsOf({ path, bytes, backup }: ConfigFile): FilePairs {
  const source =
    !hasContent(bytes) && backup !== undefined && hasContent(backup.bytes) ? backup : { path, bytes }
  try {
    return { path: source.path, pairs: parseJavaProperties(source.bytes, source.path) }
  } catch (error) {
    if (!(error instanceof ConfigError) || source === backup) throw error
    const hint = backupHint(backup)
    throw new ConfigError(
      error.code,
      error.problems.map((problem) => `${problem}${hint}`),
      { cause: error },
    )
  }
}

/** The end of a message about a configuration file that cannot be used; empty if its backup cannot be used either. */
export function backupHint(backup: ConfigFile['backup']): string {
  return backup === undefined || !isUsable(backup) ? '' : `; its backup ${backup.path} can be used instead`
}

/** What the log says when a backup is used. */
export function backupUsed(path: string, backup: string): ConfigNotice {
  return { level: 'warn', message: `${path} is empty: its backup ${backup} is used instead`, keys: [] }
}

function isUsable({ bytes }: Pick<ConfigFile, 'bytes'>): boolean {
  if (!hasContent(bytes)) return false
  try {
    parseJavaProperties(bytes)
    return true
  } catch {
    return false
  }
}
