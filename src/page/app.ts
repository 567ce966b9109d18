import { html, nothing, render, type TemplateResult } from 'lit-html'
import { visible } from '../common/visible.ts'
import type { Views } from '../inspect/api-types.ts'
import { steadyNowMs } from './clock.ts'
import { announce, badge, command, emptyState, forgetLists, name, type Severity } from './components.ts'
import { capitalized, clockTime, duration, timeZone } from './format.ts'
import { JsonDialog } from './json-dialog.ts'
import { followEvents } from './live.ts'
import { observedIn, observedLine } from './observed.ts'
import { href, type Route, routeOf } from './router.ts'
import { ScrollMemory } from './scroll-memory.ts'
import { watchStatus } from './status.ts'
import { type Connection, type Seen, Store } from './store.ts'
import { applyTheme, currentTheme, switchTheme } from './theme.ts'
import { ruleFor } from './views/access.ts'
import { NAVIGATION, viewOf } from './views.ts'

type Status = Views['/api/v1/status']

const root = document.getElementById('app') as HTMLElement
/** Ages are counted in seconds. */
const TICK_MS = 1_000
/** Of the window. */
const MAX_TITLE_LENGTH = 160

const TIME_ZONE = timeZone()

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
const jsonDialog = new JsonDialog(store, changed)
const scrolling = new ScrollMemory()
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
  const show = (content: TemplateResult) =>
    render(
      html`${header(route, status)}
        <main id="main" tabindex="-1"><h1 tabindex="-1">${name(title)}</h1>${restartNotice(nowMs)}${observedLine(route, status)}${content}</main>
        <footer class="quiet">${TIME_ZONE === 'UTC' ? 'Times are in UTC.' : `Times are local: ${TIME_ZONE}. Point at one for UTC.`}</footer>
        <p id="announcement" class="visually-hidden" role="status"></p>
        ${store.connection.state === 'token' ? tokenDialog() : jsonDialog.render()}`,
      root,
    )
  try {
    show(
      status.isDenied
        ? denial(status.error ?? '')
        : (view?.render({ store, route, nowMs, changed }) ?? noView()),
    )
  } catch (error) {
    show(failure(error))
  }
  store.endRender()
  scrolling.restore()
  if (status.value !== undefined) noteRun(status.value)
  const dialog = document.querySelector('dialog')
  if (dialog !== null && !dialog.open) dialog.showModal()
}

/** Another run of the server knows nothing of the last one: everything is read again. */
function noteRun({ bootId, version, uptimeSeconds }: Status): void {
  if (run?.bootId === bootId) return
  if (run !== undefined) {
    restart = { atMs: store.serverNowMs - uptimeSeconds * 1_000, version }
    announce('This NameServer has restarted')
    store.refresh()
    changed()
  }
  run = { bootId, version: run?.version ?? version }
}

function noView(): TemplateResult {
  return html`<section>${emptyState(html`There is no such view. <a href=${href([])}>Go to the overview.</a>`)}</section>`
}

/** Said instead of a view that cannot be drawn: what is on the screen would stay, and look as if it were up to date. */
function failure(error: unknown): TemplateResult {
  return html`<section>
    <p class="error">${badge('critical', 'Not available')} This view cannot be drawn: ${visible(`${error}`)}.</p>
    <p>The server may have another version than this page: reload it. If that does not help, report it as a bug.</p>
  </section>`
}

/** All views are in the group `inspect`. @param reason - Of the server, which says by what address it knows the reader. */
function denial(reason: string): TemplateResult {
  const [, host = 'ADDRESS'] = /^from ([\da-f.:]+),/i.exec(reason) ?? []
  return html`<section aria-labelledby="denial">
    <div class="heading"><h2 id="denial">You may not read this NameServer</h2></div>
    <div class="story">
      <p class="error">${badge('critical', 'Not allowed')} ${visible(reason)}</p>
      <p>An operator can allow it with a token or with a rule. The page goes on without a reload.</p>
      <p>Token: set <code>httpTokenFile</code> to a file with a secret word; the page then asks for it.</p>
      <p>Rule: put this before the others in <code>rules</code> of <code>accessFile</code>.</p>
      ${command(ruleFor('inspect', host))}
    </div>
  </section>`
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

function header({ path: [section = ''] }: Route, { value, isDenied }: Seen<Status>): TemplateResult {
  const isObserved = observedIn(value) !== undefined
  const theme = currentTheme()
  return html`<header>
    <a class="skip" href=${location.hash || '#/'} @click=${skip}>Skip to the content</a>
    <a class="product" href=${href([])}><span aria-hidden="true" class="mark"></span>mqnamesrv</a>
    <span class="node" title=${isObserved ? 'The observed NameServer' : 'This NameServer'}>${visible(value?.nodeId ?? '')}${isObserved ? ', observed' : ''}</span>
    <nav aria-label="Views">
      ${NAVIGATION.map(
        ([
          first,
          label,
        ]) => html`<a href=${href(first === '' ? [] : [first])} aria-current=${first === section ? 'page' : nothing}
          >${label}</a>`,
      )}
    </nav>
    ${connectionState(isDenied ? { state: 'denied' } : store.connection)}
    <button type="button" class="theme" @click=${onTheme} aria-label="Colours: ${theme}. Change them">
      <span aria-hidden="true">${{ auto: '◐', light: '☀', dark: '☾' }[theme]}</span>
    </button>
  </header>`
}

function onTheme(): void {
  switchTheme()
  changed()
}

/** The policy of the server lets the page read no view. */
interface Denied {
  readonly state: 'denied'
}

/** Says how old what is seen is. A screen reader hears each change of the state, and not each second. */
function connectionState(connection: Connection | Denied): TemplateResult {
  const [severity, phrase, detail] = phrasesOf(connection)
  return html`<div class="connection ${connection.state}">
    <span class="visually-hidden" role="status">${phrase}</span>
    <span aria-hidden="true">${badge(severity, detail)}</span>
  </div>`
}

/** How it looks, what a screen reader says, and what is shown. */
function phrasesOf(connection: Connection | Denied): readonly [Severity, string, string] {
  const { state } = connection
  if (state === 'lost') {
    const { sinceMillis, reason } = connection
    if (sinceMillis === undefined) return ['critical', `Server: ${reason}`, `Server: ${reason}`]
    const seenAt = `data from ${clockTime(new Date(sinceMillis), new Date())}`
    const age = duration(steadyNowMs() - sinceMillis)
    return ['critical', `Server: ${reason}; ${seenAt}`, `${capitalized(reason)} for ${age}; ${seenAt}`]
  }
  if (state === 'live') return ['good', 'Live', 'Live']
  if (state === 'connecting') return ['neutral', 'Connecting', 'Connecting…']
  if (state === 'resting') return ['neutral', 'Paused', 'Paused while hidden']
  if (state === 'denied') return ['critical', 'Not allowed', 'Not allowed']
  if (state === 'token') return ['warning', 'Token required', 'Token required']
  return ['info', 'No stream of events; reading periodically', 'No stream of events; reading periodically']
}

/** A header has no other characters, and fetch throws. The browser says which field does not match. */
const TOKEN = String.raw`\s*[!-~]+\s*`

function tokenDialog(): TemplateResult {
  return html`<dialog aria-labelledby="token-title" @cancel=${(event: Event) => event.preventDefault()}>
    <form @submit=${onToken}>
      <h2 id="token-title">This NameServer requires a token</h2>
      <p>Its operator has it: the content of <code>httpTokenFile</code>. The page keeps it until this tab is closed.</p>
      ${store.wasRejected ? html`<p class="error" role="alert">${badge('critical', 'The server rejects this token')}</p>` : nothing}
      <label>Token
        <input name="token" type="password" autocomplete="off" required autofocus pattern=${TOKEN} title="One word of ASCII characters, as the file has it" />
      </label>
      <button type="submit" class="primary">Show</button>
    </form>
  </dialog>`
}

function onToken(event: SubmitEvent): void {
  event.preventDefault()
  const token = `${new FormData(event.target as HTMLFormElement).get('token') ?? ''}`.trim()
  store.setToken(token)
  resumeEvents()
}

function skip(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

let shownPath = routeOf(location.hash).path.join('/')

/** After a step to another view, reading goes on at its heading; after a step back, where it was. */
function onNavigation(): void {
  const path = routeOf(location.hash).path.join('/')
  const isOther = path !== shownPath
  shownPath = path
  if (isOther) forgetLists()
  draw()
  if (isOther) {
    showEntry()
    document.querySelector('h1')?.focus({ preventScroll: true })
  }
  scrolling.onNavigation(isOther)
}

/** On a narrow screen the navigation scrolls. */
function showEntry(): void {
  document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
}

applyTheme()
draw()
// It needs a layout, which must not delay the first requests.
requestAnimationFrame(showEntry)
addEventListener('hashchange', onNavigation)
document.addEventListener('click', jsonDialog.onClick)
setInterval(changed, TICK_MS)
const resumeEvents = followEvents(store)
