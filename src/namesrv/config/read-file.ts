import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'

/** Paths that stand for an open file of this process, as `<(command)` does in a shell; and the empty file. */
const STREAM = /^\/dev\/(stdin|null|fd\/\d+)$|^\/proc\/self\/fd\/\d+$/

/** The content of a file, and what the file system says of it. */
export interface FileContent {
  readonly bytes: Buffer
  readonly stats: Stats
}

/**
 * Reads a whole file. Never waits for another process, as for the writer of a named pipe, and never reads a device.
 *
 * @param check - Called before it is read; throws if it is, for instance, too large.
 * @throws The error of the file system or of `check`, or one that says what is in the place of a regular file.
 */
export function readRegularFile(path: string, check: (stats: Stats) => void = () => {}): FileContent {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(handle)
    // Reading a folder fails with an error of its own.
    if (!stats.isFile() && !stats.isDirectory())
      throw new Error(`it is a ${stats.isFIFO() ? 'named pipe' : 'device'}; a regular file is needed`)
    check(stats)
    return { bytes: readFileSync(handle), stats }
  } finally {
    closeSync(handle)
  }
}

/**
 * Reads a file that a user names for a single reading: a regular file, `/dev/stdin`, `/dev/null`, or what a shell puts in for
 * `<(command)`. Waits for the end of such a stream.
 *
 * @param check - As for {@link readRegularFile}; not called for a stream.
 * @throws As {@link readRegularFile}.
 */
export function readFileOrStream(path: string, check?: (stats: Stats) => void): Buffer {
  return STREAM.test(path) ? readFileSync(path) : readRegularFile(path, check).bytes
}
