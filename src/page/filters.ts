import { replaceQueries } from './router.ts'
import type { Page } from './views.ts'

/** Filters of a list, as the address says. */
export interface Filters<Name extends string> {
  /** Empty where nothing is chosen. */
  readonly values: Readonly<Record<Name, string>>
  /** Sets a filter, and shows the first page. @param others - What else of the address changes with it. */
  readonly choose: (name: Name, others?: Readonly<Record<string, string>>) => (value: string) => void
}

export function filtersOf<Name extends string>(
  { route: { query }, changed }: Page,
  ...names: readonly Name[]
): Filters<Name> {
  const pairs = names.map((name) => [name, query.get(name) ?? ''])
  return {
    values: Object.fromEntries(pairs),
    choose: (name, others) => (value) => replaceQueries({ ...others, [name]: value, page: '' }, changed),
  }
}
