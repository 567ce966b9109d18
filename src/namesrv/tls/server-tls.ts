import type { SecureContextOptions } from 'node:tls'
import { isoTime } from '../../common/iso-time.ts'
import { EXPIRES_SOON_MS } from '../../inspect/findings/server-rules.ts'
import type { WatchedCertificate } from '../../inspect/sources.ts'
import type { HandshakeOptions } from '../../remoting/server/connection-handshake.ts'
import type { TlsAcceptor } from '../../remoting/server/tls-acceptor.ts'
import { type FileState, fileState } from '../files/file-state.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { readTlsSettings, TlsContextError, type TlsSettings } from './tls-settings.ts'

/** How often certificate files are checked; Java's constant. */
const WATCH_PERIOD_MS = 500
const DAY_MS = 86_400_000

/**
 * The server's side of TLS: its settings, the certificate in effect, and a new one when its files have changed.
 *
 * The TLS modules of Node are loaded when the first context is made: at the start if files are set, else (in test mode) for the
 * first TLS client, so that a server without TLS clients starts fast.
 */
export class ServerTls {
  readonly #context: NamesrvContext
  /** Never rejects; undefined while TLS connections are rejected. */
  #acceptor: Promise<TlsAcceptor | undefined> = Promise.resolve(undefined)
  /** The settings for the first TLS client in test mode. */
  #lateSettings: TlsSettings | undefined
  /** Called when files have changed and could be used. */
  #onReload: ((settings: TlsSettings) => Promise<void>) | undefined
  #endWatch: (() => void) | undefined
  /** Those in effect that come from files. */
  certificates: readonly WatchedCertificate[] = []

  constructor(context: NamesrvContext) {
    this.#context = context
  }

  /** The TLS mode of the server's connections, and their acceptor of TLS clients; undefined while there is none. */
  get handshakeOptions(): Pick<HandshakeOptions, 'tlsMode' | 'tlsAcceptor'> {
    return {
      tlsMode: this.#mode,
      tlsAcceptor: () => {
        if (this.#lateSettings !== undefined) this.#acceptor = this.#makeLate(this.#lateSettings)
        return this.#acceptor
      },
    }
  }

  get #mode(): HandshakeOptions['tlsMode'] {
    return this.#context.configuration.values['tls.server.mode']
  }

  /**
   * Reads the settings, logs what is in effect, and watches the files.
   * @throws {ConfigError} A setting that cannot be used.
   * @throws {TlsContextError} Files that cannot be used, in `enforcing` mode; in `permissive` mode they are an error in the log,
   * TLS connections are rejected and plaintext is served.
   */
  async start(): Promise<void> {
    const { configuration, logger } = this.#context
    if (this.#mode === 'disabled') {
      logger.info({ mode: this.#mode }, 'TLS is disabled')
      return
    }
    const settings = readTlsSettings(configuration)
    const { values } = settings
    this.#warnOf(settings)
    // Without files, ciphers or protocols nothing can be wrong, so the context can wait for a client.
    if (values['tls.test.mode.enable'] && !values['tls.ciphers'] && !values['tls.protocols']) {
      this.#describe(settings, 'TLS in effect')
      this.#lateSettings = settings
      return
    }
    // Created before the files are read for the context, or a change in between would be missed.
    const watch = new CertificateWatch(values)
    let isUsable = true
    try {
      this.#use(await this.#make(settings))
      this.#describe(settings, 'TLS in effect')
    } catch (error) {
      if (!(error instanceof TlsContextError) || this.#mode === 'enforcing') throw error
      isUsable = false
      this.#logRejected(error)
    }
    if (!values['tls.test.mode.enable']) this.#start(watch, isUsable)
  }

  #start(watch: CertificateWatch, isUsable: boolean): void {
    watch.settle(isUsable)
    const { scheduler } = this.#context
    const ends = [
      scheduler.every(WATCH_PERIOD_MS, () => {
        if (watch.isDue()) void this.#reload(watch)
      }),
      scheduler.every(DAY_MS, () => this.#warnOfExpiry()),
    ]
    this.#endWatch = () => {
      for (const end of ends) end()
    }
  }

  #use({ acceptor, certificates }: TlsInEffect): void {
    this.#acceptor = Promise.resolve(acceptor)
    this.certificates = certificates
    this.#warnOfExpiry()
  }

  #warnOfExpiry(): void {
    for (const { use, path, notAfterMs } of this.certificates) {
      const leftMs = notAfterMs - Date.now()
      if (leftMs > EXPIRES_SOON_MS) continue
      const fields = { use, path, notAfter: isoTime(notAfterMs), daysLeft: Math.floor(leftMs / DAY_MS) }
      if (leftMs > 0) this.#context.logger.warn(fields, 'TLS certificate expires soon')
      else this.#context.logger.error(fields, 'TLS certificate has expired')
    }
  }

  /**
   * The certificate of the server for HTTPS, and its protocols and ciphers.
   * @param onChange - Called with new ones when files have changed, also if those of now cannot be used.
   * @throws {ConfigError | TlsContextError} (rejects) They cannot be used.
   */
  async httpsOptions(
    onChange: (options: SecureContextOptions) => Promise<void> | void,
  ): Promise<SecureContextOptions> {
    const { createHttpsOptions } = await import('./tls-contexts.ts')
    const settings = readTlsSettings(this.#context.configuration)
    this.#onReload = async (changed) => onChange(createHttpsOptions(changed))
    // In the other modes the start has done the rest.
    if (this.#mode !== 'disabled' || settings.values['tls.test.mode.enable'])
      return createHttpsOptions(settings)
    const watch = new CertificateWatch(settings.values)
    let isUsable = false
    try {
      const options = createHttpsOptions(settings)
      this.#use(await this.#make(settings))
      this.#warnOf(settings)
      isUsable = true
      return options
    } finally {
      this.#start(watch, isUsable)
    }
  }

  /** Ends the watch. */
  stop(): void {
    this.#endWatch?.()
  }

  async #makeLate(settings: TlsSettings): Promise<TlsAcceptor | undefined> {
    this.#lateSettings = undefined
    try {
      return (await this.#make(settings)).acceptor
    } catch (error) {
      // The program may have been replaced on disk while it runs; the next client tries again.
      this.#lateSettings = settings
      this.#logRejected(error as Error)
      return undefined
    }
  }

  /** Never rejects. */
  async #reload(watch: CertificateWatch): Promise<void> {
    const { configuration, logger } = this.#context
    try {
      const settings = readTlsSettings(configuration)
      const made = await this.#make(settings)
      await this.#onReload?.(settings)
      this.#use(made)
      watch.settle(true)
      this.#describe(settings, 'TLS files changed; in effect for new connections')
      this.#warnOf(settings)
    } catch (error) {
      watch.settle(false)
      const { code, message } = error as NodeJS.ErrnoException
      const line =
        (await this.#acceptor) === undefined
          ? 'TLS files changed and cannot be used; TLS connections are still rejected'
          : 'TLS files changed and cannot be used; the previous ones stay in effect'
      logger.error({ code, error: message }, line)
    }
  }

  /** Throttled, because without a context each TLS client tries again. */
  #logRejected({ code, message: error }: NodeJS.ErrnoException): void {
    this.#context.throttle.log('error', 'TLS connections are rejected', { code, error })
  }

  /** @throws {ConfigError | TlsContextError} */
  async #make(settings: TlsSettings): Promise<TlsInEffect> {
    const { createTlsAcceptor } = await import('./tls-contexts.ts')
    const { configuration, logger } = this.#context
    const { tlsAllowWeakCertificates } = configuration.values
    const { context, weakness, isLowered, certificates } = createTlsAcceptor(
      settings,
      tlsAllowWeakCertificates,
    )
    if (weakness !== undefined) {
      logger.warn({ weakness }, 'weak certificate in tls.server.certPath; replace it')
    }
    if (isLowered && tlsAllowWeakCertificates && settings.values['tls.server.authClient']) {
      logger.warn({}, 'tlsAllowWeakCertificates is on: weak certificates of clients are accepted')
    }
    return { acceptor: context, certificates }
  }

  #describe({ values, configFile }: TlsSettings, message: string): void {
    const testMode = values['tls.test.mode.enable']
    const offered = { protocols: values['tls.protocols'], ciphers: values['tls.ciphers'] }
    const identity = {
      clientAuth: values['tls.server.need.client.auth'].toLowerCase(),
      verifyClient: values['tls.server.authClient'],
      certPath: values['tls.server.certPath'],
      keyPath: values['tls.server.keyPath'],
      trustCertPath: values['tls.server.trustCertPath'],
    }
    this.#context.logger.info(
      { mode: this.#mode, testMode, ...(!testMode && identity), ...offered, configFile },
      message,
    )
  }

  #warnOf({ configFile, ignoredKeys, warnings }: TlsSettings): void {
    const { logger } = this.#context
    for (const { message, fields } of warnings) logger.warn(fields, message)
    if (ignoredKeys.length > 0) {
      logger.warn(
        { configFile, keys: ignoredKeys },
        'tls.config.file has keys that it cannot set; they are ignored',
      )
    }
  }
}

interface TlsInEffect {
  readonly acceptor: TlsAcceptor
  readonly certificates: readonly WatchedCertificate[]
}

const WATCHED_KEYS = ['tls.server.trustCertPath', 'tls.server.certPath', 'tls.server.keyPath'] as const
type WatchedKey = (typeof WATCHED_KEYS)[number]

/**
 * Finds out when a server's certificate files call for a new TLS context: when the trusted certificates have changed, or both
 * the certificate and its key. One of the two alone would not fit the other.
 *
 * @see NettyRemotingServer and FileWatchService in apache/rocketmq: files that are missing at the start are not watched
 */
class CertificateWatch {
  readonly #values: TlsSettings['values']
  /** The files at the last check. */
  readonly #files = new Map<WatchedKey, FileState>()
  /** Files that have changed since the last context was made. */
  readonly #changed = new Set<WatchedKey>()
  /** The last attempt failed, so the next change of one file may be what was missing. */
  #isBroken = false

  constructor(values: TlsSettings['values']) {
    this.#values = values
    for (const key of WATCHED_KEYS) {
      const state = fileState(values[key])
      if (state !== undefined) this.#files.set(key, state)
    }
  }

  /** Whether files have changed since the last check so that a new context is due. */
  isDue(): boolean {
    let hasChange = false
    for (const [key, before] of this.#files) {
      const state = fileState(this.#values[key], before)
      // A file that is being replaced may be missing for a moment.
      if (state === undefined || state === before) continue
      this.#files.set(key, state)
      if (state.checksum === before.checksum) continue
      this.#changed.add(key)
      hasChange = true
    }
    if (!hasChange || this.#isBroken) return hasChange
    const [trust, cert, key] = WATCHED_KEYS
    return this.#changed.has(trust) || (this.#changed.has(cert) && this.#changed.has(key))
  }

  /** @param worked - Whether the last context, the first one included, could be made. */
  settle(worked: boolean): void {
    this.#isBroken = !worked
    if (worked) this.#changed.clear()
  }
}
