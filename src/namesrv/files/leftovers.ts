import { readdirSync, readlinkSync, realpathSync, unlinkSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { backupPath } from './backup.ts'

/** What a temporary file is called after the name of the file whose place it takes. */
const TEMPORARY = /^\.[0-9a-f]{8}\.tmp$/

/** The names of a file's temporary files among those of its folder. */
export function temporariesOf(path: string, names: readonly string[]): string[] {
  const name = basename(path)
  return names.filter((found) => found.startsWith(name) && TEMPORARY.test(found.slice(name.length)))
}

/**
 * Removes the temporary files that a process left which was killed while it replaced these files or their backups.
 *
 * Synchronous, so that it can run after the port is bound and before the first request: a second server that is started by
 * mistake gets no port and removes nothing, and no write of this server is under way.
 *
 * @returns The paths of the files that were removed; what cannot be removed stays.
 */
export function removeLeftovers(paths: readonly string[]): string[] {
  return paths.flatMap((path) => [
    ...removeBeside(linkedFile(path)),
    ...removeBeside(backupPath(resolve(path))),
  ])
}

function removeBeside(path: string): string[] {
  const folder = dirname(path)
  return temporariesOf(path, attempt(() => readdirSync(folder)) ?? [])
    .map((name) => join(folder, name))
    .filter((found) => attempt(() => unlinkSync(found) ?? true) === true)
}

/** Where a link leads to, also if nothing is there yet; the path itself if it is none. */
function linkedFile(path: string): string {
  const existing = attempt(() => realpathSync(path))
  return existing ?? attempt(() => resolve(dirname(path), readlinkSync(path))) ?? resolve(path)
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
