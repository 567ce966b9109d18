import { readFileSync } from 'node:fs'

/** The last content of a file before its present one. */
export interface Backup {
  readonly path: string
  readonly bytes: Buffer
}

/** Where the backup of a file is kept. */
export function backupPath(path: string): string {
  return `${path}.bak`
}

/** Reads the backup of a file; undefined if there is none that can be read. */
export function readBackup(path: string): Backup | undefined {
  const backup = backupPath(path)
  try {
    return { path: backup, bytes: readFileSync(backup) }
  } catch {
    return undefined
  }
}

/** Whether a content is nothing but white space. */
export function isBlank(content: Uint8Array): boolean {
  return content.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))
}

/** Whether a content may replace a backup: a full disk leaves an empty file, a power failure one of zeros. */
export function hasContent(content: Uint8Array): boolean {
  return content.some((byte) => byte > 0x20)
}
