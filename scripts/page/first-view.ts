/**
 * Measures how long the first view takes until it is complete, with 500 brokers and 50,000 topics, on loopback, without a cache, and how
 * long a key stroke in the search of topics takes until its rows are laid out:
 *
 *     npm run page:first-view
 *
 * The server is a process of its own, as it was built. Times are those of a clock, and of the processor, which other programs change
 * less. Fails if a median is over its limit, 300 ms and 100 ms, or if page and data together are more than 60 KB.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../../test/page/support/browser.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { registration } from '../../test/support/requests.ts'
import { mainThreadMs } from '../bench/processes.ts'
import { startOwnServer } from '../support/own-server.ts'
import { freePort } from '../support/ports.ts'

const BROKERS = 500
const TOPICS = 50_000
const RUNS = 15
const SETTLE_MS = 500
const LIMIT_MS = 300
const KEY_LIMIT_MS = 100
const TRANSFER_LIMIT_BYTES = 60_000
/** As they are typed: many names, few, one, none. */
const SEARCHES = ['t', 'to', 'topic-4', 'topic-49', '4 9', 'topic-49999', 'none', '']

const httpPort = await freePort()
const server = await startOwnServer({ httpListenPort: `${httpPort}` })
const brokers: RawClient[] = []
for (let broker = 0; broker < BROKERS; broker++) {
  const client = await RawClient.connect(server.port)
  brokers.push(client)
  const share = TOPICS / BROKERS
  const topics = Array.from({ length: share }, (_, n) => `Topic-${broker * share + n}`)
  const address = `127.0.0.1:${10_000 + broker * 10}`
  await client.request(registration({ name: `broker-${broker}`, address, topics }))
}
const url = `http://127.0.0.1:${httpPort}/`
const { tables } = (await (await fetch(`${url}api/v1/status`)).json()) as {
  tables: { brokers: number; topics: number }
}
if (tables.brokers !== BROKERS || tables.topics < TOPICS)
  throw new Error(`the server has ${tables.brokers} brokers and ${tables.topics} topics`)

const browser = await launchBrowser()
const views: FirstView[] = []
for (let run = 0; run < RUNS; run++) views.push(await firstView(browser))
const keys = await keyStrokes(browser)
await browser.close()
for (const { socket } of brokers) socket.destroy()
await server.stop()

const [last] = views.slice(-1)
const viewMs = median(views.map(({ completeMs }) => completeMs))
const keyMs = Math.max(...keys.map(({ millis }) => median(millis)))
const { pageBytes = Number.NaN, dataBytes = Number.NaN } = last ?? {}
console.log(`first view of ${BROKERS} brokers and ${TOPICS} topics, complete after (${RUNS} runs, no cache):`)
console.log(`  ${summary(views.map(({ completeMs }) => completeMs))}`)
console.log(`  processor time of the page's thread: ${summary(views.map(({ threadMs }) => threadMs))}`)
console.log(`  processor time of the server: ${summary(views.map(({ serverMs }) => serverMs))}`)
console.log(`  transferred: the page ${kilobytes(pageBytes)}, data ${kilobytes(dataBytes)}`)
console.log('a key stroke in the search, until its rows are laid out:')
for (const { search, millis } of keys)
  console.log(`  ${JSON.stringify(search).padEnd(14)} ${summary(millis)}`)
demand(viewMs <= LIMIT_MS, `the median of the first view is over ${LIMIT_MS} ms`)
demand(keyMs <= KEY_LIMIT_MS, `the median of a key stroke is over ${KEY_LIMIT_MS} ms`)
demand(
  pageBytes + dataBytes <= TRANSFER_LIMIT_BYTES,
  `more than ${kilobytes(TRANSFER_LIMIT_BYTES)} were transferred`,
)

interface FirstView {
  readonly completeMs: number
  /** Of the main thread of the renderer. */
  readonly threadMs: number
  readonly serverMs: number
  /** What was transferred, with its headers. */
  readonly pageBytes: number
  readonly dataBytes: number
}

async function firstView(browser: Browser): Promise<FirstView> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  // Complete: every part of the overview has its data, and that is painted.
  await page.addInitScript(`window.completeMs = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (document.querySelector('main section') === null || document.querySelector('main .loading') !== null) return
      observer.disconnect()
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
    })
    observer.observe(document, { childList: true, subtree: true })
  })`)
  const threadMs = await threadTimes(context, page)
  // A tab that is open: the start of its process, which shares the cores with the server, is not the page's.
  await page.waitForTimeout(SETTLE_MS)
  const serverBeforeMs = mainThreadMs(server.pid)
  await page.goto(url)
  const completeMs = await page.evaluate<number>('window.completeMs')
  const view = { completeMs, threadMs: await threadMs(), serverMs: mainThreadMs(server.pid) - serverBeforeMs }
  const transfers = await page.evaluate<readonly (readonly [string, number])[]>(
    'performance.getEntries().map(({ name, transferSize = 0 }) => [name, transferSize])',
  )
  await context.close()
  const bytes = (isData: boolean) =>
    transfers.reduce((sum, [name, size]) => (name.includes('/api/') === isData ? sum + size : sum), 0)
  return { ...view, pageBytes: bytes(false), dataBytes: bytes(true) }
}

/** @returns Reads the processor time of the page's thread since now. */
async function threadTimes(context: BrowserContext, page: Page): Promise<() => Promise<number>> {
  const session = await context.newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1_000
  }
  const before = await read()
  return async () => (await read()) - before
}

interface KeyStroke {
  readonly search: string
  readonly millis: number[]
}

/** From the event of a key to its rows, in the browser, where no message between processes counts. */
async function keyStrokes(browser: Browser): Promise<KeyStroke[]> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(`${url}#/topics`)
  await page.getByRole('status').getByText('50,000 topics', { exact: true }).waitFor()
  const keys = SEARCHES.map((search): KeyStroke => ({ search, millis: [] }))
  for (let run = 0; run < RUNS; run++)
    for (const { search, millis } of keys)
      millis.push(
        await page.evaluate<number>(`new Promise((resolve) => {
          const input = document.querySelector('input[type=search]')
          const start = performance.now()
          input.value = ${JSON.stringify(search)}
          input.dispatchEvent(new InputEvent('input', { bubbles: true }))
          requestAnimationFrame(() => {
            document.querySelector('main').getBoundingClientRect()
            resolve(performance.now() - start)
          })
        })`),
      )
  await page.close()
  return keys
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN
}

function summary(millis: readonly number[]): string {
  const [middle, fastest, slowest] = [median(millis), Math.min(...millis), Math.max(...millis)].map(
    Math.round,
  )
  return `median ${middle} ms, fastest ${fastest} ms, slowest ${slowest} ms`
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1_000)} KB`
}

function demand(isTrue: boolean, problem: string): void {
  if (isTrue) return
  console.error(`error: ${problem}`)
  process.exitCode = 1
}
