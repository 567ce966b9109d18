import type { Logger } from 'pino'
import type { PrefaceOptions } from '../../remoting/connection-preface.ts'
import type { TlsAcceptor } from '../../remoting/tls-acceptor.ts'
import { ConfigError } from '../config/config-error.ts'
import type { Scheduler } from '../time.ts'
import { CertificateWatch } from './certificate-watch.ts'
import { TlsContextError } from './tls-context-error.ts'
import { readTlsSettings, type TlsConfiguration, type TlsSettings } from './tls-settings.ts'

export interface ServerTlsOptions {
  readonly configuration: TlsConfiguration
  readonly logger: Logger
  readonly scheduler: Scheduler
}

/** How often certificate files are looked at; Java's constant. */
const WATCH_PERIOD_MS = 500

/**
 * The server's side of TLS: its settings, the certificate in force, and a new one when its files have changed.
 *
 * What TLS needs of Node is loaded when the first context is made: at the start if files are set, else (in test mode) for the
 * first TLS client, so that a server without any starts as if there were no TLS.
 */
export class ServerTls {
  readonly #options: ServerTlsOptions
  /** As they stood at the start; undefined where TLS is disabled. */
  #settings: TlsSettings | undefined
  #acceptor: Promise<TlsAcceptor | undefined> | undefined
  #endWatch: (() => void) | undefined
  /** A new context is being made. */
  #isReloading = false

  constructor(options: ServerTlsOptions) {
    this.#options = options
  }

  /** What the server's connections need to know. */
  get preface(): Pick<PrefaceOptions, 'tlsMode' | 'tlsAcceptor'> {
    return {
      tlsMode: this.#mode,
      tlsAcceptor: async () => {
        if (this.#settings === undefined) return undefined
        this.#acceptor ??= this.#firstAcceptor(this.#settings)
        return this.#acceptor
      },
    }
  }

  get #mode(): PrefaceOptions['tlsMode'] {
    return this.#options.configuration.values['tls.server.mode']
  }

  /**
   * Reads the settings, says what is in force, and watches the files.
   * @throws {ConfigError} A setting that cannot be used. Files that cannot be used are an error in the log, and no more: as in
   * Java, the server starts and turns TLS clients away.
   */
  async start(): Promise<void> {
    const { configuration, logger, scheduler } = this.#options
    if (this.#mode === 'disabled') {
      logger.info({ mode: this.#mode }, 'TLS is disabled')
      return
    }
    const settings = readTlsSettings(configuration)
    describeSettings(logger, this.#mode, settings)
    this.#settings = settings
    const { values } = settings
    if (values['tls.test.mode.enable']) {
      // Nothing can be wrong with what is not set.
      if (values['tls.ciphers'] || values['tls.protocols']) await this.preface.tlsAcceptor()
      return
    }
    const watch = new CertificateWatch(values)
    watch.settle((await this.preface.tlsAcceptor()) !== undefined)
    this.#endWatch = scheduler.every(WATCH_PERIOD_MS, () => {
      if (!this.#isReloading && watch.isDue()) void this.#reload(watch)
    })
  }

  /** Ends the watch. */
  stop(): void {
    this.#endWatch?.()
  }

  /** @throws {ConfigError} */
  async #firstAcceptor(settings: TlsSettings): Promise<TlsAcceptor | undefined> {
    try {
      return await this.#make(settings)
    } catch (error) {
      if (!(error instanceof TlsContextError)) throw error
      const { code, message } = error
      this.#options.logger.error({ code }, `TLS clients are turned away: ${message}`)
      return undefined
    }
  }

  async #reload(watch: CertificateWatch): Promise<void> {
    const { configuration, logger } = this.#options
    this.#isReloading = true
    try {
      const settings = readTlsSettings(configuration)
      this.#acceptor = Promise.resolve(await this.#make(settings))
      watch.settle(true)
      describeSettings(
        logger,
        this.#mode,
        settings,
        'TLS files have changed: new connections use the new ones',
      )
    } catch (error) {
      if (!(error instanceof TlsContextError || error instanceof ConfigError)) throw error
      watch.settle(false)
      const { code, message } = error
      logger.error(
        { code },
        `TLS files have changed and cannot be used, those before stay in force: ${message}`,
      )
    } finally {
      this.#isReloading = false
    }
  }

  /** @throws {ConfigError | TlsContextError} */
  async #make(settings: TlsSettings): Promise<TlsAcceptor> {
    const { createTlsAcceptor } = await import('./server-context.ts')
    return createTlsAcceptor(settings)
  }
}

function describeSettings(
  logger: Logger,
  mode: string,
  { values, configFile, ignoredKeys }: TlsSettings,
  message = 'TLS in force',
): void {
  const testMode = values['tls.test.mode.enable']
  const offered = { protocols: values['tls.protocols'], ciphers: values['tls.ciphers'] }
  const identity = {
    clientAuth: values['tls.server.need.client.auth'].toLowerCase(),
    verifyClient: values['tls.server.authClient'],
    certPath: values['tls.server.certPath'],
    keyPath: values['tls.server.keyPath'],
    trustCertPath: values['tls.server.trustCertPath'],
  }
  logger.info({ mode, testMode, ...(!testMode && identity), ...offered, configFile }, message)
  if (ignoredKeys.length > 0) {
    logger.warn(
      { configFile, keys: ignoredKeys },
      'tls.config.file has keys that it cannot set; they are ignored',
    )
  }
}
