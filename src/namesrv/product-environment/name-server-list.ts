import type { Logger } from 'pino'
import { parseRemoteAddress } from '../../remoting/address.ts'
import { type AddressServerOptions, fetchNameServerAddresses } from './address-server.ts'

/** Where the NameServers of the product environment are found, and what it takes to look. */
export interface NameServerListOptions extends AddressServerOptions {
  /** `host:port;host:port`; if it is given, nothing is looked up. */
  readonly namesrvAddr: string | undefined
  /** The HTTP address server's page with such a list. */
  readonly url: string
  readonly every: (periodMs: number, task: () => void) => () => void
  readonly logger: Logger
}

/** How often the address server is asked, as by Java's clients. */
const REFRESH_MS = 120_000
/** And how often until it has answered for the first time. */
const FIRST_REFRESH_MS = 10_000

/**
 * The addresses of the product environment's NameServers: a fixed list, or what the address server said last. One that fails
 * to answer changes nothing.
 * @see MQClientAPIImpl#fetchNameServerAddr in apache/rocketmq
 */
export class NameServerList {
  readonly #options: NameServerListOptions
  #addresses: readonly string[] = []
  #cancel = (): void => {}
  #endRefreshes = (): void => {}
  #stopped = false

  constructor(options: NameServerListOptions) {
    this.#options = options
  }

  /** In the order of the list; empty until the address server has answered. */
  get addresses(): readonly string[] {
    return this.#addresses
  }

  /** Takes the fixed list, or begins to ask the address server. */
  start(): void {
    const { namesrvAddr, every } = this.#options
    if (namesrvAddr !== undefined && namesrvAddr.trim() !== '') {
      this.#take(namesrvAddr, 'rocketmq.namesrv.addr')
      return
    }
    this.#endRefreshes = every(FIRST_REFRESH_MS, () => this.#refresh())
    this.#refresh()
  }

  stop(): void {
    this.#stopped = true
    this.#endRefreshes()
    this.#cancel()
  }

  #refresh(): void {
    const { url, logger } = this.#options
    this.#cancel()
    const { list, cancel } = fetchNameServerAddresses(url, this.#options)
    this.#cancel = cancel
    list.then(
      (text) => this.#take(text, url),
      (error: Error) => {
        if (this.#stopped) return
        logger.warn({ url, error: error.message }, 'the address server did not name the product NameServers')
      },
    )
  }

  #take(text: string, source: string): void {
    const { logger, every } = this.#options
    const given = text.split(';').map((address) => address.trim())
    const addresses = given.filter(isAddress)
    const dropped = given.filter((address) => address !== '' && !isAddress(address))
    if (dropped.length > 0) {
      const fields = { source, dropped: dropped.slice(0, 10) }
      logger.warn(fields, 'product NameServers that are not host:port are left out')
    }
    if (addresses.length === 0) {
      logger.warn({ source }, 'no product NameServer is named')
      return
    }
    if (this.#addresses.length === 0 && source === this.#options.url) {
      this.#endRefreshes()
      this.#endRefreshes = every(REFRESH_MS, () => this.#refresh())
    }
    if (addresses.join(';') === this.#addresses.join(';')) return
    this.#addresses = addresses
    logger.info({ source, addresses }, 'NameServers of the product environment')
  }
}

function isAddress(text: string): boolean {
  try {
    parseRemoteAddress(text)
    return true
  } catch {
    return false
  }
}
