import { execFileSync } from 'node:child_process'
import { closeSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { onTestFinished } from 'vitest'

/** A file whose opening blocks, as on a disk that hangs. */
export interface SlowFile {
  /** Lets everybody go on who opens it, for whom it is empty, until another file is in its place. */
  release(): Promise<void>
}

/** Turns of the event loop after which it is not replaced any more. */
const MAX_TURNS = 20_000

/** Replaces a file by a named pipe: opening it blocks until its other end is opened. */
export function slowFile(path: string): SlowFile {
  mkdirSync(dirname(path), { recursive: true })
  execFileSync('mkfifo', [path])
  const release = async (): Promise<void> => {
    for (let turn = 0; turn < MAX_TURNS && isPipe(path); turn++) {
      // Opened for both directions it opens at once, and closed it is at its end for those who read it.
      closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
      await new Promise(setImmediate)
    }
  }
  // A thread that waits for it would keep the process of the tests from ending.
  onTestFinished(release)
  return { release }
}

function isPipe(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFIFO() === true
}
