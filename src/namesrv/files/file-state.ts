import { readFileSync, statSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/** A file as it was when it was last looked at. */
export interface FileState {
  /** Changes with every write. */
  readonly stamp: string
  /** Of the content, which may be a secret and is not kept. */
  readonly checksum: number
}

/** @param before - Returned if the file was not written since. @returns Undefined for a file that cannot be read. */
export function fileState(path = '', before?: FileState): FileState | undefined {
  try {
    const stats = statSync(path)
    const stamp = [stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(' ')
    if (stamp === before?.stamp) return before
    // A device has no end, and opening a pipe blocks.
    if (!stats.isFile()) return undefined
    return { stamp, checksum: crc32(readFileSync(path)) }
  } catch {
    return undefined
  }
}
