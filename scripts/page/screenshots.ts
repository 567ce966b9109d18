/**
 * Writes pictures of every view, narrow and wide, dark and light, with a full and an empty cluster, into a folder:
 *
 *     npm run page:screenshots -- FOLDER
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchBrowser, newPage } from '../../test/page/support/browser.ts'
import { plantCluster } from '../../test/page/support/cluster.ts'
import { startPageServer } from '../../test/page/support/page-server.ts'
import { buildPage } from './build.mjs'

/** Name of the picture and fragment; details only where there is something to show. */
const VIEWS = [
  ['overview', '#/'],
  ['topics', '#/topics'],
  ['topic', '#/topics/OrderCreated'],
  ['brokers', '#/brokers'],
  ['broker', '#/brokers/broker-a'],
  ['clients', '#/clients'],
  ['events', '#/events'],
  ['kv', '#/kv'],
  ['configuration', '#/configuration'],
] as const
const WIDTHS = { narrow: 360, wide: 1280 } as const

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('error: the folder for the pictures is missing: npm run page:screenshots -- FOLDER')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
await buildPage(fileURLToPath(new URL('../../dist/page', import.meta.url)))
const browser = await launchBrowser()
for (const cluster of ['full', 'empty'] as const) {
  const server = await startPageServer()
  if (cluster === 'full') await plantCluster(server)
  for (const colorScheme of ['dark', 'light'] as const)
    for (const [size, width] of Object.entries(WIDTHS)) {
      const viewport = { width, height: 800 }
      const { page, problems, close } = await newPage(browser, { colorScheme, viewport })
      for (const [view, fragment] of VIEWS) {
        await page.goto(`${server.url}${fragment}`)
        await page.locator('main section').first().waitFor()
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        await page.screenshot({
          path: join(folder, `${view}-${size}-${colorScheme}-${cluster}.png`),
          fullPage: true,
        })
      }
      for (const problem of problems) console.error(`${cluster} ${colorScheme} ${size}: ${problem}`)
      await close()
    }
  await server.stop()
}
await browser.close()
