import type { Steps } from '../common/time-slicer.ts'
import { integerOf, type QueryParameter } from './view.ts'

/** Names that are sorted, or merged, in one step. */
const NAMES_PER_STEP = 16
/** Of a page, unless `limit` says otherwise. */
const DEFAULT_LIMIT = 1_000
const MAX_LIMIT = 10_000

/** How two elements are ordered, as `Array.prototype.sort` has it. */
type Compare<T> = (a: T, b: T) => number

/** Texts in ascending order of their UTF-16 units, in steps: a hundred thousand would block the event loop. */
export function sorted(texts: readonly string[]): Steps<string[]>
/** Anything in order, in steps. Equal elements stay in the order in which they are. */
export function sorted<T>(elements: readonly T[], compare: Compare<T>): Steps<T[]>
export function* sorted<T>(elements: readonly T[], compare?: Compare<T>): Steps<T[]> {
  let [runs, merged] = [elements.slice(), elements.slice()]
  for (let from = 0; from < runs.length; from += NAMES_PER_STEP) {
    const run = runs.slice(from, from + NAMES_PER_STEP).sort(compare)
    for (const [at, element] of run.entries()) runs[from + at] = element
    yield
  }
  const isInOrder = compare === undefined ? (a: T, b: T) => a <= b : (a: T, b: T) => compare(a, b) <= 0
  for (let length = NAMES_PER_STEP; length < runs.length; length *= 2) {
    for (let from = 0; from < runs.length; from += 2 * length)
      yield* merge(runs, merged, from, length, isInOrder)
    ;[runs, merged] = [merged, runs]
  }
  return runs
}

/** Merges the sorted run at `from` and the next one. */
function* merge<T>(
  runs: readonly T[],
  merged: T[],
  from: number,
  length: number,
  isInOrder: (a: T, b: T) => boolean,
): Steps<void> {
  const middle = Math.min(from + length, runs.length)
  const end = Math.min(middle + length, runs.length)
  let [left, right] = [from, middle]
  for (let at = from; at < end; at++) {
    const isLeft = right === end || (left < middle && isInOrder(runs[left] as T, runs[right] as T))
    merged[at] = runs[isLeft ? left++ : right++] as T
    if (at % NAMES_PER_STEP === 0) yield
  }
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
    summary: 'Only what follows in the order of the list: `next` of the page before.',
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
 * @param isAhead - Names that come before all others; `next` begins with `0` for them, and with `1` for others. Default: all are
 *   equal, and `next` is a name.
 * @throws {ViewError}
 */
export function pageOf(
  names: readonly string[],
  query: URLSearchParams,
  isAhead?: (name: string) => boolean,
): Page {
  const limit = limitOf(query)
  const prefix = query.get('prefix') ?? ''
  const after = query.get('after')
  const first = firstIndex(names, (name) => name >= prefix)
  const end = firstIndex(names, (name) => name >= prefix && !name.startsWith(prefix))
  const matching = names.slice(first, end)
  const places = isAhead === undefined ? matching : rankedPlaces(matching, isAhead)
  const from = after === null ? 0 : firstIndex(places, (place) => place > after)
  const page = places.slice(from, from + limit)
  return {
    names: isAhead === undefined ? page : page.map((place) => place.slice(1)),
    matching: matching.length,
    next: from + limit >= places.length ? null : (page.at(-1) ?? null),
  }
}

/** In ascending order, as `names` are. */
function rankedPlaces(names: readonly string[], isAhead: (name: string) => boolean): string[] {
  const [ahead, others]: [string[], string[]] = [[], []]
  for (const name of names) {
    if (isAhead(name)) ahead.push(`0${name}`)
    else others.push(`1${name}`)
  }
  return [...ahead, ...others]
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
