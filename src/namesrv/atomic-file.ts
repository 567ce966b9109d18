import {
  closeSync,
  copyFileSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/**
 * Replaces a file so that a crash at any moment leaves the old or the new content whole: a temporary file beside it is
 * written, forced to disk and renamed over it, and then the folder is forced to disk. What was there before is kept as
 * `<path>.bak`, as Java keeps it. Missing folders are made. The new file may be read and written by whom the old one could be.
 * Where the path is a link, the file it leads to is replaced, and the link stays.
 *
 * @throws The file system's error; the old content is then still in place.
 * @see MixAll#string2File in apache/rocketmq, which overwrites in place
 */
export function writeFileAtomically(path: string, content: Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  const target = linkedFile(path)
  const folder = dirname(target)
  const temporary = `${target}.tmp`
  try {
    writeWhole(temporary, content, modeOf(target))
    keepBackup(target, `${path}.bak`)
    renameSync(temporary, target)
  } catch (error) {
    removeIfPossible(temporary)
    throw error
  }
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Where a link leads to; the path itself if it is none, or leads nowhere. */
function linkedFile(path: string): string {
  return existsSync(path) ? realpathSync(path) : path
}

/** The backup, too, appears whole or not at all. */
function keepBackup(path: string, backup: string): void {
  const temporary = `${backup}.tmp`
  try {
    copyFileSync(path, temporary)
    renameSync(temporary, backup)
  } catch (error) {
    removeIfPossible(temporary)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** What went wrong before matters more than a temporary file that cannot be removed. */
function removeIfPossible(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // The next write makes it anew, and meets the same obstacle if there is one.
  }
}

/** Permissions of a file; undefined if there is none. */
function modeOf(path: string): number | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  return mode === undefined ? undefined : mode & 0o777
}

function writeWhole(path: string, content: Buffer, mode: number | undefined): void {
  const handle = openSync(path, 'w', mode ?? 0o644)
  try {
    // Before the first byte is written: it may be a password.
    if (mode !== undefined) fchmodSync(handle, mode)
    for (let written = 0; written < content.length; ) written += writeSync(handle, content, written)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
