import { html, type TemplateResult } from 'lit-html'
import type { Views } from '../inspect/api-types.ts'
import type { Severity } from './components.ts'
import { duration } from './format.ts'

type Member = Views['/api/v1/brokers']['brokers'][number]['members'][number]

export const MEMBER_SEVERITY: Readonly<Record<Member['state'], Severity>> = {
  alive: 'good',
  late: 'warning',
  suspected: 'critical',
  provisional: 'info',
  unknown: 'neutral',
}

/**
 * A bar that fills from the last heartbeat of a broker until the limit at which it is removed, and warns at half.
 * @param ageMillis - Since the server said how long ago the heartbeat was.
 */
export function heartbeat(
  {
    heartbeatAgeMs,
    heartbeatTimeoutMs,
    state,
  }: Pick<Member, 'heartbeatAgeMs' | 'heartbeatTimeoutMs' | 'state'>,
  ageMillis: number,
): TemplateResult {
  if (heartbeatAgeMs === null || heartbeatTimeoutMs === null)
    return html`<div class="heartbeat quiet">${state === 'unknown' ? 'heartbeats not known' : 'no heartbeat yet'}</div>`
  const sinceMs = heartbeatAgeMs + ageMillis
  const share = Math.min(1, sinceMs / heartbeatTimeoutMs)
  const severity: Severity = share < 0.5 ? 'good' : share < 1 ? 'warning' : 'critical'
  const since = duration(sinceMs)
  return html`<div class="heartbeat ${severity}">
    <svg role="img" aria-label="Last heartbeat ${since} ago; removed after ${duration(heartbeatTimeoutMs)}">
      <rect width="${(share * 100).toFixed(1)}%" height="100%" />
    </svg>
    <span aria-hidden="true">${since}${severity === 'good' ? '' : ` of ${duration(heartbeatTimeoutMs)}`}</span>
  </div>`
}
