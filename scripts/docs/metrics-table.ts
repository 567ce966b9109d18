import type { MetricFamily } from '../../src/inspect/metrics/metric-family.ts'
import { OBSERVED_METRICS } from '../../src/inspect/metrics/observed-metrics.ts'
import { PROCESS_METRICS } from '../../src/inspect/metrics/process-metrics.ts'
import { RPC_LATENCY_METRICS, SERVER_METRICS } from '../../src/inspect/metrics/server-metrics.ts'
import { markdownTable, withParts } from './markdown.ts'

/** What a table needs of a metric. */
export type MetricDefinition = Pick<MetricFamily<never>, 'name' | 'type' | 'labels' | 'help'>

/** Metrics by the name of their table. */
export const METRIC_TABLES: Readonly<Record<string, readonly MetricDefinition[]>> = {
  server: [...SERVER_METRICS, ...RPC_LATENCY_METRICS],
  process: PROCESS_METRICS,
  observed: OBSERVED_METRICS,
}

/** docs/monitoring.md with the metrics of src/inspect/metrics. */
export function withMetrics(page: string): string {
  return withParts(page, 'metrics', (name) => tableOf(METRIC_TABLES[name] ?? []))
}

function tableOf(metrics: readonly MetricDefinition[]): string {
  const rows = metrics.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ])
  return markdownTable([['metric', 'type', 'labels', 'meaning'], ...rows])
}
