import { type FileHandle, stat } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { CodedError } from '../../common/coded-error.ts'
import { type FileContent, readRegularFile } from '../config/read-file.ts'
import { replaceFile, unlessCode } from './atomic-file.ts'

/** Max size of a snapshot: several million topics. It is read at once, so the limit also protects memory from a foreign file. */
const MAX_BYTES = 256 * 1024 * 1024

/** First line: what the file is, and the version of its format. */
const HEAD = 'mqnamesrv routes 1\n'
/** Last line: the number of bytes before it, and their CRC-32. */
const FOOT = /^end (\d{1,12}) ([0-9a-f]{8})\n$/
const MAX_FOOT_BYTES = 'end 123456789012 01234567\n'.length

/** A file that is not a usable snapshot: damaged, foreign, or of another version. */
export class SnapshotFileError extends CodedError<'ERR_SNAPSHOT_FILE'> {}

/**
 * Writes a snapshot piece by piece. A crash at any moment leaves the old or the new file whole.
 *
 * @param nextPiece - The next piece of text, whole lines or not; empty at the end.
 * @returns Bytes written.
 * @throws The file system's error, or that of `nextPiece`, as {@link replaceFile} does.
 */
export async function writeSnapshotFile(
  path: string,
  nextPiece: () => string | Promise<string>,
): Promise<number> {
  const old = await stat(path).catch((error) => unlessCode(error, 'ENOENT'))
  // A device or a folder is not replaced by a file.
  if (old?.isFile() === false) throw new Error(`${path} is not a file`)
  let bytes = 0
  await replaceFile(path, async (file) => {
    bytes = await writeWhole(file, nextPiece)
  })
  return bytes
}

async function writeWhole(file: FileHandle, nextPiece: () => string | Promise<string>): Promise<number> {
  let bytes = 0
  let sum = 0
  for (let piece = HEAD; piece !== ''; piece = await nextPiece()) {
    const chunk = Buffer.from(piece)
    sum = crc32(chunk, sum)
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`the snapshot exceeds ${MAX_BYTES} bytes`)
    await file.writeFile(chunk)
  }
  const foot = `end ${bytes} ${sum.toString(16).padStart(8, '0')}\n`
  await file.writeFile(foot)
  return bytes + foot.length
}

/** A snapshot file whose head, end and checksum are right; its lines are not checked. */
export interface SnapshotFile {
  /** When it was last written or confirmed: milliseconds since the epoch, by the system date. */
  readonly modifiedMs: number
  readonly bytes: number
  readonly lines: Iterable<string>
}

/**
 * Reads a snapshot; undefined if there is none.
 * @throws {SnapshotFileError}; or the file system's error if it cannot be read.
 */
export function readSnapshotFile(path: string): SnapshotFile | undefined {
  let file: FileContent
  try {
    file = readRegularFile(path, ({ size }) => {
      if (size <= MAX_BYTES + MAX_FOOT_BYTES) return
      throw new SnapshotFileError('ERR_SNAPSHOT_FILE', `its ${size} bytes exceed the limit of ${MAX_BYTES}`)
    })
  } catch (error) {
    return unlessCode(error, 'ENOENT')
  }
  const { bytes, stats } = file
  return { modifiedMs: stats.mtimeMs, bytes: stats.size, lines: checkedLines(bytes) }
}

/** @throws {SnapshotFileError} */
function checkedLines(content: Buffer): Iterable<string> {
  if (content.toString('latin1', 0, HEAD.length) !== HEAD) {
    const isOurs = content.toString('latin1', 0, 17) === HEAD.slice(0, 17)
    throw new SnapshotFileError(
      'ERR_SNAPSHOT_FILE',
      isOurs ? 'unknown format version' : 'not a route snapshot',
    )
  }
  const end = content.lastIndexOf('\n', -2) + 1
  const [, bytes, sum] = FOOT.exec(content.toString('latin1', Math.max(end, content.length - 64))) ?? []
  if (Number(bytes) !== end)
    throw new SnapshotFileError('ERR_SNAPSHOT_FILE', 'incomplete: the end line is missing')
  if (Number.parseInt(`${sum}`, 16) !== crc32(content.subarray(0, end))) {
    throw new SnapshotFileError('ERR_SNAPSHOT_FILE', 'checksum mismatch')
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
