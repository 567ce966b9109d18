import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { TlsSettings } from './tls-settings.ts'

/**
 * Finds out when a server's certificate files call for a new TLS context: when the trusted certificates have changed, or both
 * the certificate and its key. One of the two alone would not fit the other.
 *
 * @see NettyRemotingServer and FileWatchService in apache/rocketmq: files that are missing at the start are not watched
 */
export class CertificateWatch {
  readonly #trust: WatchedFile | undefined
  readonly #pair: readonly WatchedFile[]
  readonly #changedOfPair = new Set<WatchedFile>()
  /** The last attempt failed, so the next change of one file may be what was missing. */
  #isBroken = false

  constructor(values: TlsSettings['values']) {
    this.#trust = watched(values['tls.server.trustCertPath'])
    this.#pair = [values['tls.server.certPath'], values['tls.server.keyPath']].flatMap(
      (path) => watched(path) ?? [],
    )
  }

  /** Whether a new context is due. */
  isDue(): boolean {
    const trustChanged = this.#trust?.hasChanged() === true
    let pairChanged = false
    for (const file of this.#pair) {
      if (!file.hasChanged()) continue
      pairChanged = true
      this.#changedOfPair.add(file)
    }
    return trustChanged || (pairChanged && (this.#changedOfPair.size === 2 || this.#isBroken))
  }

  /** @param worked - Whether the last context, the first one included, could be made. */
  settle(worked: boolean): void {
    this.#isBroken = !worked
    if (worked) this.#changedOfPair.clear()
  }
}

function watched(path: string | undefined): WatchedFile | undefined {
  if (path === undefined || path === '') return undefined
  const file = new WatchedFile(path)
  return file.exists ? file : undefined
}

/** A file that is checked again and again: its status first, its content only if that has changed. */
class WatchedFile {
  readonly #path: string
  #status: string | undefined
  #hash: string | undefined

  constructor(path: string) {
    this.#path = path
    this.hasChanged()
  }

  /** Whether it existed at the first check. */
  get exists(): boolean {
    return this.#hash !== undefined
  }

  /** Whether the content differs from the last check; a file that is missing or cannot be read has not changed. */
  hasChanged(): boolean {
    try {
      const { ino, size, mtimeMs, ctimeMs } = statSync(this.#path)
      const status = `${ino} ${size} ${mtimeMs} ${ctimeMs}`
      if (status === this.#status) return false
      const hash = createHash('sha256').update(readFileSync(this.#path)).digest('base64')
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
