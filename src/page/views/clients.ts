import { html, type TemplateResult } from 'lit-html'
import { heading, name, seen, table } from '../components.ts'
import { count, duration } from '../format.ts'
import type { Page, View } from '../views.ts'

export const clientsView: View = { title: 'Clients', render }

function render({ store }: Page): TemplateResult {
  return html`<section>
      ${heading('By program', '/api/v1/clients')}
      ${seen(store.watch('/api/v1/clients'), ({ clients }) =>
        table({
          label: 'Clients by program',
          rows: clients,
          columns: [
            { head: 'Kind', cell: ({ kind }) => kind },
            { head: 'Language', cell: ({ language }) => name(language) },
            { head: 'Version', cell: ({ versionName }) => versionName },
            { head: 'Connections', cell: ({ connections }) => count(connections), isNumber: true },
          ],
          empty: 'Nothing is connected that has sent a request.',
        }),
      )}
    </section>
    <section>
      ${heading('Open connections', '/api/v1/connections')}
      ${seen(store.watch('/api/v1/connections'), ({ connections }) =>
        table({
          label: 'Open connections',
          rows: connections,
          columns: [
            { head: 'Address', cell: ({ address }) => name(address) },
            { head: 'Kind', cell: ({ kind }) => kind },
            { head: 'Language', cell: ({ language }) => (language === null ? '–' : name(language)) },
            { head: 'Version', cell: ({ versionName }) => versionName ?? '–' },
            { head: 'Requests', cell: ({ requests }) => count(requests), isNumber: true },
            { head: 'Idle', cell: ({ idleMs }) => duration(idleMs), isNumber: true },
          ],
          empty: 'No open connections.',
        }),
      )}
    </section>`
}
