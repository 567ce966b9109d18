import type { Steps } from '../../common/time-slicer.ts'
import { Histogram } from '../../stats/histogram.ts'
import type { MetricFamily } from './metric-family.ts'

/** The formats of Prometheus: its own text format, and OpenMetrics. */
export type MetricsFormat = 'prometheus' | 'openmetrics'

export const CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** Max characters of a label's value: peers choose most of them. */
const MAX_LABEL_CHARACTERS = 255

/** The format that an `Accept` header prefers; of two that it likes as much, OpenMetrics if it names it. */
export function formatOf(accept = ''): MetricsFormat {
  const qualityOf = (types: RegExp): number =>
    Math.max(
      0,
      ...accept.split(',').flatMap((range) => {
        const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
        const quality = parameters.find((parameter) => parameter.startsWith('q='))
        return types.test(type) ? [quality === undefined ? 1 : Number(quality.slice(2)) || 0] : []
      }),
    )
  const openMetrics = qualityOf(/^application\/openmetrics-text$/)
  return openMetrics > 0 && openMetrics >= qualityOf(/^text\/(?:plain|\*)$/) ? 'openmetrics' : 'prometheus'
}

/**
 * The text of metrics, in parts and in steps. Of samples with equal labels, which cut names may be, only the first is written.
 * @param staticLabels - Labels of every sample of these families.
 */
export function* metricsText<Source>(
  families: readonly MetricFamily<Source>[],
  source: Source,
  format: MetricsFormat,
  staticLabels: Readonly<Record<string, string>> = {},
): Steps<string[]> {
  const lines: string[] = []
  const fixed = Object.entries(staticLabels).map(([name, value]) => labelText(name, value))
  for (const { name, type, help, labels, samples } of families) {
    const shown = samples(source)
    if (shown === undefined) continue
    const family = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name
    lines.push(`# HELP ${family} ${escapedHelp(help, format)}\n# TYPE ${family} ${type}\n`)
    const written = new Set<string>()
    for (const [values, value] of shown) {
      const own = labels.map((label, index) => labelText(label, values[index] ?? '')).join(',')
      if (!written.has(own)) {
        written.add(own)
        const all = own === '' ? fixed : [...fixed, own]
        lines.push(
          value instanceof Histogram ? histogramText(name, all, value, format) : line(name, all, value),
        )
      }
      yield
    }
  }
  return lines
}

function line(name: string, labels: readonly string[], value: number): string {
  return labels.length === 0
    ? `${name} ${numberText(value)}\n`
    : `${name}{${labels.join(',')}} ${numberText(value)}\n`
}

function histogramText(
  name: string,
  labels: readonly string[],
  { bounds, counts, count, sum }: Histogram,
  format: MetricsFormat,
): string {
  let text = ''
  let below = 0
  for (const [index, bound] of bounds.entries()) {
    below += counts[index] as number
    // OpenMetrics wants `1.0`, and Prometheus keeps the text.
    const le = format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : `${bound}`
    text += line(`${name}_bucket`, [...labels, `le="${le}"`], below)
  }
  text += line(`${name}_bucket`, [...labels, 'le="+Inf"'], count)
  return `${text}${line(`${name}_sum`, labels, sum)}${line(`${name}_count`, labels, count)}`
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return `${value}`
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' }

function labelText(name: string, value: string): string {
  const cut = value.length > MAX_LABEL_CHARACTERS ? `${value.slice(0, MAX_LABEL_CHARACTERS)}…` : value
  // A control character has no escape in these formats, and Prometheus takes NUL for the end.
  const escaped = cut.replace(/[\\"\n]/g, (found) => ESCAPES[found] as string).replace(/\p{Cc}/gu, '\ufffd')
  return `${name}="${escaped}"`
}

function escapedHelp(help: string, format: MetricsFormat): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped
}
