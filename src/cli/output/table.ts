import { cut, pad, width } from './width.ts'
import { wrapped } from './wrapped.ts'

/** A column of a table. */
export interface Column<Item> {
  /** In capitals. */
  readonly head: string
  /** Null is shown as `-`. */
  readonly cell: (item: Item) => string | number | boolean | null | undefined
  /** Only in `-o wide`. */
  readonly isWide?: boolean
  readonly align?: 'left' | 'right'
  /** Whether its texts are wrapped if the table is wider than the terminal; at most one column of a table. */
  readonly isWrapped?: boolean
}

export interface TableOptions {
  readonly isWide: boolean
  readonly hasHead: boolean
  /** Lines are wrapped, or cut, to this many columns of the terminal; undefined if they are not. */
  readonly maxWidth: number | undefined
}

const GAP = '  '
/** With less room beside the other columns, texts are wrapped below them. */
const MIN_TEXT = 30
const INDENT = '  '
const EMPTY = '-'

/** Lines of a table of visible texts: two spaces between the columns, no borders, no spaces at the end. */
export function tableLines<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  options: TableOptions,
): string[] {
  return tableRows(items, columns, options).flat()
}

/** The lines of the head, if there is one, and of each row. */
export function tableRows<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  options: TableOptions,
): string[][] {
  const { isWide, hasHead, maxWidth = Number.POSITIVE_INFINITY } = options
  const shown = columns.filter((column) => isWide || column.isWide !== true)
  const rows = items.map((item) => shown.map(({ cell }) => cellText(cell(item))))
  if (hasHead) rows.unshift(shown.map(({ head }) => head))
  const widths = shown.map((_, index) => rows.reduce((max, row) => Math.max(max, width(row[index] ?? '')), 0))
  const lineOf = (row: readonly string[]): string => {
    const cells = row.map((text, index) => pad(text, widths[index] ?? 0, shown[index]?.align))
    return cut(cells.join(GAP).trimEnd(), maxWidth)
  }
  const at = shown.findIndex((column) => column.isWrapped === true)
  const excess = widths.reduce((sum, each) => sum + each, GAP.length * (shown.length - 1)) - maxWidth
  if (at < 0 || excess <= 0) return rows.map((row) => [lineOf(row)])
  const room = (widths[at] ?? 0) - excess
  if (room < MIN_TEXT) {
    const others = tableRows(items, shown.toSpliced(at, 1), options)
    return others.map((lines, index) => {
      const text = rows[index]?.[at] ?? EMPTY
      return text === EMPTY
        ? lines
        : [...lines, ...wrapped(text, maxWidth - INDENT.length).map((line) => INDENT + line)]
    })
  }
  widths[at] = room
  return rows.map((row) =>
    wrapped(row[at] ?? '', room).map((text, index) =>
      lineOf(row.map((cell, column) => (column === at ? text : index === 0 ? cell : ''))),
    ),
  )
}

function cellText(value: string | number | boolean | null | undefined): string {
  const text = value == null ? '' : `${value}`
  return text === '' ? EMPTY : text
}
