import type { Steps } from '../common/time-slicer.ts'
import { integerOf, type QueryParameter } from './view.ts'

/** Names that are sorted, or merged, in one step. */
const NAMES_PER_STEP = 64
/** Of a page, unless `limit` says otherwise. */
const DEFAULT_LIMIT = 1_000
const MAX_LIMIT = 10_000

/** Texts in ascending order of their UTF-16 units, in steps: a hundred thousand would block the event loop. */
export function* sorted(texts: readonly string[]): Steps<string[]> {
  let runs: string[][] = []
  for (let from = 0; from < texts.length; from += NAMES_PER_STEP) {
    runs.push(texts.slice(from, from + NAMES_PER_STEP).sort())
    yield
  }
  while (runs.length > 1) {
    const merged: string[][] = []
    for (let at = 0; at < runs.length; at += 2)
      merged.push(yield* merge(runs[at] as string[], runs[at + 1] ?? []))
    runs = merged
  }
  return runs[0] ?? []
}

function* merge(a: readonly string[], b: readonly string[]): Steps<string[]> {
  const merged: string[] = []
  let [atA, atB] = [0, 0]
  while (atA < a.length && atB < b.length) {
    const left = a[atA] as string
    const right = b[atB] as string
    const isLeft = left <= right
    merged.push(isLeft ? left : right)
    if (isLeft) atA++
    else atB++
    if (merged.length % NAMES_PER_STEP === 0) yield
  }
  for (; atA < a.length; atA++) merged.push(a[atA] as string)
  for (; atB < b.length; atB++) merged.push(b[atB] as string)
  return merged
}

/** A part of a sorted list. */
export interface Page {
  readonly names: readonly string[]
  /** Names that match `prefix`, on all pages together. */
  readonly matching: number
  /** The value of `after` for the next page; null if this is the last one. */
  readonly next: string | null
}

export const LIMIT_PARAMETER: QueryParameter = {
  name: 'limit',
  summary: 'Max elements of the list. Default 1,000.',
  schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT },
}

export const PAGE_PARAMETERS: readonly QueryParameter[] = [
  { name: 'prefix', summary: 'Only names that begin with it.', schema: { type: 'string' } },
  LIMIT_PARAMETER,
  {
    name: 'after',
    summary: 'Only what follows this name in the order of the list: `next` of the page before.',
    schema: { type: 'string' },
  },
]

/** Schema of {@link Page.next}. */
export const NEXT_SCHEMA = {
  type: ['string', 'null'],
  description: '`after` of the next page; null on the last one',
} as const

/** The value of {@link LIMIT_PARAMETER}. @throws {ViewError} */
export function limitOf(query: URLSearchParams): number {
  return integerOf(query, 'limit', { min: 1, max: MAX_LIMIT, otherwise: DEFAULT_LIMIT })
}

/**
 * The page of a sorted list that {@link PAGE_PARAMETERS} ask for. The place of a name depends on no other name, so a change between
 * two pages loses and repeats nothing else.
 * @throws {ViewError}
 */
export function pageOf(names: readonly string[], query: URLSearchParams): Page {
  const limit = limitOf(query)
  const prefix = query.get('prefix') ?? ''
  const after = query.get('after')
  const first = firstIndex(names, (name) => name >= prefix)
  const end = firstIndex(names, (name) => name >= prefix && !name.startsWith(prefix))
  const from =
    after === null
      ? first
      : Math.max(
          first,
          firstIndex(names, (name) => name > after),
        )
  const page = names.slice(from, Math.min(end, from + limit))
  const isLast = from + limit >= end
  return { names: page, matching: end - first, next: isLast ? null : (page.at(-1) ?? null) }
}

/** The first index whose name satisfies a condition that all later ones satisfy too. */
function firstIndex(names: readonly string[], condition: (name: string) => boolean): number {
  let [low, high] = [0, names.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (condition(names[middle] as string)) high = middle
    else low = middle + 1
  }
  return low
}
