import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, stat } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { replaceFile } from './atomic-file.ts'

/**
 * Largest snapshot that is written or read: several million topics. It is read in one go, so a file that is none must not be able
 * to take all memory.
 */
const MAX_BYTES = 256 * 1024 * 1024

/** First line: what the file is, and the version of its form. */
const HEAD = 'mqnamesrv routes 1\n'
/** Last line: how many bytes stand before it, and their CRC-32. */
const FOOT = /^end (\d{1,12}) ([0-9a-f]{8})\n$/
const MAX_FOOT_BYTES = 'end 123456789012 01234567\n'.length

/** A file that cannot be used as a snapshot, and never will be: damaged, alien, or of another version. */
export class SnapshotFileError extends Error {
  override readonly name = 'SnapshotFileError'
  readonly code = 'ERR_SNAPSHOT_FILE'
}

/**
 * Writes a snapshot, piece by piece and without ever holding up the event loop, so that a crash at any moment leaves the old or
 * the new file whole.
 *
 * @param nextPiece - The next piece of text, whole lines or not; empty at the end.
 * @returns Bytes written.
 * @throws The file system's error, or one of the pieces, as {@link replaceFile} does.
 */
export async function writeSnapshotFile(
  path: string,
  nextPiece: () => string | Promise<string>,
): Promise<number> {
  await refuseOtherThings(path)
  return replaceFile(path, { write: (file) => writeWhole(file, nextPiece) })
}

/** A device or a folder is not replaced by a file. */
async function refuseOtherThings(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isFile()) throw new Error(`${path} is not a file`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

async function writeWhole(file: FileHandle, nextPiece: () => string | Promise<string>): Promise<number> {
  let bytes = 0
  let sum = 0
  for (let piece = HEAD; piece !== ''; piece = await nextPiece()) {
    const chunk = Buffer.from(piece)
    sum = crc32(chunk, sum)
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`the snapshot is longer than ${MAX_BYTES} bytes`)
    await file.writeFile(chunk)
  }
  const foot = `end ${bytes} ${sum.toString(16).padStart(8, '0')}\n`
  await file.writeFile(foot)
  return bytes + foot.length
}

/** A snapshot as it was read: checked, but for what its lines say. */
export interface SnapshotFile {
  /** When it was last written, or known to be right: milliseconds since the epoch, by the machine's date. */
  readonly modifiedMs: number
  readonly bytes: number
  readonly lines: Iterable<string>
}

/**
 * Reads a snapshot; undefined if there is none.
 * @throws {SnapshotFileError}; or the file system's error if it cannot be read.
 */
export function readSnapshotFile(path: string): SnapshotFile | undefined {
  let handle: number
  try {
    // A named pipe would be waited for otherwise.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { size, mtimeMs } = fstatOfFile(handle, path)
    if (size > MAX_BYTES + MAX_FOOT_BYTES) {
      throw new SnapshotFileError(`it has ${size} bytes, more than the ${MAX_BYTES} that are read`)
    }
    const content = Buffer.allocUnsafe(size)
    let read = 0
    while (read < size) {
      const bytes = readSync(handle, content, read, size - read, read)
      if (bytes === 0) break
      read += bytes
    }
    return { modifiedMs: mtimeMs, bytes: size, lines: checkedLines(content.subarray(0, read)) }
  } finally {
    closeSync(handle)
  }
}

function fstatOfFile(handle: number, path: string): { readonly size: number; readonly mtimeMs: number } {
  const stats = fstatSync(handle)
  if (!stats.isFile()) throw new Error(`${path} is not a file`)
  return stats
}

/** @throws {SnapshotFileError} */
function checkedLines(content: Buffer): Iterable<string> {
  if (content.toString('latin1', 0, HEAD.length) !== HEAD) {
    const isOurs = content.toString('latin1', 0, 17) === HEAD.slice(0, 17)
    throw new SnapshotFileError(
      isOurs ? 'its form is of another version' : 'it does not begin as a snapshot does',
    )
  }
  const end = content.lastIndexOf('\n', -2) + 1
  const [, bytes, sum] = FOOT.exec(content.toString('latin1', Math.max(end, content.length - 64))) ?? []
  if (Number(bytes) !== end) throw new SnapshotFileError('its end is missing')
  if (Number.parseInt(`${sum}`, 16) !== crc32(content.subarray(0, end))) {
    throw new SnapshotFileError('its checksum is not that of its content')
  }
  return linesBetween(content, HEAD.length, end)
}

function* linesBetween(content: Buffer, from: number, to: number): Generator<string> {
  for (let start = from; start < to; ) {
    const end = content.indexOf(10, start)
    yield content.toString('utf8', start, end)
    start = end + 1
  }
}
