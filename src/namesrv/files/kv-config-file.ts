import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import {
  decodeKVConfigFile,
  encodeKVConfigFile,
  type KVConfigBounds,
  KVConfigManager,
} from '../../kvconfig/kv-config-manager.ts'
import { JsonError } from '../../protocol/errors.ts'
import { ConfigError } from '../config/config-error.ts'
import { writeFileAtomically } from './atomic-file.ts'
import { WriteRecovery } from './write-recovery.ts'

/**
 * Loads the key-value service from its file; a missing file is an empty table.
 * @param maxWaitingChanges - Most changes that may wait while the file is written.
 * @param logger - Told when the file can be written again after writes of it have failed.
 * @throws {ConfigError} `ERR_CONFIG_FILE`: the file is there but cannot be read. It is left as it is.
 * @see KVConfigManager#load in apache/rocketmq
 */
export function loadKVConfig(
  path: string,
  maxWaitingChanges: number,
  bounds?: KVConfigBounds,
  logger?: Pick<Logger, 'info'>,
): KVConfigManager {
  const recovery = logger === undefined ? undefined : new WriteRecovery('KV file', path, logger)
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new ConfigError(
        'ERR_CONFIG_FILE',
        `cannot read the KV file ${path}: ${(cause as Error).message}`,
        {
          cause,
        },
      )
    }
    file = encodeKVConfigFile(new Map())
  }
  try {
    return new KVConfigManager(
      decodeKVConfigFile(file),
      (content, onStored) => {
        const write = writeFileAtomically(path, content, onStored)
        return recovery?.watch(write) ?? write
      },
      maxWaitingChanges,
      bounds,
    )
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new ConfigError('ERR_CONFIG_FILE', `the KV file ${path} is damaged: ${cause.message}`, { cause })
  }
}
