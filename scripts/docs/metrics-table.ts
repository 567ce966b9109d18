/**
 * Writes the tables of metrics in docs/monitoring.md from the definitions in src/inspect/metrics:
 *
 *     npx tsx scripts/docs/metrics-table.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { MetricFamily } from '../../src/inspect/metrics/metric-family.ts'
import { OBSERVED_METRICS } from '../../src/inspect/metrics/observed-metrics.ts'
import { PROCESS_METRICS } from '../../src/inspect/metrics/process-metrics.ts'
import { RPC_LATENCY_METRICS, SERVER_METRICS } from '../../src/inspect/metrics/server-metrics.ts'

/** What a table needs of a metric. */
export type MetricDefinition = Pick<MetricFamily<never>, 'name' | 'type' | 'labels' | 'help'>

/** Metrics by the name of their table. */
export const METRIC_TABLES: Readonly<Record<string, readonly MetricDefinition[]>> = {
  server: [...SERVER_METRICS, ...RPC_LATENCY_METRICS],
  process: PROCESS_METRICS,
  observed: OBSERVED_METRICS,
}

/** The page with the tables. */
export const MONITORING_PAGE = new URL('../../docs/monitoring.md', import.meta.url)

/** A text with the part between `<!-- metrics:TABLE -->` and `<!-- /metrics -->` replaced by that table. */
export function withMetricTables(text: string): string {
  return text.replace(
    /(<!-- metrics:(\w+) -->\n)[\s\S]*?(<!-- \/metrics -->)/g,
    (_, begin: string, table: string, end: string) =>
      `${begin}\n${renderTable(METRIC_TABLES[table] ?? [])}\n\n${end}`,
  )
}

function renderTable(metrics: readonly MetricDefinition[]): string {
  const rows = metrics.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ])
  return [['metric', 'type', 'labels', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(MONITORING_PAGE, withMetricTables(readFileSync(MONITORING_PAGE, 'utf8')))
}
