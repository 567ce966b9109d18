import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Without its background traffic, none of which is for the page. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the browser; `CHROMIUM` is the path of another one than Debian's. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ARGUMENTS,
  })
}

/** A page with what its console and its scripts said that no page of ours should say. */
export interface WatchedPage {
  readonly page: Page
  /** Errors and warnings of the console, violations of the CSP included, exceptions, and requests to another server. */
  readonly problems: string[]
  close(): Promise<void>
}

/** A new page in a context of its own, without cookies and storage of others. */
export async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => {
    // Of a request that failed, only the place has the address.
    if (message.type() === 'error' || message.type() === 'warning')
      problems.push(`${message.text()} at ${message.location().url}`)
  })
  page.on('pageerror', (error) => problems.push(`${error}`))
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url())
    if (hostname !== '127.0.0.1' && protocol !== 'blob:') problems.push(`request to ${request.url()}`)
  })
  return { page, problems, close: () => context.close() }
}

/** For `evaluateHandle`: the texts of an element after each change of it from now on, as a screen reader says those of a region. */
export function changesOf(selector: string): string {
  return `(() => {
    const element = document.querySelector(${JSON.stringify(selector)})
    const texts = []
    const onChange = () => texts.push(element.textContent.replace(/\\s+/g, ' ').trim())
    new MutationObserver(onChange).observe(element, { characterData: true, childList: true, subtree: true })
    return texts
  })()`
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string | null
    readonly help: string
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[]
  }[]
}

/** What axe-core says against the page as it is now, but for what is of minor impact; one line for each element. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // By the debugger, which the CSP does not concern.
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: AXE })
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: 'axe.run().then(({ violations }) => JSON.stringify({ violations }))',
    awaitPromise: true,
  })
  await session.detach()
  if (exceptionDetails !== undefined) throw new Error(`axe-core: ${exceptionDetails.text}`)
  const { violations } = JSON.parse(result.value) as AxeResults
  return violations
    .filter(({ impact }) => impact !== 'minor')
    .flatMap(({ id, impact, help, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id} (${impact}): ${help}: ${target.join(' ')}: ${failureSummary}`,
      ),
    )
}
