import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/**
 * A file that is looked at again and again. Its status is looked at first, its content only when that has changed.
 * @see FileWatchService in apache/rocketmq
 */
export class WatchedFile {
  readonly path: string
  #status: string | undefined
  #hash: string | undefined

  constructor(path: string) {
    this.path = path
    this.hasChanged()
  }

  /** Whether it was there when it was first looked at; others are not watched by Java. */
  get exists(): boolean {
    return this.#hash !== undefined
  }

  /** Whether there is another content than the last time; a file that is missing or cannot be read has not changed. */
  hasChanged(): boolean {
    try {
      const { ino, size, mtimeMs, ctimeMs } = statSync(this.path)
      const status = `${ino} ${size} ${mtimeMs} ${ctimeMs}`
      if (status === this.#status) return false
      const hash = createHash('sha256').update(readFileSync(this.path)).digest('base64')
      this.#status = status
      if (hash === this.#hash) return false
      this.#hash = hash
      return true
    } catch {
      // A file that is being replaced may be missing for a moment.
      return false
    }
  }
}
