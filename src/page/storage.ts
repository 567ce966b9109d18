/** What the page keeps in the browser; where site data is blocked or full, until it is closed. */
export interface Keeper {
  get(key: string): string | null
  set(key: string, value: string): void
}

/** @param area - Asked at each use: it throws where site data is blocked. */
function keeper(area: () => Storage): Keeper {
  const fallback = new Map<string, string>()
  return {
    get: (key) => {
      const kept = fallback.get(key)
      if (kept !== undefined) return kept
      try {
        return area().getItem(key)
      } catch {
        return null
      }
    },
    set: (key, value) => {
      try {
        area().setItem(key, value)
        fallback.delete(key)
      } catch {
        fallback.set(key, value)
      }
    },
  }
}

/** For all tabs. */
export const inBrowser = keeper(() => localStorage)
/** For this tab. */
export const inTab = keeper(() => sessionStorage)
