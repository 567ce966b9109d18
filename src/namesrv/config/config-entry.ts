import type { ConfigValue, OwnedConfigKey } from './config-key.ts'
import type { ConfigSource } from './config-source.ts'

/** A key with its value in force. */
export interface ConfigEntry {
  readonly row: OwnedConfigKey
  readonly value: ConfigValue
  /** The value as Java prints it; undefined for Java's null. */
  readonly text: string | undefined
  readonly source: ConfigSource
}

/** Stands for a secret in everything that leaves the machine. */
export const HIDDEN = '******'

/** The text of an entry as people may see it; a default is no secret. */
export function printable({ row, text, source }: ConfigEntry): string {
  if (text === undefined) return ''
  return row.secret === true && source.layer !== 'default' ? HIDDEN : text
}

/** Whether a key is a field of one of the two objects that Java's update mechanism knows. */
export function isField(row: OwnedConfigKey | undefined): boolean {
  return row?.owner === 'namesrv' || row?.owner === 'nettyServer'
}
