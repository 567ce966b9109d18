import { lstatSync, type Stats } from 'node:fs'
import { CommandError } from '../command-error.ts'

/**
 * Checks that a command may write a file, before it asks a server.
 * @param mayReplace - Whether an existing file may be replaced.
 * @throws {CommandError} `usage` if something is there that must not be replaced.
 */
export function checkTargetFile(file: string, mayReplace: boolean): void {
  const there = statsOf(file)
  if (there === undefined) return
  if (!there.isFile()) throw new CommandError('usage', `${file} is not a regular file: it is not replaced`)
  if (!mayReplace) throw new CommandError('usage', `${file} exists: replace it with -y`)
}

/** Undefined if there is no such file, or it cannot be seen: writing it then says why. */
function statsOf(file: string): Stats | undefined {
  try {
    return lstatSync(file)
  } catch {
    return undefined
  }
}
