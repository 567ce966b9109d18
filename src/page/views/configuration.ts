import { html, nothing, type TemplateResult } from 'lit-html'
import type { Views } from '../../inspect/api-types.ts'
import { badge, command, heading, name, type Severity, searchField, seen, table } from '../components.ts'
import { count, counted } from '../format.ts'
import { replaceQuery } from '../router.ts'
import type { Page, View } from '../views.ts'

type Key = Views['/api/v1/config']['keys'][number]

export const configurationView: View = { title: 'Configuration', render }

const SECRET = '******'

/** When a changed value takes effect. */
const EFFECTS: Readonly<Record<Key['effect'], readonly [Severity, string]>> = {
  live: ['good', 'live'],
  connection: ['good', 'for new connections'],
  start: ['neutral', 'at restart'],
  none: ['neutral', 'never'],
}

function render({ store, route, changed }: Page): TemplateResult {
  const text = route.query.get('text') ?? ''
  const watched = store.watch('/api/v1/config', {
    everyMillis: 30_000,
    concerns: ({ kind }) => kind === 'configuration_changed',
  })
  return html`<div class="filters">${searchField('Key or meaning', text, (value) => replaceQuery('text', value, changed))}</div>
    ${seen(watched, ({ keys }) => {
      const wanted = text.trim().toLowerCase()
      const found = keys.filter(({ key, meaning }) => `${key}\n${meaning}`.toLowerCase().includes(wanted))
      const [changedKeys, others] = [found.filter(isChanged), found.filter((key) => !isChanged(key))]
      return html`<div class="parts"><p class="found quiet" role="status">
          ${found.length === keys.length ? counted(keys.length, 'key') : `${count(found.length)} of ${counted(keys.length, 'key')}`}
        </p>
        <section>
          ${heading('Different from the default', '/api/v1/config')}
          ${keyTable('Different from the default', changedKeys, wanted === '' ? 'Every key has its default.' : 'No such key differs from its default.')}
        </section>
        <section>
          ${heading('At the default')}
          ${keyTable('At the default', others, wanted === '' ? 'No key has its default.' : 'No such key is at its default.')}
        </section></div>`
    })}
    <section>
      ${heading('To change a key')}
      <p>Keys that take effect live, or for new connections, where <code>config set</code> accepts them:</p>
      ${command('mqnamesrv config set KEY=VALUE')}
      <p>All others: in the configuration file, and then a restart.</p>
    </section>`
}

/** The default of a key may be in words, and what a file says may be the default. */
function isChanged({ source, value, default: standard }: Key): boolean {
  return source.layer !== 'default' && value !== standard
}

function keyTable(label: string, keys: readonly Key[], empty: string): TemplateResult {
  return html`<div class="keys">${table({
    label,
    rows: keys,
    key: ({ key }) => key,
    columns: [
      {
        head: 'Key',
        cell: ({ key, meaning }) => html`<code>${key}</code><p class="meaning quiet">${prose(meaning)}</p>`,
        isText: true,
      },
      { head: 'Value', cell: ({ value, unit }) => shownValue(value, unit) },
      { head: 'Default', cell: (key) => shownValue(key.default, key.unit) },
      { head: 'Source', cell: ({ source }) => sourceOf(source) },
      { head: 'Takes effect', cell: ({ effect, updatable }) => effectOf(effect, updatable) },
    ],
    empty,
    stacks: true,
  })}</div>`
}

/** Code is between backticks. */
function prose(text: string): (TemplateResult | string)[] {
  return text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))
}

function shownValue(value: Key['value'], unit: string | null): TemplateResult {
  if (value === null || value === '') return html`<span class="quiet">none</span>`
  if (value === SECRET) return html`<span class="quiet">secret, hidden</span>`
  return html`${name(`${value}`)}${typeof value === 'number' && unit !== null ? html` <span class="quiet">${unit}</span>` : nothing}`
}

function sourceOf({ layer, place }: Key['source']): TemplateResult {
  if (layer === 'default') return html`<span class="quiet">default</span>`
  return name(place)
}

function effectOf(effect: Key['effect'], updatable: boolean): TemplateResult {
  const [severity, word] = EFFECTS[effect]
  return html`${badge(severity, word)}${updatable ? html` <span class="quiet">by <code>config set</code></span>` : nothing}`
}
