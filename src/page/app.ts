import { html, nothing, render, type TemplateResult } from 'lit-html'
import { visible } from '../common/visible.ts'
import type { Views } from './api-types.ts'
import { announce, badge, emptyState, name, type Severity } from './components.ts'
import { capitalized, clockTime, duration } from './format.ts'
import { followEvents } from './live.ts'
import { observedIn } from './observed.ts'
import { href, type Route, routeOf } from './router.ts'
import { watchStatus } from './status.ts'
import { type Connection, Store } from './store.ts'
import { applyTheme, currentTheme, switchTheme } from './theme.ts'
import { NAVIGATION, viewOf } from './views.ts'

const root = document.getElementById('app') as HTMLElement
/** Ages are counted in seconds. */
const TICK_MS = 1_000
/** Of the window. */
const MAX_TITLE_LENGTH = 160

let isScheduled = false
/** Renders with the next frame; a hidden tab has none. */
function changed(): void {
  if (isScheduled) return
  isScheduled = true
  requestAnimationFrame(() => {
    isScheduled = false
    draw()
  })
}

const store = new Store(changed)
/** The run of the server that is seen, and the version that the page is of. */
let run: { readonly bootId: string; readonly version: string } | undefined
/** Of the run that began while the page was open. */
let restart: { readonly atMs: number; readonly version: string } | undefined

function draw(): void {
  const route = routeOf(location.hash)
  const view = viewOf(route.path)
  const title = view?.title ?? 'No such view'
  document.title = `${visible(title.slice(0, MAX_TITLE_LENGTH))} · mqnamesrv`
  store.beginRender()
  const status = watchStatus(store)
  const nowMs = store.serverNowMs
  const content =
    view?.render({ store, route, nowMs, changed }) ??
    html`<section>${emptyState(html`There is no such view. <a href=${href([])}>Go to the overview.</a>`)}</section>`
  render(
    html`${header(route, status.value)}
      <main id="main" tabindex="-1"><h1 tabindex="-1">${name(title)}</h1>${restartNotice(nowMs)}${content}</main>
      <p id="announcement" class="visually-hidden" role="status"></p>
      ${store.connection.state === 'token' ? tokenDialog() : nothing}`,
    root,
  )
  store.endRender()
  if (status.value !== undefined) noteRun(status.value)
  const dialog = document.querySelector('dialog')
  if (dialog !== null && !dialog.open) dialog.showModal()
}

/** Another run of the server knows nothing of the last one: everything is read again. */
function noteRun({ bootId, version, uptimeSeconds }: Views['/api/v1/status']): void {
  if (run?.bootId === bootId) return
  if (run !== undefined) {
    restart = { atMs: store.serverNowMs - uptimeSeconds * 1_000, version }
    announce('This NameServer has restarted')
    store.refresh()
    changed()
  }
  run = { bootId, version: run?.version ?? version }
}

function restartNotice(nowMs: number): TemplateResult | typeof nothing {
  if (restart === undefined) return nothing
  const { atMs, version } = restart
  return html`<div class="notice">
    ${badge('info', 'Restarted')}
    <span>This NameServer restarted at ${clockTime(new Date(atMs), new Date(nowMs))}. All data was reloaded.
    ${version === run?.version ? nothing : `Its version is now ${version}, and this page was loaded from ${run?.version}: reload it.`}</span>
    <button type="button" @click=${dismissNotice}>Dismiss</button>
  </div>`
}

function dismissNotice(): void {
  restart = undefined
  draw()
  document.querySelector('h1')?.focus({ preventScroll: true })
}

function header(
  { path: [section = ''] }: Route,
  status: Views['/api/v1/status'] | undefined,
): TemplateResult {
  const isObserved = observedIn(status) !== undefined
  const theme = currentTheme()
  return html`<header>
    <a class="skip" href=${location.hash || '#/'} @click=${skip}>Skip to the content</a>
    <a class="product" href=${href([])}><span aria-hidden="true" class="mark"></span>mqnamesrv</a>
    <span class="node" title=${isObserved ? 'The observed NameServer' : 'This NameServer'}>${visible(status?.nodeId ?? '')}${isObserved ? ', observed' : ''}</span>
    <nav aria-label="Views">
      ${NAVIGATION.map(
        ([
          first,
          label,
        ]) => html`<a href=${href(first === '' ? [] : [first])} aria-current=${first === section ? 'page' : nothing}
          >${label}</a>`,
      )}
    </nav>
    ${connectionState(store.connection)}
    <button type="button" class="theme" @click=${onTheme} aria-label="Colours: ${theme}. Change them">
      <span aria-hidden="true">${{ auto: '◐', light: '☀', dark: '☾' }[theme]}</span>
    </button>
  </header>`
}

function onTheme(): void {
  switchTheme()
  changed()
}

/** Says how old what is seen is. A screen reader hears each change of the state, and not each second. */
function connectionState(connection: Connection): TemplateResult {
  const [severity, phrase, detail] = phrasesOf(connection)
  return html`<div class="connection ${connection.state}">
    <span class="visually-hidden" role="status">${phrase}</span>
    <span aria-hidden="true">${badge(severity, detail)}</span>
  </div>`
}

/** How it looks, what a screen reader says, and what is shown. */
function phrasesOf(connection: Connection): readonly [Severity, string, string] {
  const { state } = connection
  if (state === 'lost') {
    const { sinceMillis, reason } = connection
    if (sinceMillis === undefined) return ['critical', `Server: ${reason}`, `Server: ${reason}`]
    const seenAt = `what you see is from ${clockTime(new Date(sinceMillis), new Date())}`
    const age = duration(Date.now() - sinceMillis)
    return ['critical', `Server: ${reason}; ${seenAt}`, `${capitalized(reason)} for ${age}; ${seenAt}`]
  }
  if (state === 'live') return ['good', 'Live', 'Live']
  if (state === 'connecting') return ['neutral', 'Connecting', 'Connecting…']
  if (state === 'resting') return ['neutral', 'Paused', 'Paused while hidden']
  if (state === 'token') return ['warning', 'Token required', 'Token required']
  return ['info', 'No stream of events; reading periodically', 'No stream of events; reading periodically']
}

function tokenDialog(): TemplateResult {
  return html`<dialog aria-labelledby="token-title" @cancel=${(event: Event) => event.preventDefault()}>
    <form @submit=${onToken}>
      <h2 id="token-title">This NameServer requires a token</h2>
      <p>Its operator has it: the content of <code>httpTokenFile</code>. The page keeps it until this tab is closed.</p>
      ${store.wasRejected ? html`<p class="error" role="alert">${badge('critical', 'The server rejects this token')}</p>` : nothing}
      <label>Token <input name="token" type="password" autocomplete="off" required autofocus /></label>
      <button type="submit">Show</button>
    </form>
  </dialog>`
}

function onToken(event: SubmitEvent): void {
  event.preventDefault()
  const token = `${new FormData(event.target as HTMLFormElement).get('token') ?? ''}`.trim()
  // A header has no other characters, and fetch throws.
  if (!/^[\x21-\x7e]+$/.test(token)) return
  store.setToken(token)
  resumeEvents()
}

function skip(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

let shownPath = routeOf(location.hash).path.join('/')

/** After a step to another view, reading goes on at its heading. */
function onNavigation(): void {
  draw()
  const path = routeOf(location.hash).path.join('/')
  if (path === shownPath) return
  shownPath = path
  scrollTo(0, 0)
  showEntry()
  document.querySelector('h1')?.focus({ preventScroll: true })
}

/** On a narrow screen the navigation scrolls. */
function showEntry(): void {
  document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
}

/** A link to JSON cannot carry the token, so the page fetches it. */
function onClick(event: MouseEvent): void {
  const link = (event.target as Element).closest?.('a.json')
  if (link === null || link === undefined || !store.hasToken) return
  event.preventDefault()
  void openJson(link.getAttribute('href') as string)
}

async function openJson(address: string): Promise<void> {
  const response = await store.fetch(address, {}, AbortSignal.timeout(TICK_MS * 10))
  const url = URL.createObjectURL(new Blob([await response.text()], { type: 'application/json' }))
  open(url)
  setTimeout(() => URL.revokeObjectURL(url), 60 * TICK_MS)
}

applyTheme()
draw()
showEntry()
addEventListener('hashchange', onNavigation)
document.addEventListener('click', onClick)
setInterval(changed, TICK_MS)
const resumeEvents = followEvents(store)
