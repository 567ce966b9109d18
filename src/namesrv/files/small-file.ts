import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { counted } from '../../common/counted.ts'

/** Leaves a byte order mark out. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true })

/** A small file of text, and who may read and write it. */
export interface SmallFile {
  readonly text: string
  /** Type and permissions, as in `stat`. */
  readonly mode: number
}

/**
 * Reads a file that is small and text in UTF-8, such as a secret.
 *
 * @param maxBytes - A longer file is an error.
 * @throws {Error} It cannot be read, is longer, is not a regular file, or has bytes that are not UTF-8.
 */
export function readSmallFile(path: string, maxBytes: number): SmallFile {
  // Otherwise opening a named pipe blocks.
  const handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(handle)
    if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    if (!stats.isFile()) throw new Error('it is not a regular file')
    // Files of /proc have the size 0, whatever is in them.
    const bytes = Buffer.alloc(maxBytes + 1)
    let length = 0
    for (let read = -1; read !== 0; length += read)
      read = readSync(handle, bytes, length, bytes.length - length, null)
    if (length > maxBytes) {
      const all = counted(Math.max(length, stats.size), 'byte')
      throw new Error(`it has ${all}, more than ${maxBytes}`)
    }
    return { text: decoded(bytes.subarray(0, length)), mode: stats.mode }
  } finally {
    closeSync(handle)
  }
}

/** @throws {Error} */
function decoded(bytes: Buffer): string {
  try {
    return UTF_8.decode(bytes)
  } catch (cause) {
    throw new Error('it is not text in UTF-8', { cause })
  }
}
