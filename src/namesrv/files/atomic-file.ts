import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync, realpathSync, type Stats, unlinkSync } from 'node:fs'
import * as nodeFileSystem from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** The functions used of Node's file system, so that tests can let each of them fail. */
export type FileSystem = Pick<
  typeof nodeFileSystem,
  'mkdir' | 'open' | 'readdir' | 'readlink' | 'realpath' | 'rename' | 'stat' | 'unlink'
>

/** Owner and mode of the file that is replaced, and its content if a backup may be made of it. */
interface OldFile {
  readonly stats: Stats
  readonly content: Buffer | undefined
}

/** The new content of a file. */
export interface Replacement<Result> {
  /** Writes the new content into an empty file. */
  readonly write: (file: FileHandle) => Promise<Result>
  /** Whether the old content is kept as `<path>.bak`. Default: never, and it is not read. */
  readonly keepsBackup?: (old: Buffer) => boolean
  /** Called as soon as a restart would read the new content. */
  readonly onReplaced?: () => void
}

/** The content of a file before its last replacement. */
export interface Backup {
  readonly path: string
  readonly bytes: Buffer
}

type FileHandle = nodeFileSystem.FileHandle

/** Random bytes in the name of a temporary file: two processes that replace the same file never share one. */
const TOKEN_BYTES = 4
/** The end of such a name, after the name of the file to be replaced. */
const TEMPORARY = /^\.[0-9a-f]{8}\.tmp$/

/**
 * Replaces a file so that a crash at any moment leaves either the old or the new content, whole: writes a temporary file beside it,
 * forces it to disk, renames it over the old file, and forces the folder to disk.
 *
 * Creates missing folders, keeps owner and mode, follows links, and removes temporary files that a crash left. Never blocks the
 * event loop. Must not be called again for the same path before it has ended.
 *
 * @returns What `write` returned.
 * @throws (rejects) The file system's error, or what `write` rejects with. Unless `onReplaced` was called, the old content is in
 * place. If it was called, the folder could not be forced to disk: a power failure may restore the old content.
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
  // Opened first: after the rename, only forcing it to disk may still fail.
  const folder = await fs.open(dirname(target), 'r')
  try {
    const { temporary, result } = await writeBeside(fs, target, write, old, temporaries)
    const content = old?.content
    if (content !== undefined && keepsBackup?.(content) === true) {
      // The backup is replaced atomically too.
      const backup = backupPath(resolve(path))
      const copy = await writeBeside(fs, backup, (file) => file.writeFile(content), old, temporaries)
      await fs.rename(copy.temporary, backup)
    }
    await fs.rename(temporary, target)
    onReplaced()
    await force(folder).catch((error) => Promise.reject(notDurable(error)))
    return result
  } catch (error) {
    for (const temporary of temporaries) await removeIfPossible(fs, temporary)
    throw error
  } finally {
    // It was only read: an error on closing loses nothing.
    await folder.close().catch(() => {})
  }
}

/**
 * Replaces a file by this content, and keeps the old content as `<path>.bak`, as Java does.
 * @param isWhole - Whether the old content may replace the backup: an empty or damaged file must not. Default: not empty.
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

/** Reads the backup of a file; undefined if there is none or it cannot be read. */
export function readBackup(path: string): Backup | undefined {
  const backup = backupPath(path)
  const bytes = attempt(() => readFileSync(backup))
  return bytes && { path: backup, bytes }
}

/** Whether a content is nothing but white space. */
export function isBlank(content: Uint8Array): boolean {
  return content.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))
}

/** Whether a content may replace a backup: a full disk leaves an empty file, a power failure one of zeros. */
export function hasContent(content: Uint8Array): boolean {
  return content.some((byte) => byte > 0x20)
}

/**
 * Removes the temporary files of a process that was killed while it replaced these files or their backups.
 *
 * Synchronous, so that it can run between binding the port and the first request: a second server, started by mistake, gets no
 * port and removes nothing, and no write of this server is under way.
 *
 * @returns The paths of the files that were removed; files that cannot be removed stay.
 */
export function removeLeftovers(paths: readonly string[]): string[] {
  const targets = paths.flatMap((path) => {
    const target =
      attempt(() => realpathSync(path)) ?? attempt(() => resolve(dirname(path), readlinkSync(path)))
    return [target ?? resolve(path), backupPath(resolve(path))]
  })
  return targets.flatMap((path) =>
    temporariesOf(path, attempt(() => readdirSync(dirname(path))) ?? [])
      .map((name) => join(dirname(path), name))
      .filter((found) => attempt(() => unlinkSync(found) ?? true) === true),
  )
}

function backupPath(path: string): string {
  return `${path}.bak`
}

/** The names of a file's temporary files among the names in its folder. */
function temporariesOf(path: string, names: readonly string[]): string[] {
  const name = basename(path)
  return names.filter((found) => found.startsWith(name) && TEMPORARY.test(found.slice(name.length)))
}

/** The target of a link, even if it does not exist yet; the path itself if it is not a link. */
async function linkedFile(fs: FileSystem, path: string): Promise<string> {
  try {
    return await fs.realpath(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  const link = await fs.readlink(path).catch((error) => unlessCode(error, 'ENOENT', 'EINVAL'))
  return link === undefined ? path : await linkedFile(fs, resolve(dirname(path), link))
}

/** Creates a folder and its parents, and forces their names to disk. */
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

async function readOld(fs: FileSystem, path: string, withContent: boolean): Promise<OldFile | undefined> {
  if (!withContent) {
    // A file that may not be read, such as root's, can still be replaced.
    const stats = await fs.stat(path).catch((error) => unlessCode(error, 'ENOENT'))
    return stats && { stats, content: undefined }
  }
  const handle = await fs.open(path, 'r').catch((error) => unlessCode(error, 'ENOENT'))
  if (handle === undefined) return undefined
  try {
    return { stats: await handle.stat(), content: await handle.readFile() }
  } finally {
    await handle.close()
  }
}

/**
 * Writes a temporary file beside the file that it will replace, and forces it to disk.
 * @param temporaries - Receives its name before the file is created.
 * @returns Its name, and what `write` returned.
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
  // Some file systems report a failed write only here.
  await handle.close()
  return { temporary, result }
}

/** Removes the temporary files of crashed writers. A writer that is still alive fails with an error. */
async function removeStale(fs: FileSystem, path: string): Promise<void> {
  const folder = dirname(path)
  for (const found of temporariesOf(path, await fs.readdir(folder))) {
    await removeIfPossible(fs, join(folder, found))
  }
}

/** The first error matters more than a temporary file that cannot be removed. */
async function removeIfPossible(fs: FileSystem, path: string): Promise<void> {
  await fs.unlink(path).catch(() => {})
}

/** Only root may change the owner; for other users the new file is their own. */
async function keepOwner(handle: FileHandle, { uid, gid }: Stats): Promise<void> {
  await handle.chown(uid, gid).catch((error) => unlessCode(error, 'EPERM'))
}

/** Some file systems cannot force a folder to disk; the rename is then as durable as they make it. */
async function force(folder: FileHandle): Promise<void> {
  await folder.sync().catch((error) => unlessCode(error, 'EINVAL', 'ENOTSUP'))
}

function notDurable(cause: NodeJS.ErrnoException): Error {
  const { message, code, syscall } = cause
  const error = new Error(`${message}; change applied but not durable: fsync of the folder failed`, { cause })
  return Object.assign(error, { code, syscall })
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}

/** Throws the error unless it has one of these codes. */
function unlessCode(error: unknown, ...codes: readonly string[]): undefined {
  if (!hasCode(error, ...codes)) throw error
  return undefined
}
