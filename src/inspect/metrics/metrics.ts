import type { InspectSources } from '../sources.ts'
import { PROCESS_METRICS } from './process-metrics.ts'
import { RPC_LATENCY_METRICS, SERVER_METRICS } from './server-metrics.ts'
import { TableCounter } from './table-figures.ts'
import { CONTENT_TYPES, formatOf, type MetricsFormat, metricsText } from './text-format.ts'

export interface MetricsOptions {
  readonly brokerSeriesLimit: number
  /** Whether to show `rocketmq_rpc_latency_milliseconds`. */
  readonly rpcLatencyMetrics: boolean
}

/** The metrics of a server, as Prometheus scrapes them. */
export class Metrics {
  readonly #sources: InspectSources
  readonly #options: MetricsOptions
  readonly #tables: TableCounter
  /** The text being written in each format: scrapes that come together share it. */
  readonly #inProgress = new Map<MetricsFormat, Promise<string>>()

  constructor(sources: InspectSources, options: MetricsOptions) {
    this.#sources = sources
    this.#options = options
    this.#tables = new TableCounter(sources, options.brokerSeriesLimit)
  }

  /** @param accept - The value of the `Accept` header. */
  async scrape(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }> {
    const format = formatOf(accept)
    let text = this.#inProgress.get(format)
    if (text === undefined) {
      text = this.#write(format).finally(() => this.#inProgress.delete(format))
      this.#inProgress.set(format, text)
    }
    return { contentType: CONTENT_TYPES[format], body: await text }
  }

  async #write(format: MetricsFormat): Promise<string> {
    const { rpcLatencyMetrics } = this.#options
    const { identity, slicer, connections } = this.#sources
    const [figures, tables, census] = await Promise.all([
      this.#sources.process(),
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
    return `${server.join('')}${ofProcess.join('')}${end}`
  }
}
