/** A part of the page that scrolls, by its label; the window has none. */
type Place = string

/** Entries of the browser's history; browsers keep fewer. */
const MAX_ENTRIES = 100
/** Views are read again on the way back, and are shorter until then; later, it would be a jump. */
const PATIENCE_MS = 3_000
/** By these, the reader scrolls. */
const GESTURES = ['wheel', 'touchstart', 'pointerdown', 'keydown'] as const

/**
 * Where each entry of the browser's history was scrolled. The browser's own memory is of no use: it restores before the view is
 * drawn.
 */
export class ScrollMemory {
  readonly #tops = new Map<number, Map<Place, number>>()
  #nextEntry = Date.now()
  #here = new Map<Place, number>()
  /** What is to be scrolled yet. */
  #wanted = new Map<Place, number>()
  #wantedUntilMs = 0

  /** Follows the page for as long as it lives. */
  constructor() {
    history.scrollRestoration = 'manual'
    this.#here = this.#topsOfEntry() ?? this.#begin()
    document.addEventListener('scroll', this.#onScroll, { capture: true, passive: true })
    for (const gesture of GESTURES)
      addEventListener(gesture, () => this.#wanted.clear(), { capture: true, passive: true })
  }

  /** The page has drawn another entry of the history. @param isOtherView - A new entry of the same view is not scrolled. */
  onNavigation(isOtherView: boolean): void {
    const tops = this.#topsOfEntry()
    if (tops === undefined && isOtherView) scrollTo(0, 0)
    this.#here = tops ?? this.#begin()
    this.#wanted = new Map(tops)
    this.#wantedUntilMs = performance.now() + PATIENCE_MS
    this.restore()
  }

  /** Scrolls to where the entry was, as far as what is drawn allows. Call it after each drawing. */
  restore(): void {
    if (this.#wanted.size === 0) return
    if (performance.now() > this.#wantedUntilMs) this.#wanted.clear()
    for (const element of [document.documentElement, ...document.querySelectorAll('.panel-body')]) {
      const place = placeOf(element)
      const top = this.#wanted.get(place)
      if (top === undefined) continue
      element.scrollTop = top
      // Positions are fractions of a pixel on some screens.
      if (Math.abs(element.scrollTop - top) < 2) this.#wanted.delete(place)
    }
  }

  #topsOfEntry(): Map<Place, number> | undefined {
    return this.#tops.get(history.state?.entry)
  }

  #begin(): Map<Place, number> {
    const tops = new Map([['', document.documentElement.scrollTop]])
    const entry = this.#nextEntry++
    history.replaceState({ entry }, '')
    this.#tops.set(entry, tops)
    for (const oldest of this.#tops.keys()) {
      if (this.#tops.size <= MAX_ENTRIES) break
      this.#tops.delete(oldest)
    }
    return tops
  }

  /** While something is to be scrolled yet, the browser scrolls what has become shorter. */
  readonly #onScroll = ({ target }: Event): void => {
    const element = target === document ? document.documentElement : (target as Element)
    if (this.#wanted.size === 0 && (target === document || element.matches('.panel-body')))
      this.#here.set(placeOf(element), element.scrollTop)
  }
}

function placeOf(element: Element): Place {
  return element.closest('[aria-labelledby]')?.getAttribute('aria-labelledby') ?? ''
}
