import { html, type TemplateResult } from 'lit-html'
import { heading, name, seen, table } from '../components.ts'
import type { Page, View } from '../views.ts'

export const kvView: View = { title: 'KV', render }

function render({ store }: Page): TemplateResult {
  return html`<section>
    ${heading('Key-value table', '/api/v1/kv')}
    ${seen(store.watch('/api/v1/kv'), ({ entries }) =>
      table({
        label: 'Key-value table',
        rows: entries,
        columns: [
          { head: 'Namespace', cell: ({ namespace }) => name(namespace) },
          { head: 'Key', cell: ({ key }) => name(key) },
          { head: 'Value', cell: ({ value }) => (value === null ? 'null' : name(value)) },
        ],
        empty: 'The key-value table is empty.',
      }),
    )}
  </section>`
}
