import { RequestCode } from '../../protocol/request-code.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { Overload } from './overload.ts'

/** What an overload leaves out: clients go on with the routes they have, while a broker that is not heard loses its own. */
const SHED_IN_OVERLOAD = [
  RequestCode.GET_ROUTEINFO_BY_TOPIC,
  RequestCode.GET_BROKER_CLUSTER_INFO,
  RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
  RequestCode.GET_TOPICS_BY_CLUSTER,
  RequestCode.GET_UNIT_TOPIC_LIST,
  RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST,
  RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
]

/** What an overload shows in, and what is done about it. */
export interface OverloadSigns {
  /** How many requests wait for the tables. */
  readonly waitingRequests: () => number
  readonly requestBytesInProgress: () => number
  /** From then on requests of these codes are answered SYSTEM_BUSY. */
  readonly shed: (codes: readonly number[]) => void
  /** By a clock that does not leave out what the server was too late for. */
  readonly nowMs: () => number
}

/** Looks for an overload as it is configured, and leaves out lookups and lists while there is one. */
export function createOverload(
  { configuration, counters, events, logger }: NamesrvContext,
  { waitingRequests, requestBytesInProgress, shed, nowMs }: OverloadSigns,
): Overload {
  const { values } = configuration
  return new Overload({
    nowMs,
    maxLagMs: () => values.overloadLagMillis,
    quantities: [
      {
        name: 'bytes of requests worked on',
        max: values.maxQueuedRequestBytes / 2,
        of: requestBytesInProgress,
      },
      { name: 'waiting requests', max: values.maxWaitingRequests, of: waitingRequests },
    ],
    onBegin: (why) => {
      counters.overloads++
      events.add('overload began', '', why)
      logger.warn({ why }, 'overload: lookups and lists are answered SYSTEM_BUSY until it is over')
      shed(SHED_IN_OVERLOAD)
    },
    onEnd: (lastedMs) => {
      const { requestsShed } = counters
      events.add('overload ended', '', `after ${Math.round(lastedMs)} ms`)
      logger.warn({ lastedMs: Math.round(lastedMs), requestsShed }, 'the overload is over')
      shed([])
    },
  })
}
