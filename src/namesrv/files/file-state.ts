import { statSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { readRegularFile } from '../config/read-file.ts'

/** A file as it was when it was last looked at. */
export interface FileState {
  /** Changes with every write. */
  readonly stamp: string
  /** Of the content, which may be a secret and is not kept. */
  readonly checksum: number
}

/** @param before - Returned if the file was not written since. @returns Undefined for what cannot be read or is no regular file. */
export function fileState(path = '', before?: FileState): FileState | undefined {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path)
    const stamp = [ino, size, mtimeMs, ctimeMs].join(' ')
    if (stamp === before?.stamp) return before
    return { stamp, checksum: crc32(readRegularFile(path).bytes) }
  } catch {
    return undefined
  }
}
