import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { lookup, putKVConfig, registration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import type { PageServer } from './support/page-server.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

/** Names that would be markup, turn text round, begin a line, or burst a layout, each with how it is to be shown. */
const HOSTILE = [
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['evil\u202Egpj.exe', 'evil\\u202egpj.exe'],
  ['line\nbreak', 'line\\u000abreak'],
  ['long'.repeat(1_000), `${'long'.repeat(40)}…`],
] as const
const NAMES = HOSTILE.map(([name]) => name)
/** The server evaluates its findings every five seconds. */
const FINDING = { timeout: 20_000 }

/** Of what is in sight without a click. Commands are whole, because they are to be copied. */
const LONGEST_TEXT = `Math.max(...[...document.querySelectorAll('main *:not(code, option)')]
  .filter((element) => element.checkVisibility())
  .flatMap(({ childNodes }) => [...childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE))
  .map(({ data }) => data.length))`

/** A server where a stranger has chosen every name that it can choose. */
async function hostileServer(): Promise<PageServer> {
  const accessFile = join(temporaryFolder(), 'access.yml')
  writeFileSync(
    accessFile,
    'profile: default\nloopback: none\nrules: [{ allow: [inspect, register, admin, lookup, list] }]\n',
  )
  const [image] = NAMES
  const server = await pageServer({ accessFile, productEnvName: `${image}\u202E` })
  const brokers = NAMES.map((name, at) => {
    const { extFields, ...rest } = registration({ name, address: `127.0.0.1:${30_000 + at}`, topics: NAMES })
    return { ...rest, extFields: { ...extFields, clusterName: name, __ZONE_NAME: name } }
  })
  const client = await server.send(
    ...brokers,
    ...NAMES.flatMap((name) => [
      putKVConfig(name, name, name),
      putKVConfig('ORDER_TOPIC_CONFIG', name, `${name}:4`),
      { code: 205, extFields: { brokerName: name } },
    ]),
  )
  for (const name of NAMES) {
    await client.request(lookup(`missing ${name}`))
    await client.request({ code: 318, extFields: { AccessKey: name, Signature: name }, body: `${name}=x` })
  }
  const lost = await server.send(registration({ name: `lost ${NAMES.join(' ')}`, address: '127.0.0.1:1' }))
  lost.socket.destroy()
  return server
}

/** What is to be shown in each view, by its path; details of each broker and topic are views of their own. */
function shownTexts(): readonly (readonly [string, readonly string[]])[] {
  const all = HOSTILE.map(([, shown]) => shown)
  const lists = ['', 'topics', 'brokers', 'events', 'kv', 'access'] as const
  return [
    ...lists.map((path) => [path, all] as const),
    ['clients', []],
    ['clients/1', []],
    ['configuration', ['<img src=x onerror=alert(1)>\\u202e']],
    ...HOSTILE.flatMap(([name, shown]) =>
      ['topics', 'brokers'].map((list) => [`${list}/${encodeURIComponent(name)}`, [shown]] as const),
    ),
    [`topics/${encodeURIComponent(`missing ${NAMES[3]}`)}`, []],
  ]
}

async function open(page: Page, server: PageServer, path: string): Promise<void> {
  await page.goto(`${server.url}#/${path}`)
  await page.locator('main section').first().waitFor()
  await expect.poll(() => page.locator('.loading').count()).toBe(0)
}

describe('Hostile names', () => {
  it.each([
    ['dark', 360],
    ['light', 1280],
  ] as const)(
    'are text in every view, in %s on %i pixels, which the page does not exceed',
    async (colorScheme, width) => {
      const server = await hostileServer()
      const page = await openPage(server.url, '', { colorScheme, viewport: { width, height: 800 } })
      await page.locator('.finding').nth(3).waitFor(FINDING)
      for (const [path, shown] of shownTexts()) {
        await open(page, server, path)
        const view = path.slice(0, 60)
        const main = page.locator('main')
        for (const text of shown) await expect.poll(() => main.innerText(), { message: view }).toContain(text)
        expect(await page.locator('img:not([role])').count(), view).toBe(0)
        expect(/[\u202A-\u202E\u2066-\u2069]/.test(await main.innerText()), view).toBe(false)
        expect(await page.evaluate(LONGEST_TEXT), view).toBeLessThan(500)
        expect(await page.evaluate('document.documentElement.scrollWidth'), view).toBe(width)
        expect(await page.evaluate('document.querySelector("h1").offsetHeight'), view).toBeLessThan(300)
      }
    },
  )
})
