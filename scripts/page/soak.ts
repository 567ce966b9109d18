/**
 * Keeps the page open with a busy cluster, goes from view to view, and prints the size of its heap after a garbage collection, and its
 * nodes and listeners, over time:
 *
 *     npm run page:soak -- [MINUTES]
 *
 * 60 minutes by default. Fails if the heap grows by more than a fifth from the second quarter to the last one: in the first, the page
 * fills what it keeps, as does the browser, which records requests and their responses for the test.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { launchBrowser, newPage } from '../../test/page/support/browser.ts'
import { startPageServer } from '../../test/page/support/page-server.ts'
import { plantCluster } from '../../test/page/support/planted-cluster.ts'
import { lookup, putKVConfig, registration, unregistration } from '../../test/support/requests.ts'
import { buildPage } from './build.mjs'

const VIEWS = [
  '',
  'topics',
  'topics/OrderCreated',
  'brokers',
  'brokers/broker-a',
  'clients',
  'access',
  'events',
  'kv',
  'configuration',
]
const BROKERS = 20
/** Something happens to the cluster once in this time. */
const CHANGE_MS = 50
/** Each view is shown for this long. */
const VIEW_MS = 3_000
const MAX_GROWTH = 1.2
/** With a change every 50 ms, topics and brokers go between the read that names them and that of their details. */
const WENT = /404 \(Not Found\) at \S+\/api\/v1\/(topics|brokers)\/(Busy|busy)/

const minutes = Number(process.argv[2] ?? 60)
if (!(minutes > 0)) {
  console.error('error: not a number of minutes: npm run page:soak -- [MINUTES]')
  process.exit(2)
}
await buildPage(fileURLToPath(new URL('../../dist/page', import.meta.url)))
// The planted brokers send no heartbeats: they stay registered if neither inactive brokers nor idle connections are removed.
const server = await startPageServer({
  scanNotActiveBrokerInterval: `${2 ** 31 - 1}`,
  serverChannelMaxIdleTimeSeconds: '86400',
})
await plantCluster(server)
const browser = await launchBrowser()
const { page, problems, close } = await newPage(browser)
const session = await page.context().newCDPSession(page)
await session.send('Performance.enable')

const endsMs = performance.now() + minutes * 60_000
const isOver = () => performance.now() >= endsMs

/** Brokers come and go, topics and entries change, and topics that do not exist are asked for. */
async function keepBusy(): Promise<void> {
  const client = await server.send()
  for (let change = 0; !isOver(); change++) {
    const broker = { name: `busy-${change % BROKERS}`, address: `127.0.0.1:${20_000 + (change % BROKERS)}` }
    const topics = [`Busy-${change % 500}`, 'BusyAlways']
    await client.request(change % 3 === 0 ? unregistration(broker) : registration({ ...broker, topics }))
    await client.request(putKVConfig('busy', `key-${change % 200}`, `${change}`))
    await client.request(lookup(`Missing-${change % 300}`))
    await delay(CHANGE_MS)
  }
}

const busy = keepBusy()
const heaps: number[] = []
const startedMs = performance.now()
console.log('minutes  heap MiB  nodes  listeners')
await page.goto(server.url)
while (!isOver()) {
  for (const view of VIEWS) {
    await page.evaluate(`location.hash = '#/${view}'`)
    await delay(VIEW_MS)
  }
  // Always of the same view, the first one.
  await page.evaluate("location.hash = '#/'")
  await delay(VIEW_MS)
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  const metric = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN
  const heap = metric('JSHeapUsedSize') / 2 ** 20
  heaps.push(heap)
  const elapsed = (performance.now() - startedMs) / 60_000
  console.log(
    `${elapsed.toFixed(1).padStart(7)}  ${heap.toFixed(2).padStart(8)}  ${`${metric('Nodes')}`.padStart(5)}  ${`${metric('JSEventListeners')}`.padStart(9)}`,
  )
}
await busy
await close()
await browser.close()
await server.stop()

const quarter = Math.ceil(heaps.length / 4)
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const growth = mean(heaps.slice(-quarter)) / mean(heaps.slice(quarter, 2 * quarter))
console.log(`heap of the last quarter: ${growth.toFixed(2)} times that of the second`)
const unexpected = new Set(problems.filter((problem) => !WENT.test(problem)))
for (const problem of unexpected) console.error(`problem: ${problem}`)
if (growth > MAX_GROWTH || unexpected.size > 0) process.exitCode = 1
