import { replaceQueries } from './router.ts'
import type { Page } from './views.ts'

/** How the rows of a table are sorted, as the address says: `sort=topics`, or `sort=-topics` for the other way round. */
export interface Sorting {
  /** Of a column. */
  readonly key: string
  readonly isReversed: boolean
  /** Sorts by a column, or turns the order round if it is sorted by it. */
  readonly choose: (key: string) => void
}

/** @param otherwise - What it is sorted by if the address does not say. */
export function sortingOf({ route: { query }, changed }: Page, otherwise: string): Sorting {
  const text = query.get('sort') ?? otherwise
  const isReversed = text.startsWith('-')
  const key = isReversed ? text.slice(1) : text
  const choose = (chosen: string) => {
    const isTurned = chosen === key && !isReversed
    replaceQueries({ sort: isTurned ? `-${chosen}` : chosen, page: '' }, changed)
  }
  return { key, isReversed, choose }
}

/** How a column sorts rows. */
export interface SortKey<Row> {
  /** Its name in the address. */
  readonly key: string
  /** Whether the largest comes first, unless the order is turned round. */
  readonly isDescending?: boolean
  /** Null comes last. Absent if the server sorts. */
  readonly by?: (row: Row) => number | string | null
}

/** Rows in the order that was chosen. Equal ones stay in the order in which they are. */
export function sortedRows<Row>(
  rows: readonly Row[],
  columns: readonly { readonly sort?: SortKey<Row> }[],
  { key, isReversed }: Sorting,
): readonly Row[] {
  const sort = columns.find((column) => column.sort?.key === key)?.sort
  const by = sort?.by
  if (by === undefined) return rows
  const sign = (sort?.isDescending === true) === isReversed ? 1 : -1
  return rows
    .map((row) => ({ row, rank: by(row) }))
    .sort((a, b) => {
      if (a.rank === b.rank) return 0
      if (a.rank === null || b.rank === null) return a.rank === null ? 1 : -1
      return a.rank < b.rank ? -sign : sign
    })
    .map(({ row }) => row)
}

/** Rows of a page of a long table. */
export const PAGE_ROWS = 100

/** The page that the address asks for, counted from 0. */
export function pageIndexOf({ route: { query } }: Page): number {
  const page = Number(query.get('page') ?? 1)
  return Number.isInteger(page) && page >= 1 && page <= 10_000 ? page - 1 : 0
}
