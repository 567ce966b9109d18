import type { InspectSources } from '../sources.ts'
import { PROCESS_METRICS, type ProcessState } from './process-metrics.ts'
import { RPC_LATENCY_METRICS, SERVER_METRICS } from './server-metrics.ts'
import { TableCounter } from './table-figures.ts'
import { CONTENT_TYPES, formatOf, metricsText } from './text-format.ts'

export interface MetricsOptions {
  readonly brokerSeriesLimit: number
  /** Whether to show `rocketmq_rpc_latency_milliseconds`. */
  readonly rpcLatencyMetrics: boolean
  readonly processState: () => Promise<ProcessState>
}

/** The metrics of a server, as Prometheus scrapes them. */
export class Metrics {
  readonly #sources: InspectSources
  readonly #options: MetricsOptions
  readonly #tables: TableCounter

  constructor(sources: InspectSources, options: MetricsOptions) {
    this.#sources = sources
    this.#options = options
    this.#tables = new TableCounter(sources, options.brokerSeriesLimit)
  }

  /** @param accept - The value of the `Accept` header. */
  async scrape(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }> {
    const { rpcLatencyMetrics, processState } = this.#options
    const { identity, slicer, connections } = this.#sources
    const format = formatOf(accept)
    const [figures, tables, census] = await Promise.all([
      processState(),
      this.#tables.count(),
      slicer.run(connections.census()),
    ])
    const families = [...SERVER_METRICS, ...(rpcLatencyMetrics ? RPC_LATENCY_METRICS : [])]
    const labels = { node_type: 'nameserver', node_id: identity.nodeId }
    const server = await slicer.run(
      metricsText(families, { ...this.#sources, tables, census }, format, labels),
    )
    const ofProcess = await slicer.run(metricsText(PROCESS_METRICS, figures, format))
    const end = format === 'openmetrics' ? '# EOF\n' : ''
    return { contentType: CONTENT_TYPES[format], body: `${server.join('')}${ofProcess.join('')}${end}` }
  }
}
