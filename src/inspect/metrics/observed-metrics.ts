import { toEnd } from '../../common/time-slicer.ts'
import type { PeerState } from '../peers-view.ts'
import type { InspectSources, ObservedState } from '../sources.ts'
import { familiesOf, type MetricFamily, type Sample } from './metric-family.ts'
import { PROCESS_METRICS } from './process-metrics.ts'
import { CONTENT_TYPES, formatOf, metricsText } from './text-format.ts'

/** What is known of each observed NameServer. */
type AllObserved = readonly InspectSources[]

const { gauge } = familiesOf<AllObserved>('rocketmq_nameserver_observed_')

/** One sample for each NameServer of which the value is known. */
function* byServer(
  all: AllObserved,
  read: (state: ObservedState, sources: InspectSources) => number | undefined,
): Generator<Sample> {
  for (const sources of all) {
    const state = sources.observed?.state
    const value = state && read(state, sources)
    if (state !== undefined && value !== undefined) yield [[state.namesrv], value]
  }
}

/** One sample for each pair that can be compared. */
function pairs(all: AllObserved, read: (peer: PeerState) => number): Sample[] {
  return all.flatMap(({ identity, peers }) => {
    const known = peers.list().filter(({ verdict }) => verdict !== 'unknown')
    return known.map((peer): Sample => [[identity.nodeId, peer.address], read(peer)])
  })
}

/** What `mqnamesrv observe` shows of the NameServers that it polls, in the order in which it is written. */
export const OBSERVED_METRICS: readonly MetricFamily<AllObserved>[] = [
  gauge('up', 'Whether an observed NameServer can be read: 1 or 0.', ['namesrv'], (all) =>
    byServer(all, ({ unreachableMs, readMs }) =>
      unreachableMs === undefined && readMs !== undefined ? 1 : 0,
    ),
  ),
  gauge('age_seconds', 'Time since its brokers were last read.', ['namesrv'], (all) =>
    byServer(all, ({ readMs }, { nowMs }) => readMs && (nowMs() - readMs) / 1_000),
  ),
  gauge(
    'routes_age_seconds',
    'Neither a route that is shown of it nor the list of topics is older. Absent until all have been read once.',
    ['namesrv'],
    (all) => byServer(all, ({ routesReadMs }, { nowMs }) => routesReadMs && (nowMs() - routesReadMs) / 1_000),
  ),
  gauge('topics', 'Topics that it lists. Absent if it does not list them.', ['namesrv'], (all) =>
    byServer(all, ({ topics }) => topics),
  ),
  gauge('routes', 'Topics whose routes have been read.', ['namesrv'], (all) =>
    byServer(all, ({ routes }) => routes),
  ),
  gauge('broker_groups', 'Broker groups that it lists. Absent until it has been read.', ['namesrv'], (all) =>
    byServer(all, ({ readMs }, { routeInfo }) => readMs && routeInfo.tableSizes.brokerAddrTable),
  ),
  gauge('findings', 'What is wrong at it now.', ['namesrv', 'rule', 'severity'], (all) =>
    all.flatMap(({ identity, findings }) =>
      findings.counts.map(({ rule, severity, count }): Sample => [[identity.nodeId, rule, severity], count]),
    ),
  ),
  gauge(
    'agrees',
    'Whether it has the same routes as another observed NameServer: 1, or 0 if they differ. Absent while they cannot be compared.',
    ['namesrv', 'peer'],
    (all) => pairs(all, ({ verdict }) => (verdict === 'agrees' ? 1 : 0)),
  ),
  gauge(
    'differences',
    'Differences from another observed NameServer that are known, at most 100.',
    ['namesrv', 'peer'],
    (all) => pairs(all, ({ differences }) => differences.length),
  ),
]

/** The metrics of observed NameServers and of the process that observes them, as Prometheus scrapes them. */
export class ObservedMetrics {
  readonly #all: AllObserved
  readonly #process: InspectSources['process']

  /** @param process - Reads the figures of this process. */
  constructor(all: AllObserved, process: InspectSources['process']) {
    this.#all = all
    this.#process = process
  }

  /** @param accept - The value of the `Accept` header. */
  async scrape(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }> {
    const format = formatOf(accept)
    const figures = await this.#process()
    const lines = [
      ...toEnd(metricsText(OBSERVED_METRICS, this.#all, format)),
      ...toEnd(metricsText(PROCESS_METRICS, figures, format)),
      ...(format === 'openmetrics' ? ['# EOF\n'] : []),
    ]
    return { contentType: CONTENT_TYPES[format], body: lines.join('') }
  }
}
