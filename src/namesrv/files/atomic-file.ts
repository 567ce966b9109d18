import { readdirSync, readlinkSync, realpathSync, type Stats, unlinkSync } from 'node:fs'
import * as nodeFileSystem from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { NamesrvLogger } from '../../common/logger.ts'
import { NotDurableError } from '../../common/not-durable-error.ts'
import { readRegularFile } from '../config/read-file.ts'

/** The functions used of Node's file system, so that tests can let each of them fail. */
export type FileSystem = Pick<
  typeof nodeFileSystem,
  'mkdir' | 'open' | 'readdir' | 'readFile' | 'readlink' | 'realpath' | 'rename' | 'stat' | 'unlink'
>

/** New content of a file, or a function that writes it into an empty file. */
export type Content = Buffer | ((file: FileHandle) => Promise<void>)

export interface ReplaceOptions {
  /** Whether the old content is kept as `<path>.bak`, as Java does. Default: never, and it is not read. */
  readonly keepsBackup?: (old: Buffer) => boolean
  /** Called as soon as a restart would read the new content. */
  readonly onReplaced?: () => void
  readonly fs?: FileSystem
}

type FileHandle = nodeFileSystem.FileHandle

/** The end of a temporary file's name, after the name of the file to be replaced. */
const TEMPORARY = /^\.[0-9a-f]{8}\.tmp$/

/**
 * Replaces a file so that a crash at any moment leaves either the old or the new content, whole: writes a temporary file beside it,
 * forces it to disk, renames it over the old file, and forces the folder to disk.
 *
 * Creates missing folders, keeps owner and mode, follows links, and removes temporary files that a crash left. Never blocks the
 * event loop. Must not be called again for the same path before it has ended.
 *
 * @throws (rejects) The file system's error, or what `content` rejects with: the old content is in place.
 * @throws {NotDurableError} (rejects) `onReplaced` was called and the new content is in place; a power failure may undo it.
 * @see MixAll#string2File in apache/rocketmq, which overwrites in place
 */
export async function replaceFile(
  path: string,
  content: Content,
  { keepsBackup, onReplaced, fs = nodeFileSystem }: ReplaceOptions = {},
): Promise<void> {
  const target = await linkedFile(fs, resolve(path))
  const backup = backupPath(resolve(path))
  await makeFolder(fs, dirname(target))
  const stats = await fs.stat(target).catch((error) => unlessCode(error, 'ENOENT'))
  // Without a backup, a file that may not be read, such as root's, can still be replaced.
  const old = stats && keepsBackup && (await fs.readFile(target))
  // Opened first: after the rename, only forcing it to disk may still fail.
  const folder = await fs.open(dirname(target), 'r')
  try {
    const temporary = await writeBeside(fs, target, content, stats)
    // The backup is replaced atomically too.
    if (old && keepsBackup?.(old)) await fs.rename(await writeBeside(fs, backup, old, stats), backup)
    await fs.rename(temporary, target)
    onReplaced?.()
    await force(folder).catch((error) => Promise.reject(new NotDurableError(error)))
  } catch (error) {
    // The first error matters more than a temporary file that cannot be removed.
    for (const each of [target, backup]) await removeTemporaries(fs, each).catch(() => {})
    throw error
  } finally {
    // It was only read: an error on closing loses nothing.
    await folder.close().catch(() => {})
  }
}

/**
 * Returns a function that passes the outcome of a write on, and logs once that the file can be written again after failed writes.
 * @param line - `KV file can be written again`
 */
export function recoveryLog(
  line: string,
  path: string,
  logger: Pick<NamesrvLogger, 'info'>,
): (write: Promise<void>) => Promise<void> {
  let failures = 0
  return async (write) => {
    try {
      await write
    } catch (error) {
      failures++
      throw error
    }
    if (failures > 0) logger.info({ path, failures }, line)
    failures = 0
  }
}

/** Reads the backup of a file; undefined if there is none or it cannot be read. */
export function readBackup(path: string): { readonly path: string; readonly bytes: Buffer } | undefined {
  const backup = backupPath(path)
  const bytes = attempt(() => readRegularFile(backup).bytes)
  return bytes && { path: backup, bytes }
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

/** So that two processes that replace the same file do not share one. It may be guessed: only a file that is not there is opened. */
function randomToken(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
}

/**
 * Writes a temporary file beside the file that it will replace, and forces it to disk.
 * @param old - Owner and mode for it; undefined if there is no old file.
 * @returns Its name.
 */
async function writeBeside(
  fs: FileSystem,
  path: string,
  content: Content,
  old: Stats | undefined,
): Promise<string> {
  await removeTemporaries(fs, path)
  const temporary = `${path}.${randomToken()}.tmp`
  const mode = old === undefined ? 0o644 : old.mode & 0o777
  const handle = await fs.open(temporary, 'wx', mode)
  try {
    // Before the first byte is written: it may be a password.
    if (old !== undefined) {
      await keepOwner(handle, old)
      await handle.chmod(mode)
    }
    await (typeof content === 'function' ? content(handle) : handle.writeFile(content))
    await handle.sync()
  } catch (error) {
    await handle.close().catch(() => {})
    throw error
  }
  // Some file systems report a failed write only here.
  await handle.close()
  return temporary
}

/** Removes the temporary files of crashed or failed writers. A writer that is still alive fails with an error. */
async function removeTemporaries(fs: FileSystem, path: string): Promise<void> {
  const folder = dirname(path)
  for (const found of temporariesOf(path, await fs.readdir(folder))) {
    await fs.unlink(join(folder, found)).catch(() => {})
  }
}

/** Only root may change the owner; for other users the new file is their own. */
async function keepOwner(handle: FileHandle, { uid, gid }: Stats): Promise<void> {
  await handle.chown(uid, gid).catch((error) => unlessCode(error, 'EPERM'))
}

/** Some file systems cannot force a folder to disk; the rename is then as durable as they make it. */
async function force(folder: FileHandle): Promise<void> {
  await folder.sync().catch((error) => unlessCode(error, 'EINVAL', 'ENOTSUP'))
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
export function unlessCode(error: unknown, ...codes: readonly string[]): undefined {
  if (!hasCode(error, ...codes)) throw error
  return undefined
}
