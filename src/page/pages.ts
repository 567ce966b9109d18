import type { Views } from '../inspect/api-types.ts'
import type { Seen, Store, WatchOptions } from './store.ts'

/** The views that are lists in pages. */
type ListView = {
  [Path in keyof Views]: Views[Path] extends { readonly next: string | null } ? Path : never
}[keyof Views] &
  string

/** What is here of a list in pages. */
export interface SeenPages<T> {
  /** In order, up to the first that is not here. */
  readonly pages: readonly T[]
  /** The one after these, or the last page. */
  readonly last: Seen<T>
}

/**
 * Reads the pages of a list, one after the other. Call it while rendering.
 * @param options - Its query has the `limit` of a page.
 * @param maxPages - Pages beyond are not read.
 */
export function watchPages<Path extends ListView>(
  store: Store,
  view: Path,
  options: WatchOptions,
  maxPages: number,
): SeenPages<Views[Path]> {
  const pages: Views[Path][] = []
  let last = store.watch(view, options)
  for (;;) {
    if (last.value === undefined) return { pages, last }
    pages.push(last.value)
    const after = last.value.next
    if (after === null || pages.length === maxPages) return { pages, last }
    last = store.watch(view, { ...options, query: { ...options.query, after } })
  }
}
