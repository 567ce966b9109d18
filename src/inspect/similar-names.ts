import type { Steps } from '../common/time-slicer.ts'

/** How a name resembles the one that was asked for, the closest first. */
export type Likeness = 'spaces' | 'case' | 'namespace' | 'punctuation' | 'one character'

/** Similar names that views show of each. */
export const MAX_SIMILAR = 5

export interface SimilarName {
  readonly name: string
  readonly likeness: Likeness
}

const ORDER: readonly Likeness[] = ['spaces', 'case', 'namespace', 'punctuation', 'one character']

/**
 * The names that may have been meant by another: the same but for spaces around it, upper and lower case, the namespace in front of
 * `%`, punctuation, or one character that is missing, added, replaced or swapped with the next.
 */
export function* similarNames(
  wanted: string,
  names: Iterable<string>,
  maxNames: number,
): Steps<SimilarName[]> {
  const [found = []] = yield* similarToEach([wanted], names, maxNames)
  return found
}

/** The same for several names, in one pass over all. A step per name. */
export function* similarToEach(
  wanted: readonly string[],
  names: Iterable<string>,
  maxNames: number,
): Steps<SimilarName[][]> {
  const searches = wanted.map((name): Search => ({ name, forms: formsOf(name), found: [], last: undefined }))
  const index = indexOf(searches)
  for (const name of names) {
    compare(name, index, maxNames)
    yield
  }
  return searches.map(({ found }) => found)
}

function compare(name: string, index: SearchIndex, maxNames: number): void {
  const forms = formsOf(name)
  for (const [form, likeness] of FORMS)
    for (const search of index[form].get(forms[form]) ?? NONE) keep(search, { name, likeness }, maxNames)
  for (let length = forms.lower.length - 1; length <= forms.lower.length + 1; length++)
    for (const search of index.byLength.get(length) ?? NONE)
      if (isOneEditAway(search.forms.lower, forms.lower))
        keep(search, { name, likeness: 'one character' }, maxNames)
}

interface Search {
  readonly name: string
  readonly forms: Forms
  /** The closest first. */
  readonly found: SimilarName[]
  /** The last one that was found, in its closest likeness. */
  last: string | undefined
}

/** What names have in common with others. */
interface Forms {
  readonly trimmed: string
  readonly lower: string
  readonly local: string
  readonly bare: string
}

/** The closest first. */
const FORMS = [
  ['trimmed', 'spaces'],
  ['lower', 'case'],
  ['local', 'namespace'],
  ['bare', 'punctuation'],
] as const satisfies [keyof Forms, Likeness][]

function formsOf(name: string): Forms {
  const trimmed = name.trim()
  const lower = trimmed.toLowerCase()
  const local = lower.slice(lower.lastIndexOf('%') + 1)
  return { trimmed, lower, local, bare: local.replace(/[-_.%]/g, '') }
}

type SearchIndex = ReturnType<typeof indexOf>

/** Searches by each of their forms, and by the length of the name. */
function indexOf(searches: readonly Search[]) {
  return {
    trimmed: groupBy(searches, ({ trimmed }) => trimmed),
    lower: groupBy(searches, ({ lower }) => lower),
    local: groupBy(searches, ({ local }) => local),
    bare: groupBy(searches, ({ bare }) => bare),
    byLength: groupBy(searches, ({ lower }) => lower.length),
  }
}

/** Without those whose key is empty. */
function groupBy<Key extends string | number>(
  searches: readonly Search[],
  keyOf: (forms: Forms) => Key,
): ReadonlyMap<Key, readonly Search[]> {
  const groups = new Map<Key, Search[]>()
  for (const search of searches) {
    const key = keyOf(search.forms)
    if (key !== '') groups.set(key, [...(groups.get(key) ?? []), search])
  }
  return groups
}

const NONE: readonly Search[] = []

/** Adds a name to a sorted list of limited length, once. */
function keep(search: Search, added: SimilarName, maxNames: number): void {
  if (added.name === search.name || added.name === search.last) return
  search.last = added.name
  const { found } = search
  found.push(added)
  found.sort((a, b) => ORDER.indexOf(a.likeness) - ORDER.indexOf(b.likeness) || (a.name < b.name ? -1 : 1))
  found.length = Math.min(found.length, maxNames)
}

/** Whether one text becomes the other by one insertion, deletion, replacement, or swap of neighbours. */
export function isOneEditAway(a: string, b: string): boolean {
  if (a === b) return false
  if (a.length > b.length) return isOneEditAway(b, a)
  if (b.length - a.length > 1) return false
  let from = 0
  while (from < a.length && a.charCodeAt(from) === b.charCodeAt(from)) from++
  let [aEnd, bEnd] = [a.length, b.length]
  while (aEnd > from && a.charCodeAt(aEnd - 1) === b.charCodeAt(bEnd - 1)) {
    aEnd--
    bEnd--
  }
  // What is between the common beginning and the common end.
  if (aEnd - from <= 1 && bEnd - from <= 1) return true
  return aEnd - from === 2 && bEnd - from === 2 && a[from] === b[from + 1] && a[from + 1] === b[from]
}
