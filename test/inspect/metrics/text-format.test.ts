import { describe, expect, test } from 'vitest'
import { familiesOf, type MetricFamily, type Sample } from '../../../src/inspect/metrics/metric-family.ts'
import { formatOf, type MetricsFormat, metricsText } from '../../../src/inspect/metrics/text-format.ts'
import { Histogram } from '../../../src/stats/histogram.ts'

const { counter, gauge, histogram } = familiesOf<undefined>('test_')

function textOf(
  family: MetricFamily<undefined>,
  format: MetricsFormat = 'prometheus',
  labels?: Readonly<Record<string, string>>,
): string[] {
  const work = metricsText([family], undefined, format, labels)
  let step = work.next()
  while (step.done !== true) step = work.next()
  return step.value.join('').split('\n').slice(0, -1)
}

/** The value of one label as it is written. */
function written(value: string): string | undefined {
  const family = gauge('names', 'Names.', ['name'], () => [[[value], 1]])
  return /^test_names\{name="(.*)"\} 1$/.exec(textOf(family)[2] ?? '')?.[1]
}

describe('the text of metrics', () => {
  test('has help, type and one line a sample, with the static labels first', () => {
    const family = counter('requests_total', 'Requests.', ['code'], () => [
      [['105'], 3],
      [['other'], 0],
    ])
    expect(textOf(family, 'prometheus', { node_id: 'a:9876' })).toEqual([
      '# HELP test_requests_total Requests.',
      '# TYPE test_requests_total counter',
      'test_requests_total{node_id="a:9876",code="105"} 3',
      'test_requests_total{node_id="a:9876",code="other"} 0',
    ])
  })

  test('names a counter without _total in the metadata of OpenMetrics', () => {
    const lines = textOf(
      counter('requests_total', 'Requests.', [], () => 3),
      'openmetrics',
    )
    expect(lines).toEqual([
      '# HELP test_requests Requests.',
      '# TYPE test_requests counter',
      'test_requests_total 3',
    ])
  })

  test('adds up the buckets of a histogram', () => {
    const seconds = new Histogram([0.5, 1])
    for (const value of [0.5, 0.6, 1, 7]) seconds.observe(value)
    const family = histogram('seconds', 'Seconds.', ['code'], () => [[['105'], seconds]])
    expect(textOf(family).slice(2)).toEqual([
      'test_seconds_bucket{code="105",le="0.5"} 1',
      'test_seconds_bucket{code="105",le="1"} 3',
      'test_seconds_bucket{code="105",le="+Inf"} 4',
      'test_seconds_sum{code="105"} 9.1',
      'test_seconds_count{code="105"} 4',
    ])
    expect(textOf(family, 'openmetrics')[3]).toBe('test_seconds_bucket{code="105",le="1.0"} 3')
  })

  test('is written in steps of one sample', () => {
    const samples = Array.from({ length: 5 }, (_, index): Sample => [[`${index}`], index])
    const family = gauge('values', 'Values.', ['name'], () => samples)
    expect([...metricsText([family], undefined, 'prometheus')]).toHaveLength(5)
  })

  test('leaves out a metric without a value', () => {
    expect(textOf(gauge('age', 'Age.', [], () => undefined))).toEqual([])
  })

  test('writes numbers that are not finite as Prometheus reads them', () => {
    const values: Sample[] = [
      [['a'], Number.POSITIVE_INFINITY],
      [['b'], Number.NEGATIVE_INFINITY],
      [['c'], Number.NaN],
      [['d'], 1e21],
    ]
    const lines = textOf(gauge('values', 'Values.', ['name'], () => values)).slice(2)
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['+Inf', '-Inf', 'NaN', '1e+21'])
  })

  test('escapes the value of a label, so that a name cannot end its line', () => {
    expect(written('a"} 1\nb\\')).toBe('a\\"} 1\\nb\\\\')
    expect(written('\0\r\x85')).toBe('\ufffd\ufffd\ufffd')
  })

  test('cuts a long value, and writes one sample of those that are equal then', () => {
    const name = 'n'.repeat(255)
    expect(written(`${name}1`)).toBe(`${name}…`)
    const family = gauge('names', 'Names.', ['name'], () => [
      [[`${name}1`], 1],
      [[`${name}2`], 2],
    ])
    expect(textOf(family).slice(2)).toEqual([`test_names{name="${name}…"} 1`])
  })
})

describe('the format of metrics', () => {
  test.each([
    [undefined, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html,text/plain', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    ['text/plain;version=0.0.4, Application/OpenMetrics-Text;q=0.5', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=many', 'prometheus'],
  ] as const)('for Accept: %s is %s', (accept, format) => {
    expect(formatOf(accept)).toBe(format)
  })
})
