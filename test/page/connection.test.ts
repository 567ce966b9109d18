import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page, Request } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { registration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import { accessibilityProblems, changesOf } from './support/browser.ts'
import { startPageServer } from './support/page-server.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'
import { startPathProxy } from './support/path-proxy.ts'

useBrowser()

/** What Chromium logs of requests that fail. */
const FAILED_REQUESTS = /Failed to load resource/

/** For `evaluate`: the tab is hidden, or in front. */
function setVisibility(visibility: 'hidden' | 'visible'): string {
  return `Object.defineProperty(document, 'visibilityState', { value: '${visibility}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`
}

describe('The connection of the page to the server', () => {
  it('says that what is seen is old while the server is down, and goes on when another run of it starts', async () => {
    const first = await startPageServer()
    const { httpPort } = first
    await first.send(registration({ name: 'before' }))
    const page = await openPage(first.url, '#/brokers', { expectedProblems: FAILED_REQUESTS })
    await page.getByRole('cell', { name: 'before' }).waitFor()
    const state = page.locator('.connection')
    await state.getByText('Live').first().waitFor()

    await first.stop()
    await state.getByText(/^. No answer for \d+ s; data from \d\d:\d\d:\d\d$/).waitFor()
    await page.getByRole('cell', { name: 'before' }).waitFor()

    const second = await pageServer({ httpListenPort: `${httpPort}` })
    await second.send(registration({ name: 'after' }))
    await page.getByRole('cell', { name: 'after' }).waitFor()
    await page.getByRole('cell', { name: 'before' }).waitFor({ state: 'detached' })
    await state.getByText('Live').first().waitFor()

    const notice = page.getByText(/^This NameServer restarted at \d\d:\d\d:\d\d\./)
    await notice.waitFor()
    await page.goto(`${first.url}#/events`)
    await page.getByRole('cell', { name: 'ready' }).nth(0).waitFor()
    await notice.waitFor()
    await page.getByRole('button', { name: 'Dismiss' }).press('Enter')
    await notice.waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
  })

  it('marks what fails as old, and the server as lost only if nothing comes any more', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: Array.from({ length: 80 }, (_, at) => `Topic${at}`) }))
    const proxy = await startPathProxy(server.httpPort, '/ns1')
    const page = await openPage(proxy.url, '', { expectedProblems: /net::|status of 503/ })
    await page.clock.install()
    await page.reload()
    const state = page.locator('.connection')
    await state.getByText('Live').first().waitFor()
    const states = await page.evaluateHandle<string[]>(changesOf('.connection'))
    await page.getByText('Not compared with other NameServers.').waitFor()
    let isFailing = true
    await page.route(/\/api\/v1\/(brokers|misses)(\?|$)/, (route) =>
      isFailing ? route.fulfill({ status: 503, body: 'too much at once' }) : route.continue(),
    )
    const marked = page.locator('.stale')
    await expect.poll(() => marked.count(), { timeout: 20_000 }).toBe(2)
    expect(await marked.first().innerText()).toMatch(/Not updated for \d+ s too much at once/)
    expect(await accessibilityProblems(page)).toEqual([])
    isFailing = false
    await expect.poll(() => marked.count(), { timeout: 20_000 }).toBe(0)
    expect(await states.jsonValue()).toEqual([])

    // The server allows 16 reads at once, of all its clients.
    let [underWay, most] = [0, 0]
    const isDetail = (request: Request) => request.url().includes('/api/v1/topics/')
    const onEnd = (request: Request) => {
      if (isDetail(request)) underWay--
    }
    page.on('request', (request) => {
      if (isDetail(request)) most = Math.max(most, ++underWay)
    })
    page.on('requestfinished', onEnd)
    page.on('requestfailed', onEnd)
    await page.setViewportSize({ width: 1280, height: 2400 })
    await page.getByRole('navigation').getByRole('link', { name: 'Topics' }).click()
    await page.getByRole('row', { name: 'Topic50' }).getByText('Read, write').waitFor()
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(4)

    // The stream is open, and nothing comes by it. A clock that is set back makes nothing look new.
    proxy.freeze()
    const nowMs = await page.evaluate<number>('Date.now()')
    await page.clock.setSystemTime(nowMs - 3_600_000)
    const lost = state.getByText(/No answer for \d+ s; data from \d\d:\d\d:\d\d/).first()
    await expect
      .poll(
        async () => {
          await page.clock.fastForward(3_000)
          return lost.count()
        },
        { timeout: 30_000 },
      )
      .toBe(1)
    expect(await lost.innerText()).not.toContain('for 0 s')
    proxy.thaw()
    await expect
      .poll(
        async () => {
          await page.clock.fastForward(3_000)
          return state.getByText('Live').count()
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0)
  })

  it('rests while the tab is hidden for a minute, and resumes where it was', async () => {
    const server = await pageServer()
    const proxy = await startPathProxy(server.httpPort, '/ns1')
    const page = await openPage(proxy.url, '#/events', { expectedProblems: /net::/ })
    await page.clock.install()
    await page.reload()
    const state = page.locator('.connection')
    await state.getByText('Live').first().waitFor()
    await page.getByRole('cell', { name: 'ready' }).waitFor()
    const become = (visibility: 'hidden' | 'visible') => page.evaluate(setVisibility(visibility))
    await become('hidden')
    await page.clock.fastForward(30_000)
    await become('visible')
    await page.clock.fastForward(31_000)
    await state.getByText('Live').first().waitFor()

    await become('hidden')
    await page.clock.fastForward(61_000)
    await state.getByText('Paused while hidden').waitFor()
    const watchers = async () =>
      /^rocketmq_nameserver_watchers\S* (\d+)$/m.exec(await (await fetch(`${server.url}metrics`)).text())?.[1]
    await expect.poll(watchers).toBe('0')
    const asked = proxy.requests.length
    await server.send(registration({ name: 'meanwhile' }))
    await page.clock.fastForward(120_000)
    expect(await page.getByRole('cell', { name: 'meanwhile' }).count()).toBe(0)
    expect(proxy.requests.length).toBe(asked)

    await become('visible')
    await page.getByRole('cell', { name: 'meanwhile' }).first().waitFor()
    await state.getByText('Live').first().waitFor()
    const resumed = proxy.requests.slice(asked).find(({ url }) => url === '/ns1/api/v1/watch')
    expect(resumed?.headers['last-event-id']).toMatch(/^\w+-\d+$/)
  })

  it('rests in tabs of the background, so that their streams leave connections for the tab in front', async () => {
    const server = await pageServer()
    const front = await openPage(server.url, '#/kv')
    const state = (page: Page) => page.locator('.connection')
    await state(front).getByText('Live').first().waitFor()
    const background = await front.context().newPage()
    await background.goto(`${server.url}#/kv`)
    await state(background).getByText('Live').first().waitFor()
    await background.evaluate(setVisibility('hidden'))
    await front.context().addInitScript(setVisibility('hidden'))
    // Browsers open six connections to a server.
    const others = await Promise.all(Array.from({ length: 6 }, () => front.context().newPage()))
    for (const other of others) {
      await other.goto(`${server.url}#/kv`)
      await state(other).getByText('Paused while hidden').waitFor()
    }
    await state(background).getByText('Live').first().waitFor()
    await front.goto(`${server.url}#/brokers`)
    await front.getByText('No broker has registered.').waitFor()

    // One that comes to the front has the hidden ones rest.
    const [first] = others
    if (first === undefined) throw new Error('no tab')
    await first.evaluate(setVisibility('visible'))
    await first.getByText('The key-value table is empty.').waitFor()
    await state(background).getByText('Paused while hidden').waitFor()
    await state(front).getByText('Live').first().waitFor()
  })

  it('resumes the stream of events after the last one it got, below the path of a proxy that cuts it', async () => {
    const server = await pageServer()
    const proxy = await startPathProxy(server.httpPort, '/ns1')
    const page = await openPage(proxy.url, '#/events', { expectedProblems: /net::/ })
    const state = page.locator('.connection')
    await state.getByText('Live').first().waitFor()
    await server.send(registration({ name: 'one' }))
    await page.getByRole('cell', { name: 'one' }).first().waitFor()
    const response = await fetch(`${server.url}api/v1/events`)
    const { added, bootId } = (await response.json()) as { added: number; bootId: string }
    proxy.cut()
    const streams = () =>
      proxy.requests
        .filter(({ url }) => url === '/ns1/api/v1/watch')
        .map(({ headers }) => headers['last-event-id'])
    await expect.poll(streams, { timeout: 20_000 }).toEqual([undefined, `${bootId}-${added}`])
    await state.getByText('Live').first().waitFor()
    await server.send(registration({ name: 'two' }))
    await page.getByRole('cell', { name: 'two' }).first().waitFor()
    expect(proxy.requests.filter(({ url }) => url?.startsWith('/ns1/') !== true)).toEqual([])
  })

  it('says in each view that the policy allows none, and how an operator can allow it', async () => {
    const accessFile = join(temporaryFolder(), 'access.yml')
    writeFileSync(accessFile, 'profile: default\nloopback: none\n')
    const server = await pageServer({ accessFile })
    const page = await openPage(server.url, '', { expectedProblems: /status of 403/ })
    for (const view of [
      '',
      'topics',
      'topics/a',
      'brokers',
      'brokers/a',
      'clients',
      'access',
      'events',
      'kv',
    ]) {
      await page.goto(`${server.url}#/${view}`)
      const notice = page.getByRole('region', { name: 'You may not read this NameServer' })
      await notice.getByText('set httpTokenFile, or allow it in accessFile').waitFor()
      expect(await page.locator('main .error').count()).toBe(1)
      expect(await page.getByRole('dialog').count()).toBe(0)
    }
    expect(await page.locator('main .command code').innerText()).toMatch(
      /- allow: \[inspect\]\s+from: 127\.0\.0\.1/,
    )
    await page
      .locator('.connection')
      .getByRole('status')
      .getByText('Not allowed')
      .waitFor({ state: 'attached' })
    expect(await accessibilityProblems(page)).toEqual([])
    writeFileSync(accessFile, 'profile: default\n')
    await page.getByText('The key-value table is empty.').waitFor()
  })

  it('asks for the token, says that a wrong one is wrong, keeps it out of addresses, and opens JSON with it', async () => {
    const path = join(temporaryFolder(), 'token')
    writeFileSync(path, 'correct-horse\n', { mode: 0o600 })
    const server = await pageServer({ httpTokenFile: path })
    const page = await openPage(server.url, '#/configuration', { expectedProblems: /status of 401|net::/ })
    const addresses: string[] = []
    page.on('request', (request) => addresses.push(request.url()))
    const dialog = page.getByRole('dialog', { name: 'This NameServer requires a token' })
    await dialog.waitFor()
    await dialog.getByLabel('Token').fill('kein Schlüssel')
    await page.keyboard.press('Enter')
    await dialog.locator('input:invalid').waitFor()
    await dialog.getByLabel('Token').fill('wrong')
    await dialog.getByRole('button', { name: 'Show' }).click()
    await dialog.getByText('The server rejects this token').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await dialog.getByLabel('Token').fill('correct-horse')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('cell', { name: 'option --httpTokenFile' }).waitFor()
    await page.locator('.connection').getByText('Live').first().waitFor()

    await page.getByRole('link', { name: 'JSON of' }).click()
    const json = page.getByRole('dialog', { name: 'JSON of api/v1/config' })
    await json.getByText('A link cannot carry the token.').waitFor()
    await json.getByText(`"$(cat TOKEN_FILE)" | curl -H @- '${server.url}api/v1/config'`).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await page.route('**/api/v1/config', (route) => route.abort())
    await json.getByRole('button', { name: 'Open in a new tab' }).click()
    await json.getByText('The server did not respond.').waitFor()
    await page.unroute('**/api/v1/config')
    const opened = page.waitForEvent('popup')
    await json.getByRole('button', { name: 'Open in a new tab' }).click()
    expect(await (await opened).locator('body').innerText()).toContain('httpTokenFile')

    await json.getByRole('button', { name: 'Close' }).click()
    await json.waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('cell', { name: 'option --httpTokenFile' }).waitFor()
    expect(addresses.filter((address) => address.includes('correct-horse'))).toEqual([])
    // Of this tab only.
    const other = await openPage(server.url, '', { expectedProblems: /status of 401/ })
    await other.getByRole('dialog').waitFor()
  })
})
