import type { Histogram } from '../../stats/histogram.ts'

/** Values of the labels, in the order of {@link MetricFamily.labels}, and the value. */
export type Sample = readonly [labels: readonly string[], value: number | Histogram]

/** Metrics of one name. */
export interface MetricFamily<Source> {
  /** With `_total` at the end if it is a counter. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One sentence or two; also its meaning in docs/monitoring.md. */
  readonly help: string
  readonly labels: readonly string[]
  /** Undefined if there is nothing to show. */
  readonly samples: (source: Source) => Iterable<Sample> | undefined
}

type Value = number | Histogram | undefined
type Read<Source> = (source: Source) => Value | Iterable<Sample>

/** What makes the metrics of one prefix. */
export function familiesOf<Source>(prefix: string) {
  const familyOf =
    (type: MetricFamily<Source>['type']) =>
    (name: string, help: string, labels: readonly string[], read: Read<Source>): MetricFamily<Source> => ({
      name: `${prefix}${name}`,
      type,
      help,
      labels,
      samples: (source) => {
        const value = read(source)
        return value === undefined || isIterable(value) ? value : [[[], value]]
      },
    })
  return { counter: familyOf('counter'), gauge: familyOf('gauge'), histogram: familyOf('histogram') }
}

function isIterable(value: Value | Iterable<Sample>): value is Iterable<Sample> {
  return typeof value === 'object' && Symbol.iterator in value
}
