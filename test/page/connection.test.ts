import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { registration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import { accessibilityProblems } from './support/browser.ts'
import { startPageServer } from './support/page-server.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'
import { startPathProxy } from './support/path-proxy.ts'

useBrowser()

/** What Chromium logs of requests that fail. */
const FAILED_REQUESTS = /Failed to load resource/

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
    await state.getByText(/^. No answer for \d+ s; what you see is from \d\d:\d\d:\d\d$/).waitFor()
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

  it('rests while the tab is hidden for a minute, and resumes where it was', async () => {
    const server = await pageServer()
    const proxy = await startPathProxy(server.httpPort, '/ns1')
    const page = await openPage(proxy.url, '#/events', { expectedProblems: /net::/ })
    await page.clock.install()
    await page.reload()
    const state = page.locator('.connection')
    await state.getByText('Live').first().waitFor()
    await page.getByRole('cell', { name: 'ready' }).waitFor()
    const become = (visibility: string) =>
      page.evaluate(
        `Object.defineProperty(document, 'visibilityState', { value: '${visibility}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`,
      )
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

  it('asks for the token, says that a wrong one is wrong, keeps it out of addresses, and opens JSON with it', async () => {
    const path = join(temporaryFolder(), 'token')
    writeFileSync(path, 'correct-horse\n', { mode: 0o600 })
    const server = await pageServer({ httpTokenFile: path })
    const page = await openPage(server.url, '#/configuration', { expectedProblems: /status of 401/ })
    const addresses: string[] = []
    page.on('request', (request) => addresses.push(request.url()))
    const dialog = page.getByRole('dialog', { name: 'This NameServer requires a token' })
    await dialog.waitFor()
    await dialog.getByLabel('Token').fill('wrong')
    await dialog.getByRole('button', { name: 'Show' }).click()
    await dialog.getByText('The server rejects this token').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await dialog.getByLabel('Token').fill('correct-horse')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('cell', { name: 'option --httpTokenFile' }).waitFor()
    await page.locator('.connection').getByText('Live').first().waitFor()

    const opened = page.waitForEvent('popup')
    await page.getByRole('link', { name: 'JSON of' }).click()
    expect(await (await opened).locator('body').innerText()).toContain('httpTokenFile')

    await page.reload()
    await page.getByRole('cell', { name: 'option --httpTokenFile' }).waitFor()
    expect(addresses.filter((address) => address.includes('correct-horse'))).toEqual([])
    // Of this tab only.
    const other = await openPage(server.url, '', { expectedProblems: /status of 401/ })
    await other.getByRole('dialog').waitFor()
  })
})
