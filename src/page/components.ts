import { html, nothing, type TemplateResult } from 'lit-html'
import { live } from 'lit-html/directives/live.js'
import { repeat } from 'lit-html/directives/repeat.js'
import { visible } from '../common/visible.ts'
import type { Views } from '../inspect/api-types.ts'
import { capitalized, clockTime, count, duration } from './format.ts'
import { href, type Route } from './router.ts'
import { PAGE_ROWS, type Sorting, type SortKey } from './sorting.ts'
import { addressOf, type Seen, type WatchOptions } from './store.ts'

/** What a template may show. */
export type Content = TemplateResult | readonly TemplateResult[] | string | number | typeof nothing

export type Severity = 'critical' | 'warning' | 'info' | 'good' | 'neutral'

/** A shape for each severity, so that colour is never all there is. */
const ICONS: Readonly<Record<Severity, string>> = {
  critical: '✖',
  warning: '▲',
  info: '●',
  good: '✔',
  neutral: '○',
}

const MAX_NAME_LENGTH = 160
const MAX_OPTION_LENGTH = 60

/** A name from a stranger: invisible characters as escapes, in quotes if spaces are at its ends, and not all of a long one. */
export function name(text: string): TemplateResult {
  const shown = text === text.trim() ? visible(text) : `"${visible(text)}"`
  if (shown.length <= MAX_NAME_LENGTH) return html`<bdi class="name">${shown}</bdi>`
  return html`<bdi class="name" title=${shown.slice(0, 4_096)}>${shown.slice(0, MAX_NAME_LENGTH)}…</bdi>`
}

/** A word about a state. */
export function badge(severity: Severity, word: string): TemplateResult {
  return html`<span class="badge ${severity}"><span aria-hidden="true">${ICONS[severity]}</span> ${word}</span>`
}

/** A point in time, with the time since then. @param nowMs - By the clock of the server. */
export function time(iso: string, nowMs: number): TemplateResult {
  return html`${instant(iso, new Date(nowMs))}<span class="quiet">, ${ago(Date.parse(iso), nowMs)}</span>`
}

/** In the time zone of the browser; its title is the time in UTC. */
function instant(iso: string, now: Date): TemplateResult {
  return html`<time datetime=${iso} title=${iso}>${clockTime(new Date(iso), now)}</time>`
}

const INSTANT = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z)/

/** A sentence of the server: invisible characters as escapes, and points in time as all others are shown. */
export function sentence(text: string): Content {
  return text
    .split(INSTANT)
    .map((part, at) => (at % 2 === 1 ? instant(part, new Date()) : html`${visible(part)}`))
}

function ago(atMs: number, nowMs: number): string {
  return nowMs - atMs < 1_000 ? 'just now' : `${duration(nowMs - atMs)} ago`
}

/** A command to run, with a button that copies it. */
export function command(text: string): TemplateResult {
  return html`<div class="command">
    <code>${text}</code>
    <button type="button" @click=${({ currentTarget }: Event) => void copy(currentTarget as HTMLElement, text)}>Copy</button>
  </div>`
}

/** What may be done about something, with the commands for it. */
export function commandList(
  commands: readonly { readonly purpose: string; readonly command: string }[],
): TemplateResult {
  if (commands.length === 0)
    return emptyState('None: this name has characters that a terminal would hide or obey.')
  return html`<p class="quiet">This page changes nothing: run them in a shell where NAMESRV_ADDR names the NameServers.</p>
    <dl class="commands">
      ${commands.map(({ purpose, command: text }) => html`<div><dt>${name(purpose)}</dt><dd>${command(text)}</dd></div>`)}
    </dl>`
}

const COPIED_MS = 2_000

async function copy(button: HTMLElement, text: string): Promise<void> {
  let isCopied = true
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // Browsers have no clipboard for a page that came without TLS from another machine.
    isCopied = copySelected(button)
  }
  button.textContent = isCopied ? 'Copied' : 'Press Ctrl+C'
  announce(isCopied ? 'Command copied' : 'Command selected: press Ctrl+C to copy it')
  setTimeout(() => {
    button.textContent = 'Copy'
  }, COPIED_MS)
}

/** Selects the command beside its button, and copies it if the browser allows that. */
function copySelected(button: HTMLElement): boolean {
  const code = button.previousElementSibling
  if (code === null) return false
  getSelection()?.selectAllChildren(code)
  return document.execCommand('copy')
}

/** Has a screen reader say it. */
export function announce(text: string): void {
  const region = document.getElementById('announcement')
  if (region !== null) region.textContent = text
}

/** One column of a table. */
export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => Content
  /** Numbers are on the right. */
  readonly isNumber?: boolean
  /** Sentences have room, and break within long words. */
  readonly isText?: boolean
  /** Its heading sorts the table. */
  readonly sort?: SortKey<Row>
}

/**
 * Rows under a heading that names them; without rows, what it means that there are none. On a narrow screen, the cells of a row are
 * below each other, each with the head of its column.
 * @param options.key - Of a row, and of no other one: a row keeps its focus and what is open in it, wherever it moves.
 * @param options.sorting - In effect, where headings sort it. The rows are in that order.
 */
export function table<Row>(options: {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly empty: Content
  readonly key: (row: Row) => string
  readonly sorting?: Sorting
}): TemplateResult {
  const { label, columns, rows, empty, key, sorting } = options
  if (rows.length === 0) return emptyState(empty)
  const kind = (column: Column<Row>) =>
    column.isNumber === true ? 'number' : column.isText === true ? 'text' : ''
  const drawn = (row: Row) => html`<tr role="row">
    ${columns.map((column) => html`<td role="cell" class=${kind(column)} data-head=${column.head}>${column.cell(row)}</td>`)}
  </tr>`
  // Roles, because some screen readers ignore a table whose layout the stylesheet changes.
  return html`<div class="table" role="region" aria-label=${label} tabindex="0">
    <table role="table">
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(
            (
              column,
            ) => html`<th role="columnheader" scope="col" class=${kind(column)} aria-sort=${orderOf(column, sorting) ?? nothing}>
              ${columnHead(column, sorting)}
            </th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${repeat(rows, key, drawn)}
      </tbody>
    </table>
  </div>`
}

/** Undefined if the table is not sorted by the column. */
function orderOf<Row>(
  { sort }: Column<Row>,
  sorting: Sorting | undefined,
): 'ascending' | 'descending' | undefined {
  if (sort === undefined || sort.key !== sorting?.key) return undefined
  return (sort.isDescending === true) === sorting.isReversed ? 'ascending' : 'descending'
}

function columnHead<Row>(column: Column<Row>, sorting: Sorting | undefined): Content {
  const { head, sort } = column
  if (sort === undefined || sorting === undefined) return head
  const order = orderOf(column, sorting)
  const mark = order === undefined ? '' : order === 'ascending' ? '▲' : '▼'
  return html`<button type="button" class="sort" @click=${() => sorting.choose(sort.key)}
    >${head}<span class="sort-mark" aria-hidden="true">${mark}</span></button
  >`
}

/**
 * Which rows of how many are seen, with links to the next page and the one before.
 * @param options.noun - Of the rows, in the plural.
 * @param options.index - Of the page, counted from 0.
 * @param options.note - What else there is to say of the number.
 */
export function pager(options: {
  readonly route: Route
  readonly total: number
  readonly index: number
  readonly noun: string
  readonly note?: Content
}): TemplateResult {
  const { route, total, index, noun, note = nothing } = options
  const first = index * PAGE_ROWS
  const end = Math.min(first + PAGE_ROWS, total)
  const range = total <= PAGE_ROWS || first >= total ? '' : `${count(first + 1)}–${count(end)} of `
  const pageHref = (page: number) =>
    href(route.path, { ...Object.fromEntries(route.query), page: page === 0 ? '' : `${page + 1}` })
  return html`<div class="pager" role="group" aria-label="Pages">
    <span class="quiet" role="status">${range}${count(total)} ${total === 1 ? noun.replace(/s$/, '') : noun}${note}</span>
    ${
      total <= PAGE_ROWS && index === 0
        ? nothing
        : html`${pageLink('Previous', index > 0 ? pageHref(index - 1) : undefined)}
            ${pageLink('Next', end < total ? pageHref(index + 1) : undefined)}`
    }
  </div>`
}

/** @param address - Undefined if there is no such page. */
export function pageLink(label: string, address: string | undefined): TemplateResult {
  return html`<a class="button" role="link" href=${address ?? nothing} aria-disabled=${address === undefined ? 'true' : nothing}
    >${label}</a
  >`
}

/** There is nothing to show, and why, or what would make it appear. */
export function emptyState(text: Content): TemplateResult {
  return html`<p class="empty">${text}</p>`
}

/** A view in each of its states: loading, failed, and what `render` makes of its value, marked if it is old. */
export function seen<T>(view: Seen<T>, render: (value: T) => Content): TemplateResult {
  const { value, error, isDenied, isStale, ageMillis = 0 } = view
  const isOld = isStale && error !== undefined
  if (value !== undefined)
    return html`<div class=${isStale ? 'stale' : ''}>
      ${isOld ? html`<p class="old">${badge('warning', `Not updated for ${duration(ageMillis)}`)} ${visible(error)}</p>` : nothing}
      ${render(value)}
    </div>`
  if (error?.startsWith('not observed') === true) return emptyState(visible(capitalized(error)))
  if (error !== undefined)
    return html`<p class="error">${badge('critical', isDenied ? 'Not allowed' : 'Not available')} ${visible(error)}</p>`
  return html`<p class="loading">Loading…</p>`
}

/** What `seenList` has drawn of the present view, by the name of the list. */
const drawnLists = new Map<string, TemplateResult>()

/** Another view begins: its lists are not those of the last visit. */
export function forgetLists(): void {
  drawnLists.clear()
}

/**
 * The same for a list of which a filter, an order and a page are read: until others of them are here, the last ones stay, marked as
 * old if that takes long.
 * @param list - Of which only filters, order and page change.
 */
export function seenList<T>(list: string, view: Seen<T>, render: (value: T) => Content): TemplateResult {
  const isPending = view.value === undefined && view.error === undefined
  const last = isPending ? drawnLists.get(list) : undefined
  const content = last ?? seen(view, render)
  if (!isPending) drawnLists.set(list, content)
  const isOld = last !== undefined && view.isStale
  return html`<div aria-busy=${last !== undefined} class=${isOld ? 'stale' : ''}>
    ${isOld ? html`<p class="old">${badge('warning', 'Loading')} This is the list as it was before.</p>` : nothing}
    ${content}
  </div>`
}

/** A heading of a part of a view, with the address of its data. */
export function heading(text: Content, view?: keyof Views & string, options?: WatchOptions): TemplateResult {
  return html`<div class="heading">
    <h2>${text}</h2>
    ${view === undefined ? nothing : jsonLink(view, options)}
  </div>`
}

/**
 * A part of a view that scrolls in itself, so that the whole stays in sight.
 * @param options.id - Of its heading; its class is `panel-<id>`.
 * @param options.isTable - Whether the content is one `table`, which has the focus of the keyboard itself.
 * @param options.note - Beside the heading, such as how many there are.
 */
export function panel(options: {
  readonly id: string
  readonly title: string
  readonly note?: Content
  readonly view: keyof Views & string
  readonly query?: Readonly<Record<string, string>>
  readonly content: Content
  readonly isTable?: boolean
}): TemplateResult {
  const { id, title, note = '', view, query = {}, content, isTable = false } = options
  return html`<section class="panel panel-${id}" aria-labelledby=${id}>
    <div class="heading">
      <h2 id=${id}>${title}</h2>
      ${note === '' ? nothing : html`<span class="quiet">${note}</span>`} ${jsonLink(view, { query })}
    </div>
    ${
      isTable
        ? html`<div class="panel-body">${content}</div>`
        : html`<div class="panel-body" role="group" aria-labelledby=${id} tabindex="0">${content}</div>`
    }
  </section>`
}

/** The data of a view, for programs. */
export function jsonLink(view: keyof Views & string, options?: WatchOptions): TemplateResult {
  const address = addressOf(view, options)
  return html`<a class="json" href=${address} aria-label="JSON of ${address}">JSON</a>`
}

/** What is typed into fields whose filter is not in effect yet, by their labels. */
const typed = new Map<string, string>()
const TYPING_PAUSE_MS = 300

/**
 * A field that filters what is shown.
 * @param changed - With each key stroke; if the server filters, when typing pauses, and with the Enter key.
 */
export function searchField(
  label: string,
  value: string,
  changed: (value: string) => void,
  by: 'page' | 'server' = 'page',
): TemplateResult {
  const commit = (input: HTMLInputElement) => {
    // A field that is gone belongs to another view, whose address is not to change.
    if (typed.delete(label) && input.isConnected) changed(input.value)
  }
  const onInput = ({ target }: Event) => {
    const input = target as HTMLInputElement
    const text = input.value
    if (by === 'page') return changed(text)
    typed.set(label, text)
    setTimeout(() => {
      if (typed.get(label) === text) commit(input)
    }, TYPING_PAUSE_MS)
  }
  return html`<label class="search">
    <span>${label}</span>
    <input
      type="search"
      autocomplete="off"
      autocapitalize="off"
      spellcheck="false"
      .value=${typed.get(label) ?? value}
      @input=${onInput}
      @change=${({ target }: Event) => commit(target as HTMLInputElement)}
    />
  </label>`
}

/**
 * A filter by one of some values, or by none; a value that is not among them any more stays.
 * @param values - Each with its label, if that is another.
 * @param none - The label of no filter.
 */
export function choice(
  label: string,
  value: string,
  values: readonly (string | readonly [string, string])[],
  changed: (value: string) => void,
  none = 'all',
): TemplateResult {
  const known = values.map((each) => (typeof each === 'string' ? ([each, each] as const) : each))
  const all =
    value === '' || known.some(([each]) => each === value) ? known : [[value, value] as const, ...known]
  return html`<label class="choice">
    <span>${label}</span>
    <select .value=${live(value)} @change=${(event: Event) => changed((event.target as HTMLSelectElement).value)}>
      <option value="">${none}</option>
      ${repeat(
        all,
        ([each]) => each,
        ([each, text]) =>
          html`<option value=${each} ?selected=${each === value}>${visible(text).slice(0, MAX_OPTION_LENGTH)}</option>`,
      )}
    </select>
  </label>`
}

/** A value and what it is. */
export function figure(label: string, value: Content): TemplateResult {
  return html`<div class="figure"><dt>${label}</dt><dd>${value}</dd></div>`
}
