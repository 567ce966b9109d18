/**
 * Measures how long the first view takes until it is complete, with 500 brokers and 50,000 topics, on loopback, without a cache:
 *
 *     npm run page:first-view
 *
 * The server is a process of its own, as it was built. Fails if the median is over 300 ms.
 */

import { launchBrowser } from '../../test/page/support/browser.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { registration } from '../../test/support/requests.ts'
import { startOwnServer } from '../support/own-server.ts'
import { freePort } from '../support/ports.ts'

const BROKERS = 500
const TOPICS = 50_000
const RUNS = 15
const LIMIT_MS = 300

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
const times: number[] = []
let transferred = 0
for (let run = 0; run < RUNS; run++) {
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
  await page.goto(url)
  times.push(await page.evaluate<number>('window.completeMs'))
  transferred = await page.evaluate<number>(
    'performance.getEntries().reduce((sum, { transferSize = 0 }) => sum + transferSize, 0)',
  )
  await context.close()
}
await browser.close()
for (const { socket } of brokers) socket.destroy()
await server.stop()

times.sort((one, other) => one - other)
const [median = Number.NaN] = times.slice(RUNS >> 1)
const milliseconds = (value: number | undefined) => `${Math.round(value ?? Number.NaN)} ms`
console.log(`first view of ${BROKERS} brokers and ${TOPICS} topics, complete after (${RUNS} runs, no cache):`)
console.log(
  `  median ${milliseconds(median)}, fastest ${milliseconds(times[0])}, slowest ${milliseconds(times.at(-1))}`,
)
console.log(`  transferred ${Math.round(transferred / 1_000)} KB, data included`)
if (median > LIMIT_MS) {
  console.error(`error: the median is over ${LIMIT_MS} ms`)
  process.exitCode = 1
}
