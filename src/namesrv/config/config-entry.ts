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

/** The text of an entry as people may see it. */
export function printable({ row, text }: ConfigEntry): string {
  return text === undefined ? '' : shownText(row, text)
}

/** A text of a key as people may see it; an empty text and the default are no secrets. */
export function shownText(row: OwnedConfigKey | undefined, text: string): string {
  return row?.secret === true && text !== '' && text !== row.default ? HIDDEN : text
}

/** Whether a key is a field of one of the two objects that Java's update mechanism knows. */
export function isField(row: OwnedConfigKey | undefined): boolean {
  return row?.owner === 'namesrv' || row?.owner === 'nettyServer'
}
