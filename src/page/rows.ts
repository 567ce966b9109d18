import { html, type TemplateResult } from 'lit-html'
import { ref } from 'lit-html/directives/ref.js'
import { repeat } from 'lit-html/directives/repeat.js'
import type { Content } from './components.ts'
import { customProperties } from './custom-properties.ts'

/** Rows above and below those in sight, for the next step of scrolling and of the Tab key. */
const MARGIN_ROWS = 8
/** Scrolling rests after this time. */
const REST_MS = 100

/** A column of {@link Rows}. */
export interface RowColumn {
  readonly head: string
  /** Class of its cells, which has its width. */
  readonly kind: string
  readonly cell: (key: string, row: RowState) => Content
}

export interface RowState {
  /** Whether the row is in sight, and was when scrolling last rested: only then are its details worth reading. */
  readonly isResting: boolean
  /** Of its link: 0 in one row, and -1 in all others, so that the Tab key goes past the table. */
  readonly tabIndex: 0 | -1
}

/**
 * A table of any length, in a box that scrolls: only the rows in sight are drawn. Rows have one height, `--row-height` in rem, and a
 * unique key; the cell of the first column has a link. Arrow keys, Page Up, Page Down, Home and End move the focus from link to link;
 * the Tab key comes back to the row that had it last, or to the first in sight.
 */
export class Rows {
  readonly #label: string
  readonly #columns: readonly RowColumn[]
  #keys: readonly string[] = []
  #changed = () => {}
  #box: HTMLElement | undefined
  #scrollTop = 0
  /** The row that has the focus stays, wherever the box is scrolled. */
  #focused: number | undefined
  #lastFocused = 0
  /** Keys of the rows in sight when scrolling last rested, and how many these were. */
  #resting: ReadonlySet<string> = new Set()
  #restingRows = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(label: string, columns: readonly RowColumn[]) {
    this.#label = label
    this.#columns = columns
  }

  /** @param keys - Of all rows. @param changed - Renders again. */
  render(keys: readonly string[], changed: () => void): TemplateResult {
    const areOthers = keys !== this.#keys
    this.#keys = keys
    this.#changed = changed
    const { first, last } = this.#inSight()
    // The window may have another size.
    if (areOthers || (this.#timer === undefined && last - first !== this.#restingRows)) this.#rest()
    const indices = this.#drawn()
    const tabStop =
      this.#focused ?? (this.#lastFocused >= first && this.#lastFocused < last ? this.#lastFocused : first)
    return html`<div
      class="rows"
      role="table"
      aria-label=${this.#label}
      aria-rowcount=${keys.length + 1}
      ${ref(this.#onBox)}
      @scroll=${this.#onScroll}
      @keydown=${this.#onKey}
      @focusin=${this.#onFocus}
      @focusout=${this.#onFocus}
    >
      <div class="row head" role="row" aria-rowindex="1">
        ${this.#columns.map(({ head, kind }) => html`<div role="columnheader" class=${kind}>${head}</div>`)}
      </div>
      <div class="all" role="rowgroup" ${customProperties({ '--rows': keys.length })}>
        ${repeat(
          indices,
          (index) => keys[index],
          (index) => this.#row(index, keys[index] as string, index === tabStop ? 0 : -1),
        )}
      </div>
    </div>`
  }

  /** Back to the first row. */
  toTop(): void {
    this.#focused = undefined
    this.#lastFocused = 0
    this.#scrollTop = 0
    if (this.#box !== undefined) this.#box.scrollTop = 0
  }

  /** Moves the focus to a row. */
  focus(index: number): void {
    if (this.#keys.length === 0) return
    const wanted = Math.max(0, Math.min(index, this.#keys.length - 1))
    this.#focused = wanted
    this.#show(wanted)
    this.#changed()
    // After the drawing that this has scheduled.
    requestAnimationFrame(() => this.#linkOf(wanted)?.focus({ preventScroll: true }))
  }

  #row(index: number, key: string, tabIndex: 0 | -1): TemplateResult {
    const state = { isResting: this.#resting.has(key), tabIndex }
    return html`<div
      class="row"
      role="row"
      aria-rowindex=${index + 2}
      data-index=${index}
      ${customProperties({ '--row': index })}
    >
      ${this.#columns.map(({ kind, cell }) => html`<div role="cell" class=${kind}>${cell(key, state)}</div>`)}
    </div>`
  }

  /** The rows in sight, some around them, and the one that has the focus, in order. */
  #drawn(): number[] {
    const { first, last } = this.#inSight()
    const from = Math.max(0, first - MARGIN_ROWS)
    const to = Math.min(this.#keys.length, last + MARGIN_ROWS)
    const indices = Array.from({ length: Math.max(0, to - from) }, (_, offset) => from + offset)
    const focused = this.#focused
    if (focused === undefined || focused >= this.#keys.length) return indices
    if (focused < from) return [focused, ...indices]
    return focused >= to ? [...indices, focused] : indices
  }

  /** `last` is one beyond the last row. */
  #inSight(): { readonly first: number; readonly last: number } {
    const [row, height] = [rowHeight(), this.#heightForRows()]
    const top = Math.min(this.#scrollTop, Math.max(0, this.#keys.length * row - height))
    return {
      first: Math.floor(top / row),
      last: Math.min(this.#keys.length, Math.ceil((top + height) / row)),
    }
  }

  /** Of the box, below the heading. */
  #heightForRows(): number {
    const box = this.#box
    return box === undefined
      ? innerHeight
      : box.clientHeight - (box.firstElementChild as HTMLElement).offsetHeight
  }

  #show(index: number): void {
    if (this.#box === undefined) return
    const row = rowHeight()
    const lowest = index * row
    const highest = lowest + row - this.#heightForRows()
    this.#scrollTop = Math.max(highest, Math.min(this.#scrollTop, lowest))
    this.#box.scrollTop = this.#scrollTop
  }

  #linkOf(index: number): HTMLElement | null {
    return this.#box?.querySelector(`[data-index="${index}"] a`) ?? null
  }

  /** Details are read when scrolling and typing rest, not on the way. */
  #rest(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const { first, last } = this.#inSight()
      this.#resting = new Set(this.#keys.slice(first, last))
      this.#restingRows = last - first
      this.#changed()
    }, REST_MS)
  }

  readonly #onBox = (box: Element | undefined): void => {
    this.#box = box as HTMLElement | undefined
    this.#rest()
    if (box === undefined) return
    // On the way back from a row to where it was; the box is not in the document yet.
    const top = this.#scrollTop
    queueMicrotask(() => {
      box.scrollTop = top
    })
  }

  readonly #onScroll = (): void => {
    this.#scrollTop = this.#box?.scrollTop ?? 0
    this.#rest()
    this.#changed()
  }

  readonly #onFocus = ({ type, target }: FocusEvent): void => {
    const row = (target as Element).closest<HTMLElement>('[data-index]')
    const index = row === null ? undefined : Number(row.dataset['index'])
    this.#focused = type === 'focusin' ? index : undefined
    this.#lastFocused = index ?? this.#lastFocused
    this.#changed()
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const { first, last } = this.#inSight()
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: last - first - 1,
      PageUp: first - last + 1,
      Home: -this.#keys.length,
      End: this.#keys.length,
    }
    const step = steps[event.key]
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    this.focus((this.#focused ?? first) + step)
  }
}

/** In pixels. */
function rowHeight(): number {
  const style = getComputedStyle(document.documentElement)
  return Number.parseFloat(style.getPropertyValue('--row-height')) * Number.parseFloat(style.fontSize)
}
