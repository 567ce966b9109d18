import { html, nothing, type TemplateResult } from 'lit-html'
import { release } from '../../common/release.ts'
import type { Views } from '../../inspect/api-types.ts'
import { badge, command, emptyState, figure, heading, name, seen, time } from '../components.ts'
import { bytes, count, duration } from '../format.ts'
import { href } from '../router.ts'
import type { Page, View } from '../views.ts'
import { reasonOf } from './clients.ts'

type Connection = Views['/api/v1/connections']['connections'][number]

/** One connection, open or among the last that closed. */
export function connectionView(id: string): View {
  return { title: `Connection ${id}`, render: (page) => render(id, page) }
}

function render(id: string, { store, nowMs }: Page): TemplateResult {
  const options = { query: { id, state: 'all' }, everyMillis: 2_000 }
  return html`<section>
    ${heading('Details', '/api/v1/connections', options)}
    ${seen(store.watch('/api/v1/connections', options), ({ connections: [connection] }) =>
      connection === undefined
        ? emptyState(
            html`It is not open, nor among the last that closed. <a href=${href(['clients'])}>All clients</a>`,
          )
        : factsOf(connection, nowMs),
    )}
  </section>`
}

function factsOf(connection: Connection, nowMs: number): TemplateResult {
  const { address, state, kind, language, versionName, tls, proxied, opened, closed, idleMs } = connection
  const isClosed = state === 'closed'
  return html`<dl class="card figures">
      ${figure('Address', name(address))}
      ${figure('State', badge(isClosed ? 'neutral' : 'good', state))}
      ${figure('Kind', kind)} ${figure('Language', language === null ? '–' : name(language))}
      ${figure('Version', versionName === null ? '–' : release(versionName))}
      ${figure('TLS', tls === null ? 'no' : html`${tls.protocol} <span class="quiet">${tls.cipher}</span>`)}
      ${tls?.clientSubject == null ? nothing : figure('Certificate', name(tls.clientSubject))}
      ${figure('PROXY header', proxied ? 'yes' : 'no')}
      ${figure('Opened', time(opened, nowMs))}
      ${closed === null ? nothing : figure('Closed', time(closed, nowMs))}
      ${isClosed ? figure('Reason', reasonOf(connection)) : nothing}
      ${figure(isClosed ? 'Idle before' : 'Idle', duration(idleMs))}
      ${figure('Requests', count(connection.requests))} ${figure('Received', bytes(connection.bytesIn))}
      ${figure('Sent', bytes(connection.bytesOut))}
    </dl>
    ${isClosed ? nothing : html`<div class="actions"><span class="quiet">To close it:</span> ${command(`mqnamesrv conn kick ${connection.id}`)}</div>`}`
}
