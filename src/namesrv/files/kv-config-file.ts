import { describeErrno } from '../../common/describe-errno.ts'
import { decodeKVConfigFile, KVConfigManager, type KVConfigTable } from '../../kvconfig/kv-config-manager.ts'
import { JsonError } from '../../protocol/errors.ts'
import { ConfigError } from '../config/config-error.ts'
import { readRegularFile } from '../config/read-file.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { readBackup, recoveryLog, replaceFile } from './atomic-file.ts'

/**
 * Loads the KV table from its file; a missing file is an empty table, and without a path the table is only in memory. If the file is empty, as a full disk leaves it, its backup
 * is used.
 * @throws {ConfigError} `ERR_CONFIG_FILE`: the file is there but cannot be read. It is left as it is.
 * @see KVConfigManager#load in apache/rocketmq
 */
export function loadKVConfig({ configuration, logger }: NamesrvContext): KVConfigManager {
  const { values } = configuration
  const path = values.kvConfigPath
  if (path === '') return new KVConfigManager(new Map(), async (_, onStored) => onStored(), values)
  const file = readKVFile(path)
  const fromFile = file && decode(file)
  if (fromFile instanceof JsonError) {
    const message = `the KV file ${path} (kvConfigPath) is damaged: ${fromFile.message}`
    throw unusable(path, message, 'repair it, or move it away to start with an empty table', fromFile)
  }
  // What was read, or what this server wrote last, becomes the backup without being parsed again.
  let known = fromFile && file
  const keepsBackup = (old: Buffer): boolean => known?.equals(old) === true || decode(old) instanceof Map
  const watch = recoveryLog('KV file can be written again', path, logger)
  const persist = (content: Buffer, onStored: () => void): Promise<void> => {
    const onReplaced = (): void => {
      known = content
      onStored()
    }
    return watch(replaceFile(path, content, { keepsBackup, onReplaced }))
  }
  const table = fromFile ?? tableWithoutFile(path, file !== undefined, logger)
  return new KVConfigManager(table, persist, values)
}

/** The content of the KV file; undefined if there is none. @throws {ConfigError} */
function readKVFile(path: string): Buffer | undefined {
  try {
    return readRegularFile(path).bytes
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const message = `cannot read the KV file ${path} (kvConfigPath): ${describeErrno(cause)}`
    throw unusable(path, message, 'correct the path or its permissions', cause)
  }
}

/** @throws {ConfigError} The file is empty and its backup is damaged. */
function tableWithoutFile(path: string, isThere: boolean, logger: NamesrvContext['logger']): KVConfigTable {
  const backup = readBackup(path)
  const table = backup && decode(backup.bytes)
  if (table === undefined) return new Map()
  const fields = { path, backup: backup?.path }
  if (!isThere) {
    logger.warn(fields, 'KV file missing, starting with an empty table; its backup exists')
    return new Map()
  }
  if (table instanceof JsonError) {
    const message =
      `the KV file ${path} (kvConfigPath) is empty, and its backup ${backup?.path} is damaged: ${table.message}; ` +
      'remove both to start with an empty table'
    throw new ConfigError('ERR_CONFIG_FILE', message, { cause: table })
  }
  logger.warn(fields, 'KV file empty, starting with its backup')
  return table
}

/** An error about the KV file that says what to do; it names the backup, if that is usable. */
function unusable(path: string, problem: string, remedy: string, cause: unknown): ConfigError {
  const backup = readBackup(path)
  const isUsable = backup !== undefined && decode(backup.bytes) instanceof Map
  const hint = isUsable ? `; its backup ${backup.path} can be used instead` : ''
  return new ConfigError('ERR_CONFIG_FILE', `${problem}; ${remedy}${hint}`, { cause })
}

/** The table, what is wrong with the file, or undefined if the file has nothing but white space. */
function decode(file: Buffer): KVConfigTable | JsonError | undefined {
  if (file.toString('latin1').trim() === '') return undefined
  try {
    return decodeKVConfigFile(file)
  } catch (error) {
    if (error instanceof JsonError) return error
    throw error
  }
}
