import { html, nothing, type TemplateResult } from 'lit-html'
import { release } from '../common/release.ts'
import type { Views } from '../inspect/api-types.ts'
import { badge, figure, sentence } from './components.ts'
import { count, duration } from './format.ts'
import type { Route } from './router.ts'
import type { Seen } from './store.ts'

type StatusSeen = Pick<Seen<Views['/api/v1/status']>, 'value' | 'ageMillis'>

/** What every view of `mqnamesrv observe` says of the NameServer that was read. */
export interface Observed {
  readonly namesrv: string
  readonly version: string | null
  readonly ageMs: number | null
  readonly topics: number | null
  readonly routes: number
  readonly routesAgeMs: number | null
  readonly unreachableSince: string | null
  readonly reason: string | null
}

/** What is older is marked: brokers are read every ten seconds by default. */
const OLD_MS = 60_000

/** Undefined if the page shows the server that it comes from. */
export function observedIn(value: object | undefined): Observed | undefined {
  return (value as { readonly observed?: Observed } | undefined)?.observed
}

/** That this was read from another NameServer, and when. @param ageMillis - Since the page read the view. */
export function observedBadge({ ageMs, unreachableSince }: Observed, ageMillis: number): TemplateResult {
  const sinceMs = ageMs === null ? undefined : ageMs + ageMillis
  const word = sinceMs === undefined ? 'Not observed yet' : `Observed ${duration(sinceMs)} ago`
  if (unreachableSince !== null) return badge('critical', `${word}, cannot be read`)
  if (sinceMs === undefined) return badge('neutral', word)
  return badge(sinceMs > OLD_MS ? 'warning' : 'info', word)
}

/** The same at the head of each view, with what is missing; the overview has it beside its verdict. */
export function observedLine(
  { path }: Route,
  { value, ageMillis = 0 }: StatusSeen,
): TemplateResult | typeof nothing {
  const observed = observedIn(value)
  if (observed === undefined || path.length === 0) return nothing
  const reason = observed.reason === null ? nothing : sentence(observed.reason)
  return html`<p class="word">${observedBadge(observed, ageMillis)} ${reason}</p>`
}

/** What is known of it in numbers, beside brokers and topics. */
export function observedFigures({ version, topics, routes, routesAgeMs }: Observed): TemplateResult {
  return html`${figure('Version', version === null ? 'unknown' : release(version))}
    ${topics === null || routes >= topics ? nothing : figure('Routes read', `${count(routes)} of ${count(topics)}`)}
    ${routesAgeMs === null ? nothing : figure('Oldest route', duration(routesAgeMs))}`
}

/** The page of another NameServer that the same process observes. */
export function observedHref(address: string): string {
  return `${location.pathname.replace(/namesrv\/[^/]+\/$/, '')}namesrv/${address}/`
}
