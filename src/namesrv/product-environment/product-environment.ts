import type { Logger } from 'pino'
import type { LogThrottle } from '../../common/log-throttle.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import type { NamesrvConfig } from '../config/config-keys.ts'
import type { Clock, Scheduler } from '../time.ts'
import { addressServerUrl } from './address-server.ts'
import { NameServerList } from './name-server-list.ts'
import { ProductNameServers } from './product-name-servers.ts'

/** The product environment of the cluster-test mode as it is configured: its NameServers, and the search for them. */
export class ProductEnvironment {
  readonly nameServers: ProductNameServers
  readonly #list: NameServerList
  readonly #logger: Logger
  readonly #name: string

  constructor(
    values: NamesrvConfig,
    client: RemotingClient,
    {
      logger,
      clock,
      scheduler,
      throttle,
    }: { logger: Logger; clock: Clock; scheduler: Scheduler; throttle: LogThrottle },
  ) {
    const { productEnvName } = values
    this.#name = productEnvName
    this.#logger = logger
    this.#list = new NameServerList({
      namesrvAddr: values['rocketmq.namesrv.addr'],
      url: addressServerUrl(
        values['rocketmq.namesrv.domain'],
        values['rocketmq.namesrv.domain.subgroup'],
        productEnvName,
      ),
      after: (delayMs, task) => scheduler.after(delayMs, task),
      every: (periodMs, task) => scheduler.every(periodMs, task),
      logger,
    })
    this.nameServers = new ProductNameServers({
      client,
      addresses: () => this.#list.addresses,
      timeoutMs: values.clusterTestTimeoutMillis,
      maxLookups: values.clusterTestMaxLookups,
      nowMs: () => clock.nowMs(),
      logger,
      limit: throttle.limit('warn', 'a NameServer of the product environment does not tell routes'),
    })
  }

  /** Begins to look for the NameServers; until one is found, no topic has a route there. */
  start(): void {
    const productEnvName = this.#name
    this.#logger.info(
      { productEnvName },
      'cluster-test mode: unknown topics are looked up in the product environment',
    )
    this.#list.start()
  }

  stop(): void {
    this.#list.stop()
  }
}
