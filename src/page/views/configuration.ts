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
  return html`<section>
      ${heading('All keys', '/api/v1/config')}
      <div class="card change">
        <p>
          To change a key that takes effect live, or for new connections, where <code>config set</code> accepts it:
        </p>
        ${command('mqnamesrv config set KEY=VALUE')}
        <p>To change any other: in the configuration file, and then a restart.</p>
      </div>
      <div class="filters">${searchField('Key or meaning', text, (value) => replaceQuery('text', value, changed))}</div>
      ${seen(watched, ({ keys }) => {
        const matching = found(keys, text).length
        return html`<p class="found quiet" role="status">
          ${matching === keys.length ? counted(keys.length, 'key') : `${count(matching)} of ${counted(keys.length, 'key')}`}
        </p>`
      })}
    </section>
    ${watched.value === undefined ? nothing : keyTables(found(watched.value.keys, text), text)}`
}

function found(keys: readonly Key[], text: string): readonly Key[] {
  const wanted = text.trim().toLowerCase()
  return keys.filter(({ key, meaning }) => `${key}\n${meaning}`.toLowerCase().includes(wanted))
}

function keyTables(keys: readonly Key[], text: string): TemplateResult {
  const isSearched = text.trim() !== ''
  return html`<section>
      ${heading('Different from the default')}
      ${keyTable('Different from the default', keys.filter(isChanged), isSearched ? 'No such key differs from its default.' : 'Every key has its default.')}
    </section>
    <section>
      ${heading('At the default')}
      ${keyTable(
        'At the default',
        keys.filter((key) => !isChanged(key)),
        isSearched ? 'No such key is at its default.' : 'No key has its default.',
      )}
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
