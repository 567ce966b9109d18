import { encodeTopicRouteData } from '../protocol/body/topic-route-data.ts'
import type { Counters } from '../stats/counters.ts'
import type { EncodedRouteCache, RouteVariant } from './encoded-route-cache.ts'
import type { LockedRouteTables } from './locked-route-tables.ts'
import { pickupTopicRouteData } from './topic-route.ts'
import { filterByZoneName } from './zone-filter.ts'

/** Encoded routes of topics, as of the last transition that is over. Never waits. */
export class EncodedRoutes {
  readonly #routes: LockedRouteTables
  readonly #cache: EncodedRouteCache
  readonly #counters: Counters

  /** @param cache - The one that transitions of these tables drop from. */
  constructor(routes: LockedRouteTables, cache: EncodedRouteCache, counters: Counters) {
    this.#routes = routes
    this.#cache = cache
    this.#counters = counters
  }

  /** Null if the topic has no route. The same buffer is given to everybody: it must not be changed. */
  ofTopic(topic: string, variant: RouteVariant): Buffer | null {
    const kept = this.#cache.get(topic, variant)
    if (kept === undefined) return this.#encode(topic, variant)
    this.#counters.routeCacheHits++
    return kept
  }

  #encode(topic: string, variant: RouteVariant): Buffer | null {
    this.#counters.routeCacheMisses++
    const route = pickupTopicRouteData(this.#routes.tables, topic, variant.supportActingMaster)
    if (route === null) return null
    const body = encodeTopicRouteData({ ...route, orderTopicConf: variant.orderTopicConf }, variant.dialect)
    const brokerNames = route.queueDatas.map(({ brokerName }) => brokerName)
    this.#cache.set(topic, variant, body, brokerNames)
    return body
  }

  /** For the clients of a zone, or null. In the legacy dialect, whatever the client takes; encoded anew for each lookup. */
  ofZone(
    topic: string,
    zoneName: string,
    { supportActingMaster, orderTopicConf }: Omit<RouteVariant, 'dialect'>,
  ): Buffer | null {
    const route = pickupTopicRouteData(this.#routes.tables, topic, supportActingMaster)
    if (route === null) return null
    return encodeTopicRouteData({ ...filterByZoneName(route, zoneName), orderTopicConf }, 'legacy')
  }
}
