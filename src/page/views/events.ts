import { html, type TemplateResult } from 'lit-html'
import { visible } from '../../common/visible.ts'
import { heading, name, seen, table, time } from '../components.ts'
import type { Page, View } from '../views.ts'

export const eventsView: View = { title: 'Events', render }

const OPTIONS = { query: { limit: '200' } }

function render({ store, nowMs }: Page): TemplateResult {
  return html`<section>
    ${heading('Most recent first', '/api/v1/events', OPTIONS)}
    ${seen(store.watch('/api/v1/events', OPTIONS), ({ events }) =>
      table({
        label: 'Events',
        rows: [...events].reverse(),
        columns: [
          { head: 'Time', cell: (event) => time(event.time, nowMs) },
          { head: 'Kind', cell: ({ kind }) => html`<code>${kind}</code>` },
          { head: 'Subject', cell: ({ subject }) => name(subject) },
          { head: 'What happened', cell: ({ text }) => visible(text), isText: true },
        ],
        empty: 'Nothing has happened since the start.',
      }),
    )}
  </section>`
}
