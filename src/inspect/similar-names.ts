import type { Steps } from '../common/time-slicer.ts'

/** How a name resembles the one that was asked for, the closest first. */
export type Likeness = 'spaces' | 'case' | 'namespace' | 'punctuation' | 'one character'

export interface SimilarName {
  readonly name: string
  readonly likeness: Likeness
}

const ORDER: readonly Likeness[] = ['spaces', 'case', 'namespace', 'punctuation', 'one character']

/** Names that are compared in one step. */
const NAMES_PER_STEP = 16

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

/** The same for several names, in one pass over all. */
export function* similarToEach(
  wanted: readonly string[],
  names: Iterable<string>,
  maxNames: number,
): Steps<SimilarName[][]> {
  const searches = wanted.map((name) => ({ name, forms: formsOf(name), found: [] as SimilarName[] }))
  for (const name of names) {
    const forms = formsOf(name)
    for (const [index, search] of searches.entries()) {
      const likeness = name === search.name ? undefined : likenessOf(search.forms, forms)
      if (likeness !== undefined) keepClosest(search.found, { name, likeness }, maxNames)
      if (index % NAMES_PER_STEP === 0) yield
    }
  }
  return searches.map(({ found }) => found)
}

/** Adds a name to a sorted list of limited length. */
function keepClosest(found: SimilarName[], added: SimilarName, maxNames: number): void {
  found.push(added)
  found.sort((a, b) => ORDER.indexOf(a.likeness) - ORDER.indexOf(b.likeness) || (a.name < b.name ? -1 : 1))
  found.length = Math.min(found.length, maxNames)
}

interface Forms {
  readonly trimmed: string
  readonly lower: string
  readonly local: string
  readonly bare: string
}

function formsOf(name: string): Forms {
  const trimmed = name.trim()
  const lower = trimmed.toLowerCase()
  const local = lower.slice(lower.lastIndexOf('%') + 1)
  return { trimmed, lower, local, bare: local.replace(/[-_.%]/g, '') }
}

function likenessOf(wanted: Forms, forms: Forms): Likeness | undefined {
  if (forms.trimmed === wanted.trimmed) return 'spaces'
  if (forms.lower === wanted.lower) return 'case'
  if (forms.local === wanted.local) return 'namespace'
  if (forms.bare === wanted.bare && forms.bare !== '') return 'punctuation'
  return isOneEditAway(wanted.lower, forms.lower) ? 'one character' : undefined
}

/** Whether one text becomes the other by one insertion, deletion, replacement, or swap of neighbours. */
export function isOneEditAway(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (long.length - short.length > 1 || short === long) return false
  let from = 0
  while (from < short.length && short[from] === long[from]) from++
  if (short.length < long.length) return short.slice(from) === long.slice(from + 1)
  if (short.slice(from + 1) === long.slice(from + 1)) return true
  const isSwapped = short[from] === long[from + 1] && short[from + 1] === long[from]
  return isSwapped && short.slice(from + 2) === long.slice(from + 2)
}
