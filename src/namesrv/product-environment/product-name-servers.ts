import type { Logger } from 'pino'
import { LimitError } from '../../common/limit-error.ts'
import { cutText } from '../../common/log-text.ts'
import type { RateLimit } from '../../common/rate-limit.ts'
import type { ProductEnvironment } from '../../processor/cluster-test-request-processor.ts'
import type { RemotingCommand } from '../../protocol/remoting-command.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import { RemotingClientError } from '../../remoting/client/remoting-client-error.ts'

/** What lookups in the product environment need. */
export interface ProductNameServersOptions {
  readonly client: Pick<RemotingClient, 'createRequest' | 'invoke'>
  /** `host:port` of every NameServer there; looked at anew for every lookup. */
  readonly addresses: () => readonly string[]
  /** Time for a lookup, however many NameServers it takes, in milliseconds. */
  readonly timeoutMs: number
  /** Most topics that may be looked up at a time. */
  readonly maxLookups: number
  readonly nowMs: () => number
  readonly logger: Logger
  /** For lines about NameServers that do not answer. */
  readonly limit: RateLimit
}

/** So long a NameServer that failed is passed over. */
const PASSED_OVER_MS = 5_000
/** A version before 4.9.4: to such a client a route is written in the dialect of old clients. */
const OLD_CLIENT_VERSION = 399

/**
 * Asks the NameServers of the product environment, one after the other until one answers, beginning with the one that did last
 * time. One that failed is passed over for a while, so that a dead environment costs one lookup its time limit, and not each.
 * Equal topics are asked for once at a time; nothing is kept.
 */
export class ProductNameServers implements ProductEnvironment {
  readonly #options: ProductNameServersOptions
  readonly #lookups = new Map<string, Promise<Buffer | null>>()
  /** When each that failed may be asked again. */
  readonly #passedOver = new Map<string, number>()
  #preferred: string | undefined

  constructor(options: ProductNameServersOptions) {
    this.#options = options
  }

  topicRoute(topic: string): Promise<Buffer | null> {
    const underWay = this.#lookups.get(topic)
    if (underWay !== undefined) return underWay
    if (this.#lookups.size >= this.#options.maxLookups) {
      const detail = `${this.#lookups.size} topics are being looked up in the product environment (clusterTestMaxLookups)`
      throw LimitError.busy('clusterTestMaxLookups', detail)
    }
    const lookup = this.#lookUp(topic).finally(() => this.#lookups.delete(topic))
    this.#lookups.set(topic, lookup)
    return lookup
  }

  async #lookUp(topic: string): Promise<Buffer | null> {
    const { nowMs, timeoutMs } = this.#options
    const endMs = nowMs() + timeoutMs
    const candidates = this.#candidates()
    for (const [index, address] of candidates.entries()) {
      const leftMs = endMs - nowMs()
      if (leftMs <= 0) break
      // None may use up the time of those after it.
      const answer = await this.#ask(address, topic, Math.ceil(leftMs / (candidates.length - index)))
      if (answer === undefined) continue
      this.#preferred = address
      return answer
    }
    return null
  }

  #candidates(): string[] {
    const nowMs = this.#options.nowMs()
    const addresses = this.#options.addresses()
    for (const [address, untilMs] of this.#passedOver) {
      if (untilMs <= nowMs || !addresses.includes(address)) this.#passedOver.delete(address)
    }
    const candidates = addresses.filter((address) => !this.#passedOver.has(address))
    const preferredAt = this.#preferred === undefined ? -1 : candidates.indexOf(this.#preferred)
    return preferredAt <= 0
      ? candidates
      : [...candidates.slice(preferredAt), ...candidates.slice(0, preferredAt)]
  }

  /** @returns The route, null if there is none, undefined if this NameServer cannot tell. */
  async #ask(address: string, topic: string, timeoutMs: number): Promise<Buffer | null | undefined> {
    const { client } = this.#options
    const request = client.createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, new Map([['topic', topic]]), {
      version: OLD_CLIENT_VERSION,
    })
    let answer: RemotingCommand
    try {
      answer = await client.invoke(address, request, timeoutMs)
    } catch (error) {
      // A limit of our own client says nothing about that server, nor does a client that was closed.
      if (error instanceof RemotingClientError && error.code !== 'ERR_CLIENT_CLOSED') {
        this.#passOver(address, error.message)
      }
      return undefined
    }
    if (answer.code === ResponseCode.SUCCESS && answer.body !== null) return answer.body
    if (answer.code === ResponseCode.TOPIC_NOT_EXIST) return null
    this.#passOver(address, `it answered ${answer.code}: ${answer.remark}`)
    return undefined
  }

  #passOver(address: string, error: string): void {
    const { nowMs, limit, logger } = this.#options
    this.#passedOver.set(address, nowMs() + PASSED_OVER_MS)
    limit.run((suppressed) => {
      const fields = { address, error: cutText(error), suppressed }
      logger.warn(fields, 'a NameServer of the product environment does not tell routes')
    })
  }
}
