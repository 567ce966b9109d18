import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import {
  decodeKVConfigFile,
  type KVConfigLimits,
  KVConfigManager,
  type KVConfigTable,
} from '../../kvconfig/kv-config-manager.ts'
import { JsonError } from '../../protocol/errors.ts'
import { ConfigError } from '../config/config-error.ts'
import { isBlank, readBackup, writeFileAtomically } from './atomic-file.ts'
import { WriteRecovery } from './write-recovery.ts'

/**
 * Loads the KV table from its file; a missing file is an empty table. If the file is empty, as a full disk leaves it, its backup
 * is used.
 * @param maxWaitingChanges - Maximum number of changes that wait while the file is written.
 * @param logger - For warnings about the backup, and the line that the file can be written again.
 * @throws {ConfigError} `ERR_CONFIG_FILE`: the file is there but cannot be read. It is left as it is.
 * @see KVConfigManager#load in apache/rocketmq
 */
export function loadKVConfig(
  path: string,
  maxWaitingChanges: number,
  limits?: KVConfigLimits,
  logger?: Pick<Logger, 'info' | 'warn'>,
): KVConfigManager {
  const file = readKVFile(path)
  // The content that this server wrote last becomes the backup without being parsed.
  let known = file === undefined || isBlank(file) ? undefined : file
  const isWhole = (old: Buffer): boolean => (known !== undefined && old.equals(known)) || isTable(old)
  const recovery = logger === undefined ? undefined : new WriteRecovery('KV file', path, logger)
  return new KVConfigManager(
    tableOf(path, file, logger),
    (content, onStored) => {
      const onReplaced = (): void => {
        known = content
        onStored()
      }
      const write = writeFileAtomically(path, content, onReplaced, undefined, isWhole)
      return recovery?.watch(write) ?? write
    },
    maxWaitingChanges,
    limits,
  )
}

/** The content of the KV file; undefined if there is none. @throws {ConfigError} */
function readKVFile(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(path, `cannot read the KV file ${path}: ${(cause as Error).message}`, cause)
  }
}

/** @throws {ConfigError} */
function tableOf(path: string, file: Buffer | undefined, logger?: Pick<Logger, 'warn'>): KVConfigTable {
  if (file === undefined || isBlank(file)) return tableWithoutFile(path, file !== undefined, logger)
  try {
    return decodeKVConfigFile(file)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw unusable(path, `the KV file ${path} is damaged: ${cause.message}`, cause)
  }
}

/** @throws {ConfigError} The file is empty and its backup is damaged. */
function tableWithoutFile(path: string, isThere: boolean, logger?: Pick<Logger, 'warn'>): KVConfigTable {
  const backup = readBackup(path)
  if (backup === undefined || isBlank(backup.bytes)) return new Map()
  const fields = { path, backup: backup.path }
  if (!isThere) {
    logger?.warn(fields, 'KV file missing, starting with an empty table; its backup exists')
    return new Map()
  }
  try {
    const table = decodeKVConfigFile(backup.bytes)
    logger?.warn(fields, 'KV file empty, starting with its backup')
    return table
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    const message = `the KV file ${path} is empty, and its backup ${backup.path} is damaged: ${cause.message}`
    throw new ConfigError('ERR_CONFIG_FILE', `${message}; remove both to start with an empty table`, {
      cause,
    })
  }
}

/** An error about the KV file that names the backup, if that is usable. */
function unusable(path: string, message: string, cause: unknown): ConfigError {
  const backup = readBackup(path)
  const hint =
    backup !== undefined && isTable(backup.bytes) ? `; its backup ${backup.path} can be used instead` : ''
  return new ConfigError('ERR_CONFIG_FILE', `${message}${hint}`, { cause })
}

function isTable(content: Buffer): boolean {
  if (isBlank(content)) return false
  try {
    decodeKVConfigFile(content)
    return true
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    return false
  }
}
