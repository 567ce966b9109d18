import { describe, expect, it } from 'vitest'
import { registration } from '../support/requests.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

/** The server evaluates its findings every five seconds. */
const FINDING = { timeout: 20_000 }

describe('The overview', () => {
  it('says that the server is healthy, with its figures', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: ['TopicA', 'TopicB', 'TopicC'] }))
    const page = await openPage(server.url)
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByText('Healthy').waitFor()
    await verdict.locator('.badge', { hasText: /Ready$/ }).waitFor()
    const figure = (label: string) => verdict.locator('.figure', { hasText: label }).locator('dd')
    expect(await figure('Brokers').innerText()).toBe('1')
    expect(await figure('Topics').innerText()).toBe('3')
    await expect.poll(() => figure('Lookups').innerText(), FINDING).toMatch(/^[\d.]+\/s$/)
  })

  it('says why the server is not ready', async () => {
    const server = await pageServer({ needWaitForService: 'true', waitSecondsForService: '3000' })
    const page = await openPage(server.url)
    await page.getByText('Not ready').waitFor()
    await page.getByText(/lookups are rejected for another \d+ s/).waitFor()
  })

  it('shows a finding with its evidence, since when, and the command to run, until it clears', async () => {
    const server = await pageServer()
    const broker = { name: 'broker-d', address: '127.0.0.1:10911' }
    await server.send(registration({ ...broker, topics: ['Orders', 'Payments'] }))
    await server.send({ code: 205, extFields: { brokerName: 'broker-d' } })
    const page = await openPage(server.url, '', { permissions: ['clipboard-read', 'clipboard-write'] })
    const finding = page.getByRole('listitem').filter({ hasText: 'permission_not_writable' })
    await finding.waitFor(FINDING)
    await page.getByText('1 finding', { exact: false }).first().waitFor(FINDING)
    expect(await finding.innerText()).toMatch(/warning\s+broker-d/)
    expect(await finding.innerText()).toMatch(/since \d\d:\d\d:\d\d, (just now|\d+ s ago)/)
    await finding.getByText('Evidence').click()
    expect(await finding.locator('dl').innerText()).toContain('2')
    expect(await accessibilityProblems(page)).toEqual([])
    await page.setViewportSize({ width: 360, height: 800 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)

    await finding.getByRole('button', { name: 'Copy' }).click()
    await finding.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      'mqnamesrv broker restore-write broker-d',
    )

    await server.send({ code: 327, extFields: { brokerName: 'broker-d' } })
    await finding.waitFor({ state: 'detached', ...FINDING })
  })

  it('selects a command where the browser has no clipboard', async () => {
    const server = await pageServer()
    await server.send(registration({ name: 'broker-d', topics: ['Orders', 'Payments'] }))
    await server.send({ code: 205, extFields: { brokerName: 'broker-d' } })
    const page = await openPage(server.url)
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    await page.getByRole('button', { name: 'Copy' }).click(FINDING)
    await page.getByRole('button', { name: /Copied|Press Ctrl\+C/ }).waitFor()
    expect(await page.evaluate('getSelection().toString()')).toBe('mqnamesrv broker restore-write broker-d')
  })
})
