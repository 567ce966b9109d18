import { html, type TemplateResult } from 'lit-html'
import { heading, name, seen, table } from '../components.ts'
import type { Page, View } from '../views.ts'

export const configurationView: View = { title: 'Configuration', render }

function render({ store }: Page): TemplateResult {
  return html`<section>
    ${heading('All keys', '/api/v1/config')}
    ${seen(store.watch('/api/v1/config'), ({ keys }) =>
      table({
        label: 'Configuration',
        rows: keys,
        columns: [
          { head: 'Key', cell: ({ key }) => html`<code>${key}</code>` },
          { head: 'Value', cell: ({ value }) => textOf(value) },
          { head: 'Default', cell: (key) => textOf(key.default) },
          { head: 'Source', cell: ({ source }) => source.layer },
        ],
        empty: 'No keys.',
      }),
    )}
  </section>`
}

function textOf(value: string | number | boolean | null): TemplateResult | string {
  return value === null || value === '' ? '–' : name(`${value}`)
}
