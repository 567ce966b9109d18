import { cut, pad, width } from './width.ts'

/** A column of a table. */
export interface Column<Item> {
  /** In capitals. */
  readonly head: string
  /** Null is shown as `-`. */
  readonly cell: (item: Item) => string | number | boolean | null | undefined
  /** Only in `-o wide`. */
  readonly isWide?: boolean
  readonly align?: 'left' | 'right'
}

export interface TableOptions {
  readonly isWide: boolean
  readonly hasHead: boolean
  /** Lines are cut to this many columns of the terminal; undefined if they are not. */
  readonly maxWidth: number | undefined
}

const GAP = '  '

/** Lines of a table of visible texts: two spaces between the columns, no borders, no spaces at the end. */
export function tableLines<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  { isWide, hasHead, maxWidth }: TableOptions,
): string[] {
  const shown = columns.filter((column) => isWide || column.isWide !== true)
  const rows = items.map((item) => shown.map(({ cell }) => cellText(cell(item))))
  if (hasHead) rows.unshift(shown.map(({ head }) => head))
  const widths = shown.map((_, index) => rows.reduce((max, row) => Math.max(max, width(row[index] ?? '')), 0))
  return rows.map((row) => {
    const line = row
      .map((text, index) => pad(text, widths[index] ?? 0, shown[index]?.align))
      .join(GAP)
      .trimEnd()
    return maxWidth === undefined ? line : cut(line, maxWidth)
  })
}

function cellText(value: string | number | boolean | null | undefined): string {
  const text = value == null ? '' : `${value}`
  return text === '' ? '-' : text
}
