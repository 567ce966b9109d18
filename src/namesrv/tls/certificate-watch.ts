import type { TlsSettings } from './tls-settings.ts'
import { WatchedFile } from './watched-file.ts'

/**
 * Tells when a server's certificate files call for a new TLS context: when the trusted certificates have changed, or both the
 * certificate and its key. One of the two alone would not fit the other.
 *
 * @see NettyRemotingServer and FileWatchService in apache/rocketmq: files that are missing at the start are not watched
 */
export class CertificateWatch {
  readonly #trust: WatchedFile | undefined
  readonly #pair: readonly WatchedFile[]
  readonly #changedOfPair = new Set<WatchedFile>()
  /** The last attempt failed, so whatever changes next may be what was missing. */
  #isBroken = false

  constructor(values: TlsSettings['values']) {
    const trustPath = values['tls.server.trustCertPath']
    this.#trust = watched(trustPath)
    this.#pair = ['tls.server.certPath' as const, 'tls.server.keyPath' as const].flatMap(
      (key) => watched(values[key]) ?? [],
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

  /** To be told what came of the new context, or of the first one. */
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
