import type { Logger } from 'pino'
import type { LogThrottle } from '../../common/log-throttle.ts'
import type { HandshakeOptions } from '../../remoting/server/connection-handshake.ts'
import type { TlsAcceptor } from '../../remoting/server/tls-acceptor.ts'
import type { Scheduler } from '../time.ts'
import type { CertificateWatch } from './certificate-watch.ts'
import { readTlsSettings, type TlsConfiguration, TlsContextError, type TlsSettings } from './tls-settings.ts'

export interface ServerTlsOptions {
  readonly configuration: TlsConfiguration
  readonly logger: Logger
  readonly scheduler: Scheduler
  readonly throttle: LogThrottle
}

/** How often certificate files are checked; Java's constant. */
const WATCH_PERIOD_MS = 500

/**
 * The server's side of TLS: its settings, the certificate in effect, and a new one when its files have changed.
 *
 * The TLS modules of Node are loaded when the first context is made: at the start if files are set, else (in test mode) for the
 * first TLS client, so that a server without TLS clients starts fast.
 */
export class ServerTls {
  readonly #options: ServerTlsOptions
  #acceptor: TlsAcceptor | undefined
  /** The settings for the first TLS client in test mode. */
  #lateSettings: TlsSettings | undefined
  #making: Promise<TlsAcceptor | undefined> | undefined
  #endWatch: (() => void) | undefined
  #isReloading = false

  constructor(options: ServerTlsOptions) {
    this.#options = options
  }

  /** The TLS mode of the server's connections, and their acceptor of TLS clients; undefined while there is none. */
  get handshakeOptions(): Pick<HandshakeOptions, 'tlsMode' | 'tlsAcceptor'> {
    return {
      tlsMode: this.#mode,
      tlsAcceptor: async () => this.#acceptor ?? (await this.#makeLate()),
    }
  }

  get #mode(): HandshakeOptions['tlsMode'] {
    return this.#options.configuration.values['tls.server.mode']
  }

  /**
   * Reads the settings, logs what is in effect, and watches the files.
   * @throws {ConfigError} A setting that cannot be used.
   * @throws {TlsContextError} Files that cannot be used, in `enforcing` mode; in `permissive` mode they are an error in the log,
   * TLS connections are rejected and plaintext is served.
   */
  async start(): Promise<void> {
    const { configuration, logger } = this.#options
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
    // Checked before they are read for the context, or a change in between would be missed.
    const watch = values['tls.test.mode.enable'] ? undefined : await watchOf(settings)
    try {
      this.#acceptor = await this.#make(settings)
      this.#describe(settings, 'TLS in effect')
    } catch (error) {
      if (!(error instanceof TlsContextError) || this.#mode === 'enforcing') throw error
      this.#logRejected(error)
    }
    if (watch !== undefined) this.#begin(watch)
  }

  /** Ends the watch. */
  stop(): void {
    this.#endWatch?.()
  }

  #begin(watch: CertificateWatch): void {
    watch.settle(this.#acceptor !== undefined)
    this.#endWatch = this.#options.scheduler.every(WATCH_PERIOD_MS, () => {
      if (!this.#isReloading && watch.isDue()) void this.#reload(watch)
    })
  }

  /** Never rejects; clients that come meanwhile get the same promise. */
  #makeLate(): Promise<TlsAcceptor | undefined> {
    const settings = this.#lateSettings
    if (settings === undefined) return Promise.resolve(undefined)
    this.#making ??= this.#make(settings)
      .then((made) => {
        this.#acceptor = made
        return made
      })
      .catch((error: Error) => {
        // The program may have been replaced on disk while it runs; the next client tries again.
        this.#making = undefined
        this.#logRejected(error)
        return undefined
      })
    return this.#making
  }

  /** Never rejects. */
  async #reload(watch: CertificateWatch): Promise<void> {
    const { configuration, logger } = this.#options
    this.#isReloading = true
    try {
      const settings = readTlsSettings(configuration)
      this.#acceptor = await this.#make(settings)
      watch.settle(true)
      this.#describe(settings, 'TLS files changed; in effect for new connections')
      this.#warnOf(settings)
    } catch (error) {
      watch.settle(false)
      const { code, message } = error as NodeJS.ErrnoException
      const line = 'TLS files changed and cannot be used; the previous ones stay in effect'
      logger.error({ code }, `${line}: ${message}`)
    } finally {
      this.#isReloading = false
    }
  }

  /** Throttled, because without a context each TLS client tries again. */
  #logRejected({ code, message: error }: NodeJS.ErrnoException): void {
    this.#options.throttle.log('error', 'TLS connections are rejected', { code, error })
  }

  /** @throws {ConfigError | TlsContextError} */
  async #make(settings: TlsSettings): Promise<TlsAcceptor> {
    const { createTlsAcceptor } = await import('./server-context.ts')
    const { configuration, logger } = this.#options
    const { tlsAllowWeakCertificates } = configuration.values
    const { context, weakness, isLowered } = createTlsAcceptor(settings, tlsAllowWeakCertificates)
    if (weakness !== undefined) {
      logger.warn({ weakness }, 'weak certificate in tls.server.certPath; replace it')
    }
    if (isLowered && tlsAllowWeakCertificates && settings.values['tls.server.authClient']) {
      logger.warn('tlsAllowWeakCertificates is on: weak certificates of clients are accepted')
    }
    return context
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
    this.#options.logger.info(
      { mode: this.#mode, testMode, ...(!testMode && identity), ...offered, configFile },
      message,
    )
  }

  #warnOf({ configFile, ignoredKeys, warnings }: TlsSettings): void {
    const { logger } = this.#options
    for (const warning of warnings) logger.warn({ configFile }, warning)
    if (ignoredKeys.length > 0) {
      logger.warn(
        { configFile, keys: ignoredKeys },
        'tls.config.file has keys that it cannot set; they are ignored',
      )
    }
  }
}

async function watchOf(settings: TlsSettings): Promise<CertificateWatch> {
  const { CertificateWatch } = await import('./certificate-watch.ts')
  return new CertificateWatch(settings.values)
}
