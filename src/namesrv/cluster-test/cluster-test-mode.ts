import { LimitError } from '../../common/limit-error.ts'
import type { ProductRouteLookup } from '../../processor/client-request-processor.ts'
import type { RemotingCommand } from '../../protocol/remoting-command.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import { RemotingClientError } from '../../remoting/errors.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { NameServerList } from './name-server-list.ts'

/** A NameServer that failed is skipped for this long. */
const SKIP_MS = 5_000
/** A version before 4.9.4: the response is in the dialect of old clients. */
const OLD_CLIENT_VERSION = 399

/**
 * The cluster-test mode: looks unknown topics up at the NameServers of the product environment, one after the other until one
 * responds, starting with the one that responded last time.
 *
 * A NameServer that failed is skipped for a while, so that an unreachable environment costs one lookup its timeout, not each.
 * Concurrent lookups of a topic share one request; routes are not cached.
 */
export class ClusterTestMode implements ProductRouteLookup {
  readonly #context: NamesrvContext
  readonly #client: Pick<RemotingClient, 'createRequest' | 'invoke'>
  readonly #nameServers: NameServerList
  readonly #lookups = new Map<string, Promise<Buffer | null>>()
  /** Until when each NameServer that failed is skipped. */
  readonly #skippedUntilMs = new Map<string, number>()
  #preferred = ''

  constructor(context: NamesrvContext, client: Pick<RemotingClient, 'createRequest' | 'invoke'>) {
    this.#context = context
    this.#client = client
    this.#nameServers = new NameServerList(context)
  }

  /** Starts to find the NameServers; until one is found, no topic has a route there. */
  start(): void {
    const { configuration, logger } = this.#context
    const { productEnvName } = configuration.values
    logger.info({ productEnvName }, 'cluster-test mode: looking up unknown topics in the product environment')
    this.#nameServers.start()
  }

  stop(): void {
    this.#nameServers.stop()
  }

  /** Lookups under way. */
  get lookups(): number {
    return this.#lookups.size
  }

  topicRoute(topic: string): Promise<Buffer | null> {
    const underWay = this.#lookups.get(topic)
    if (underWay !== undefined) return underWay
    const { clusterTestMaxLookups } = this.#context.configuration.values
    if (this.#lookups.size >= clusterTestMaxLookups) {
      const message = `clusterTestMaxLookups (${clusterTestMaxLookups}) reached`
      throw LimitError.busy('clusterTestMaxLookups', message)
    }
    const lookup = this.#lookUp(topic).finally(() => this.#lookups.delete(topic))
    this.#lookups.set(topic, lookup)
    return lookup
  }

  async #lookUp(topic: string): Promise<Buffer | null> {
    const { clock, configuration } = this.#context
    const endMs = clock.nowMs() + configuration.values.clusterTestTimeoutMillis
    const candidates = this.#candidates()
    for (const [index, address] of candidates.entries()) {
      const leftMs = endMs - clock.nowMs()
      if (leftMs <= 0) break
      // Each candidate gets an equal share of the time that is left.
      const route = await this.#ask(address, topic, Math.ceil(leftMs / (candidates.length - index)))
      if (route === undefined) continue
      this.#preferred = address
      return route
    }
    return null
  }

  #candidates(): string[] {
    const nowMs = this.#context.clock.nowMs()
    const { addresses } = this.#nameServers
    for (const [address, untilMs] of this.#skippedUntilMs) {
      if (untilMs <= nowMs || !addresses.includes(address)) this.#skippedUntilMs.delete(address)
    }
    const candidates = addresses.filter((address) => !this.#skippedUntilMs.has(address))
    const first = Math.max(0, candidates.indexOf(this.#preferred))
    return [...candidates.slice(first), ...candidates.slice(0, first)]
  }

  /** @returns The route, null if there is none, undefined if this NameServer failed. */
  async #ask(address: string, topic: string, timeoutMs: number): Promise<Buffer | null | undefined> {
    const request = this.#client.createRequest(
      RequestCode.GET_ROUTEINFO_BY_TOPIC,
      new Map([['topic', topic]]),
      { version: OLD_CLIENT_VERSION },
    )
    let response: RemotingCommand
    try {
      response = await this.#client.invoke(address, request, timeoutMs)
    } catch (error) {
      // A limit of our own client says nothing about that NameServer, nor does a client that was closed.
      if (error instanceof RemotingClientError && error.code !== 'ERR_CLIENT_CLOSED') {
        this.#skip(address, error.message)
      }
      return undefined
    }
    if (response.code === ResponseCode.SUCCESS && response.body !== null) return response.body
    if (response.code === ResponseCode.TOPIC_NOT_EXIST) return null
    this.#skip(address, `response code ${response.code}: ${response.remark}`)
    return undefined
  }

  #skip(address: string, error: string): void {
    const { clock, throttle } = this.#context
    this.#skippedUntilMs.set(address, clock.nowMs() + SKIP_MS)
    throttle.log('warn', 'product NameServer failed', { address, error })
  }
}
