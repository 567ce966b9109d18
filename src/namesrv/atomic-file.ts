import {
  closeSync,
  copyFileSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
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
  // Opened first: once the file has been replaced, nothing must fail that can be known before.
  const folderHandle = openSync(folder, 'r')
  try {
    writeWhole(temporary, content, ownershipOf(target))
    keepBackup(target, `${path}.bak`)
    renameSync(temporary, target)
    forceFolder(folderHandle)
  } catch (error) {
    removeIfPossible(temporary)
    throw error
  } finally {
    closeSync(folderHandle)
  }
}

/** Some file systems cannot force a folder to disk; there the rename is as lasting as they make it. */
function forceFolder(handle: number): void {
  try {
    fsyncSync(handle)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error
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
    const like = ownershipOf(path)
    if (like !== undefined) keepBackupOwner(temporary, like)
    renameSync(temporary, backup)
  } catch (error) {
    removeIfPossible(temporary)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function keepBackupOwner(path: string, like: Stats): void {
  const handle = openSync(path, 'r')
  try {
    keepOwner(handle, like)
  } finally {
    closeSync(handle)
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

/** Whose a file is, and who may do what with it; undefined if there is none. */
function ownershipOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function writeWhole(path: string, content: Buffer, like: Stats | undefined): void {
  const handle = openSync(path, 'w', like === undefined ? 0o644 : like.mode & 0o777)
  try {
    // Before the first byte is written: it may be a password.
    if (like !== undefined) {
      keepOwner(handle, like)
      fchmodSync(handle, like.mode & 0o777)
    }
    for (let written = 0; written < content.length; ) written += writeSync(handle, content, written)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Only root may give a file away; everybody else has made it his own by replacing it. */
function keepOwner(handle: number, { uid, gid }: Stats): void {
  try {
    fchownSync(handle, uid, gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}
