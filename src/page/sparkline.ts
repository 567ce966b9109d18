import { html, svg, type TemplateResult } from 'lit-html'
import { duration } from './format.ts'
import type { RateSample } from './rates.ts'

/** A short history fills the width, and a longer one scrolls. */
const MIN_SECONDS = 60
/** A hidden tab does not measure; a line across would be made up. */
const MAX_SPAN_SECONDS = 15
const [WIDTH, HEIGHT] = [100, 24]

/** A curve over time with the last value, and the highest. */
export function sparkline(
  label: string,
  samples: readonly RateSample[],
  measure: (sample: RateSample) => number,
  shown: (value: number) => string,
): TemplateResult {
  const last = samples.at(-1)
  if (last === undefined)
    return html`<div class="sparkline">
      <h3>${label}</h3>
      <strong>–</strong>
      <span class="quiet">Measuring…</span>
      <svg aria-hidden="true"></svg>
    </div>`
  const values = samples.map(measure)
  const highest = Math.max(...values)
  const now = shown(measure(last))
  return html`<div class="sparkline">
    <h3>${label}</h3>
    <strong>${now}</strong>
    <span class="quiet">max ${shown(highest)} in ${duration(widthOf(samples) * 1_000)}</span>
    <svg
      role="img"
      aria-label="${label}: ${now} now, ${shown(highest)} at most"
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
    >
      ${svg`<path d=${pathOf(samples, values, highest)} />`}
    </svg>
  </div>`
}

/** Seconds from the left to the right. */
function widthOf(samples: readonly RateSample[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) return MIN_SECONDS
  return Math.max(MIN_SECONDS, last.atSeconds - first.atSeconds + first.seconds)
}

function pathOf(samples: readonly RateSample[], values: readonly number[], highest: number): string {
  const endSeconds = samples.at(-1)?.atSeconds ?? 0
  const width = widthOf(samples)
  const x = (seconds: number) => (WIDTH - ((endSeconds - seconds) / width) * WIDTH).toFixed(1)
  // Half of the stroke is above and below the curve.
  const y = (value: number) => (HEIGHT - 1 - (value / (highest || 1)) * (HEIGHT - 2)).toFixed(1)
  return samples
    .map(({ atSeconds, seconds }, at) => {
      const height = y(values[at] ?? 0)
      const isConnected = at > 0 && seconds <= MAX_SPAN_SECONDS
      const start = isConnected ? '' : `M${x(atSeconds - Math.min(seconds, MAX_SPAN_SECONDS))} ${height}`
      return `${start}L${x(atSeconds)} ${height}`
    })
    .join('')
}
