import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import * as nodeFileSystem from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { backupPath, hasContent } from './backup.ts'
import { temporariesOf } from './leftovers.ts'

/** What is used of Node's file system, so that tests can let it fail at every step. */
export type FileSystem = Pick<
  typeof nodeFileSystem,
  'mkdir' | 'open' | 'readdir' | 'readlink' | 'realpath' | 'rename' | 'stat' | 'unlink'
>

/** By whom a file can be read and written, and what is in it if a backup is to be made. */
interface OldFile {
  readonly stats: Stats
  readonly content: Buffer | undefined
}

/** What takes the place of a file. */
export interface Replacement<Result> {
  /** Writes the new content into an empty file. */
  readonly write: (file: FileHandle) => Promise<Result>
  /** Whether a previous content is kept as `<path>.bak`. Default: never, and it is not read. */
  readonly keepsBackup?: (old: Buffer) => boolean
  /** Called at the moment from which on a restart reads the new content. */
  readonly onReplaced?: () => void
}

type FileHandle = nodeFileSystem.FileHandle

/** Random letters in the names of temporary files: two processes that replace one file never write into the same. */
const TOKEN_BYTES = 4

/**
 * Replaces a file so that a crash at any moment leaves the old or the new content whole: a temporary file beside it is
 * written, forced to disk and renamed over it, and then the folder is forced to disk. Missing folders are made. The new file may be
 * read and written by whom the old one could be. Where the path is a link, the file it leads to is replaced or made, and the link
 * stays. Temporary files that a crash has left are removed. The disk is waited for outside of the event loop.
 *
 * Not to be called again for the same path before it has ended.
 *
 * @returns What `write` has returned.
 * @throws (rejects) The file system's error, or what `write` rejects with. If `onReplaced` has not been called, the old content is
 * still in place. If it has, the folder could not be forced to disk: a power failure may bring the old content back.
 */
export async function replaceFile<Result>(
  path: string,
  { write, keepsBackup, onReplaced = () => {} }: Replacement<Result>,
  fs: FileSystem = nodeFileSystem,
): Promise<Result> {
  const target = await linkedFile(fs, resolve(path))
  await makeFolder(fs, dirname(target))
  const old = await readOld(fs, target, keepsBackup !== undefined)
  const temporaries: string[] = []
  // Opened first: once the file has been replaced, nothing must fail that can be known before.
  const folder = await fs.open(dirname(target), 'r')
  try {
    const { temporary, result } = await writeBeside(fs, target, write, old, temporaries)
    const content = old?.content
    if (content !== undefined && keepsBackup?.(content) === true) {
      // The backup, too, appears whole or not at all.
      const backup = backupPath(resolve(path))
      const copy = await writeBeside(fs, backup, (file) => file.writeFile(content), old, temporaries)
      await fs.rename(copy.temporary, backup)
    }
    await fs.rename(temporary, target)
    onReplaced()
    await force(folder).catch((error) => Promise.reject(inPlaceAllTheSame(error)))
    return result
  } catch (error) {
    for (const temporary of temporaries) await removeIfPossible(fs, temporary)
    throw error
  } finally {
    // It has been read from only: nothing can be lost by a close that fails.
    await folder.close().catch(() => {})
  }
}

/**
 * Replaces a file by this content, and keeps what was there before as `<path>.bak`, as Java does.
 * @param isWhole - Whether a previous content may replace the backup: an empty or damaged file must not. Default: not empty.
 * @throws (rejects) As {@link replaceFile}.
 * @see MixAll#string2File in apache/rocketmq, which overwrites in place
 */
export function writeFileAtomically(
  path: string,
  content: Buffer,
  onReplaced: () => void = () => {},
  fs: FileSystem = nodeFileSystem,
  isWhole: (old: Buffer) => boolean = hasContent,
): Promise<void> {
  const write = (file: FileHandle): Promise<void> => file.writeFile(content)
  return replaceFile(path, { write, keepsBackup: isWhole, onReplaced }, fs)
}

/** Where a link leads to, also if nothing is there yet; the path itself if it is none. */
async function linkedFile(fs: FileSystem, path: string): Promise<string> {
  try {
    return await fs.realpath(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  const link = await fs.readlink(path).catch((error) => unlessCode(error, 'ENOENT', 'EINVAL'))
  return link === undefined ? path : await linkedFile(fs, resolve(dirname(path), link))
}

/** The names of new folders, too, must outlive a power failure. */
async function makeFolder(fs: FileSystem, path: string): Promise<void> {
  const first = await fs.mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let made = path; ; made = dirname(made)) {
    const parent = await fs.open(dirname(made), 'r')
    try {
      await force(parent)
    } finally {
      await parent.close()
    }
    if (made === first) return
  }
}

async function readOld(fs: FileSystem, path: string, wholly: boolean): Promise<OldFile | undefined> {
  if (!wholly) {
    // One that may not be read, such as root's, may be replaced all the same.
    const stats = await fs.stat(path).catch((error) => unlessCode(error, 'ENOENT'))
    return stats && { stats, content: undefined }
  }
  const handle = await fs.open(path, 'r').catch((error) => unlessCode(error, 'ENOENT'))
  if (handle === undefined) return undefined
  try {
    return { stats: await handle.stat(), content: wholly ? await handle.readFile() : undefined }
  } finally {
    await handle.close()
  }
}

/**
 * Writes a temporary file beside the one whose place it is to take, and forces it to disk.
 * @param temporaries - Told its name before there is anything of it.
 * @returns Its name, and what writing it has returned.
 */
async function writeBeside<Result>(
  fs: FileSystem,
  path: string,
  write: (file: FileHandle) => Promise<Result>,
  old: OldFile | undefined,
  temporaries: string[],
): Promise<{ readonly temporary: string; readonly result: Result }> {
  await removeStale(fs, path)
  const temporary = `${path}.${randomBytes(TOKEN_BYTES).toString('hex')}.tmp`
  temporaries.push(temporary)
  const mode = old === undefined ? 0o644 : old.stats.mode & 0o777
  const handle = await fs.open(temporary, 'wx', mode)
  let result: Result
  try {
    // Before the first byte is written: it may be a password.
    if (old !== undefined) {
      await keepOwner(handle, old.stats)
      await handle.chmod(mode)
    }
    result = await write(handle)
    await handle.sync()
  } catch (error) {
    await handle.close().catch(() => {})
    throw error
  }
  // Some file systems tell only now that they have not stored it.
  await handle.close()
  return { temporary, result }
}

/** What a process left that died while it wrote. One that is alive finds its file gone, and reports that. */
async function removeStale(fs: FileSystem, path: string): Promise<void> {
  const folder = dirname(path)
  for (const found of temporariesOf(path, await fs.readdir(folder))) {
    await removeIfPossible(fs, join(folder, found))
  }
}

/** What went wrong before matters more than a temporary file that cannot be removed. */
async function removeIfPossible(fs: FileSystem, path: string): Promise<void> {
  await fs.unlink(path).catch(() => {})
}

/** Only root may give a file away; everybody else has made it his own by replacing it. */
async function keepOwner(handle: FileHandle, { uid, gid }: Stats): Promise<void> {
  await handle.chown(uid, gid).catch((error) => unlessCode(error, 'EPERM'))
}

/** Some file systems cannot force a folder to disk; there the rename is as lasting as they make it. */
async function force(folder: FileHandle): Promise<void> {
  await folder.sync().catch((error) => unlessCode(error, 'EINVAL', 'ENOTSUP'))
}

/** The same error, with what its reader must know besides. */
function inPlaceAllTheSame(cause: NodeJS.ErrnoException): Error {
  const { message, code, syscall } = cause
  const error = new Error(`${message}; the change is in force, and a power failure may undo it`, { cause })
  return Object.assign(error, { code, syscall })
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}

/** Throws the error unless it has one of these codes. */
function unlessCode(error: unknown, ...codes: readonly string[]): undefined {
  if (!hasCode(error, ...codes)) throw error
  return undefined
}
