import { visible } from '../common/visible.ts'
import type { Views } from '../inspect/api-types.ts'
import { watchPages } from './pages.ts'
import type { Seen, ServerEvent, Store } from './store.ts'

type NamesPage = Views['/api/v1/topics']

/** Names of all topics, to be searched. */
export interface TopicNames {
  readonly total: number
  /** Sorted. Fewer than `total` while they are read, and of more than a million. */
  readonly names: readonly string[]
  /** As they are shown, in lower case. */
  readonly texts: readonly string[]
}

const PAGE_LIMIT = '10000'
/** A million names. */
const MAX_PAGES = 100
const EVERY_MS = 30_000

/** Kinds of events with which topics come and go. */
const KINDS = /^(broker_(registered|left|lost|expired|unreachable|not_returned)|topics?_.*|restore_.*)$/

/** Whether topics may have come or gone. */
export function concernsTopics({ kind }: ServerEvent): boolean {
  return KINDS.test(kind)
}

let shownPages: readonly NamesPage[] = []
let shown: TopicNames = { total: 0, names: [], texts: [] }
let isShownWhole = false

/** Reads the names of all topics, in pages. The value is the same object until they change. */
export function watchTopicNames(store: Store): Seen<TopicNames> {
  const options = { query: { limit: PAGE_LIMIT }, everyMillis: EVERY_MS, concerns: concernsTopics }
  const { pages, last } = watchPages(store, '/api/v1/topics', options, MAX_PAGES)
  const [first] = pages
  if (first === undefined) return { ...last, value: undefined }
  const isWhole = last.value?.next === null
  // While changed names are read, the former ones stay.
  if (isWhole || !isShownWhole) show(first.total, pages)
  isShownWhole ||= isWhole
  return { ...last, value: shown, error: undefined }
}

function show(total: number, pages: readonly NamesPage[]): void {
  if (pages.length === shownPages.length && pages.every((page, index) => page === shownPages[index])) return
  shownPages = pages
  const names = pages.flatMap(({ topics }) => topics)
  shown = { total, names, texts: names.map(textOf) }
}

function textOf(name: string): string {
  return (PLAIN.test(name) ? name : visible(name)).toLowerCase()
}

const PLAIN = /^[\x20-\x7e]*$/

/**
 * The names that have all words of a search, upper and lower case being the same; first those that begin with it. Without a word, all
 * names.
 */
export function searchNames({ names, texts }: TopicNames, search: string): readonly string[] {
  const start = visible(search).toLowerCase().trim()
  if (start === '') return names
  const words = start.split(/ +/)
  const [beginning, containing]: [string[], string[]] = [[], []]
  for (const [index, text] of texts.entries()) {
    if (!words.every((word) => text.includes(word))) continue
    const list = text.startsWith(start) ? beginning : containing
    list.push(names[index] as string)
  }
  return [...beginning, ...containing]
}
