/**
 * Writes pictures into a folder: of every view, narrow and wide, dark and light, with a full and an empty cluster; of the states in
 * which the page is not what it usually is; and of some views on a very wide screen.
 *
 *     npm run page:screenshots -- FOLDER
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { launchBrowser, newPage } from '../../test/page/support/browser.ts'
import { type PageServer, startPageServer } from '../../test/page/support/page-server.ts'
import { plantCluster, plantHostileNames } from '../../test/page/support/planted-cluster.ts'
import { buildPage } from './build.mjs'

/** Name of the picture, fragment and heading. An empty cluster shows what the page says of a topic and a broker that are not there. */
const VIEWS = [
  ['overview', '#/', 'Overview'],
  ['topics', '#/topics', 'Topics'],
  ['topic', '#/topics/OrderCreated', 'Topic OrderCreated'],
  ['topic-unknown', '#/topics/OrderCancelled', 'Topic OrderCancelled'],
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

const SCREENS = {
  'narrow-dark': { viewport: { width: 360, height: 800 }, colorScheme: 'dark' },
  'narrow-light': { viewport: { width: 360, height: 800 }, colorScheme: 'light' },
  'wide-dark': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  'wide-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
} as const satisfies Record<string, BrowserContextOptions>
const VERY_WIDE: BrowserContextOptions = {
  viewport: { width: 3_840, height: 2_160 },
  colorScheme: 'light',
}
/** What the console says in states that are provoked. */
const EXPECTED_PROBLEMS = /status of 40[134]|net::/

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('error: the folder for the pictures is missing: npm run page:screenshots -- FOLDER')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
const files = mkdtempSync(join(tmpdir(), 'mqnamesrv-page-'))
await buildPage(fileURLToPath(new URL('../../dist/page', import.meta.url)))
const browser = await launchBrowser()

function file(name: string, text: string): string {
  const path = join(files, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** Closed to this machine, but for the page, so that something is rejected. */
const ACCESS = {
  accessFile: file('access.yml', 'profile: default\nloopback: none\nrules: [{ allow: inspect }]\n'),
}

async function onScreen(
  name: string,
  context: BrowserContextOptions,
  draw: (page: Page) => Promise<void>,
): Promise<void> {
  const { page, problems, close } = await newPage(browser, context)
  await draw(page)
  for (const problem of problems) if (!EXPECTED_PROBLEMS.test(problem)) console.error(`${name}: ${problem}`)
  await close()
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(folder as string, `${name}.png`), fullPage: true })
}

async function goTo(page: Page, { url }: PageServer, view: (typeof VIEWS)[number]): Promise<void> {
  const [name, fragment, heading] = view
  await page.goto(`${url}${fragment}`)
  await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
  await page.locator('.loading').first().waitFor({ state: 'detached' })
  if (name === 'overview') await page.locator('.sparkline path').first().waitFor({ state: 'attached' })
  // Details of rows are read when scrolling rests.
  if (name === 'topics') {
    await page.locator('.rows .badge, .empty').first().waitFor()
    const unread = page.locator('.rows .row:not(.head)').filter({ hasNot: page.locator('.badge') })
    await unread.first().waitFor({ state: 'detached' })
  }
}

async function takeViews(): Promise<void> {
  for (const cluster of ['full', 'empty'] as const) {
    const peer = await startPageServer()
    const settings = { ...ACCESS, peers: `127.0.0.1:${peer.port}` }
    const server = await startPageServer(cluster === 'full' ? settings : {})
    if (cluster === 'full') await plantCluster(server)
    for (const [screen, context] of Object.entries(SCREENS))
      await onScreen(`${screen} ${cluster}`, context, async (page) => {
        await page.goto(server.url)
        // Findings are evaluated every five seconds.
        if (cluster === 'full') await page.locator('.finding').first().waitFor()
        for (const view of VIEWS) {
          await goTo(page, server, view)
          await take(page, `${view[0]}-${screen}-${cluster}`)
        }
      })
    if (cluster === 'full')
      await onScreen('very wide', VERY_WIDE, async (page) => {
        for (const view of VIEWS) {
          await goTo(page, server, view)
          await take(page, `${view[0]}-very-wide`)
        }
      })
    await server.stop()
    await peer.stop()
  }
}

/** A state of the page: brings a page that is open at the overview into it. */
interface State {
  readonly properties?: Readonly<Record<string, string>>
  readonly plant?: (server: PageServer) => Promise<void>
  /** @returns Another server, that is to be stopped in place of the first. */
  readonly provoke: (page: Page, server: PageServer) => Promise<PageServer | undefined>
}

/** A view with hostile names. @param selector - Of what is there last. */
function hostile(fragment: string, selector: string): State {
  return {
    plant: plantHostileNames,
    provoke: async (page, { url }) => {
      await page.goto(`${url}${fragment}`)
      await page.locator(selector).first().waitFor()
    },
  }
}

const STATES: Readonly<Record<string, State>> = {
  'token-required': {
    properties: { httpTokenFile: file('token', 'correct-horse') },
    provoke: async (page) => {
      await page.getByRole('textbox', { name: 'Token' }).fill('wrong')
      await page.keyboard.press('Enter')
      await page.getByText('The server rejects this token').waitFor()
    },
  },
  'token-json': {
    properties: { httpTokenFile: file('token', 'correct-horse') },
    provoke: async (page) => {
      await page.getByRole('textbox', { name: 'Token' }).fill('correct-horse')
      await page.keyboard.press('Enter')
      await page.getByRole('link', { name: 'JSON of' }).first().click()
      await page.getByText('A link cannot carry the token.').waitFor()
    },
  },
  denied: {
    properties: { accessFile: file('denied.yml', 'profile: default\nloopback: none\n') },
    provoke: async (page) => {
      await page.getByText('You may not read this NameServer').waitFor()
    },
  },
  'stream-lost': {
    plant: plantCluster,
    provoke: async (page) => {
      await page.route('**/api/v1/watch', (route) => route.abort())
      await page.reload()
      await page.getByText('No stream of events').last().waitFor()
    },
  },
  'data-old': {
    plant: plantCluster,
    provoke: async (page) => {
      await page.locator('.panel-groups tbody tr').first().waitFor()
      await page.route('**/api/v1/brokers?*', (route) => route.abort())
      await page.getByText(/Not updated for/).waitFor()
    },
  },
  'server-stopped': {
    plant: plantCluster,
    provoke: async (page, server) => {
      await page.locator('.panel-groups tbody tr').first().waitFor()
      await server.stop()
      await page
        .getByText(/data from/)
        .last()
        .waitFor()
      return startPageServer()
    },
  },
  'server-restarted': {
    plant: plantCluster,
    provoke: async (page, server) => {
      await page.locator('.panel-groups tbody tr').first().waitFor()
      await server.stop()
      const next = await startPageServer({ httpListenPort: `${server.httpPort}` })
      await page.getByText('This NameServer restarted').waitFor()
      return next
    },
  },
  'hostile-overview': hostile('#/', '.finding'),
  'hostile-topics': hostile('#/topics', '.rows .badge'),
  'hostile-topic': hostile(`#/topics/${encodeURIComponent('long'.repeat(500))}`, '.route .card'),
  'hostile-brokers': hostile('#/brokers', 'tbody tr'),
}

async function takeStates(): Promise<void> {
  for (const [name, { properties = {}, plant, provoke }] of Object.entries(STATES))
    for (const screen of ['narrow-light', 'wide-dark'] as const) {
      let server = await startPageServer(properties)
      await plant?.(server)
      await onScreen(name, SCREENS[screen], async (page) => {
        await page.goto(server.url)
        server = (await provoke(page, server)) ?? server
        await take(page, `state-${name}-${screen}`)
      })
      await server.stop()
    }
}

/** Findings of many rules, and a peer whose routes have differed for long. */
async function takeFindings(): Promise<void> {
  const peer = await startPageServer()
  const server = await startPageServer({ ...ACCESS, peers: `127.0.0.1:${peer.port}` })
  await plantCluster(server)
  for (const screen of ['narrow-light', 'wide-dark'] as const)
    await onScreen('findings', SCREENS[screen], async (page) => {
      await page.goto(server.url)
      await page
        .locator('.panel-peers')
        .getByText('settling')
        .or(page.locator('.panel-peers').getByText('diverged'))
        .first()
        .waitFor()
      // Differences are critical when they last.
      server.advance(70_000)
      await page.locator('.panel-peers').getByText('diverged').waitFor()
      await page.locator('.finding').nth(2).waitFor()
      await take(page, `state-findings-${screen}`)
    })
  await server.stop()
  await peer.stop()
}

await takeViews()
await takeStates()
await takeFindings()
await browser.close()
rmSync(files, { recursive: true })
