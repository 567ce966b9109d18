import { inBrowser } from './storage.ts'

/** What the reader has chosen; `auto` is the system's. */
export type Theme = 'auto' | 'light' | 'dark'

const KEY = 'mqnamesrv-theme'
const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' }

export function currentTheme(): Theme {
  const kept = inBrowser.get(KEY)
  return kept === 'light' || kept === 'dark' ? kept : 'auto'
}

/** Puts the choice in effect. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = currentTheme()
}

/** Chooses the next one. */
export function switchTheme(): void {
  inBrowser.set(KEY, NEXT[currentTheme()])
  applyTheme()
}
