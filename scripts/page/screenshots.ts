/**
 * Writes pictures of every view, narrow and wide, dark and light, with a full and an empty cluster, into a folder:
 *
 *     npm run page:screenshots -- FOLDER
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchBrowser, newPage } from '../../test/page/support/browser.ts'
import { startPageServer } from '../../test/page/support/page-server.ts'
import { plantCluster } from '../../test/page/support/planted-cluster.ts'
import { buildPage } from './build.mjs'

/** Name of the picture, fragment and heading. An empty cluster shows what the page says of a topic and a broker that are not there. */
const VIEWS = [
  ['overview', '#/', 'Overview'],
  ['topics', '#/topics', 'Topics'],
  ['topic', '#/topics/OrderCreated', 'Topic OrderCreated'],
  ['topic-unknown', '#/topics/OrderCanceled', 'Topic OrderCanceled'],
  ['brokers', '#/brokers', 'Brokers'],
  ['broker', '#/brokers/broker-a', 'Broker broker-a'],
  ['clients', '#/clients', 'Clients'],
  ['closed', '#/clients?state=closed', 'Clients'],
  ['connection', '#/clients/1', 'Connection 1'],
  ['access', '#/access', 'Access'],
  ['events', '#/events', 'Events'],
  ['kv', '#/kv', 'KV'],
  ['configuration', '#/configuration', 'Configuration'],
] as const
const WIDTHS = { narrow: 360, wide: 1280 } as const

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('error: the folder for the pictures is missing: npm run page:screenshots -- FOLDER')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
// Closed to this machine, but for the page, so that something is rejected.
const accessFile = join(mkdtempSync(join(tmpdir(), 'mqnamesrv-page-')), 'access.yml')
writeFileSync(accessFile, 'profile: default\nloopback: none\nrules: [{ allow: inspect }]\n')
await buildPage(fileURLToPath(new URL('../../dist/page', import.meta.url)))
const browser = await launchBrowser()
for (const cluster of ['full', 'empty'] as const) {
  const peer = await startPageServer()
  const settings = { accessFile, peers: `127.0.0.1:${peer.port}` }
  const server = await startPageServer(cluster === 'full' ? settings : {})
  if (cluster === 'full') await plantCluster(server)
  for (const colorScheme of ['dark', 'light'] as const)
    for (const [size, width] of Object.entries(WIDTHS)) {
      const viewport = { width, height: 800 }
      const { page, problems, close } = await newPage(browser, { colorScheme, viewport })
      await page.goto(server.url)
      // Findings are evaluated every five seconds.
      if (cluster === 'full') await page.locator('.finding').first().waitFor()
      for (const [view, fragment, heading] of VIEWS) {
        await page.goto(`${server.url}${fragment}`)
        await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        if (view === 'overview') await page.locator('.sparkline path').first().waitFor({ state: 'attached' })
        await page.screenshot({
          path: join(folder, `${view}-${size}-${colorScheme}-${cluster}.png`),
          fullPage: true,
        })
      }
      for (const problem of problems)
        if (!/404/.test(problem)) console.error(`${cluster} ${colorScheme} ${size}: ${problem}`)
      await close()
    }
  await server.stop()
  await peer.stop()
}
await browser.close()
rmSync(dirname(accessFile), { recursive: true })
