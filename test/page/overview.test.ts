import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { lookup, putKVConfig, registration } from '../support/requests.ts'
import { accessibilityProblems, changesOf } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

/** The server evaluates its findings every five seconds. */
const FINDING = { timeout: 20_000 }

/** A part of the overview, by its heading. */
function part(page: Page, name: string): Locator {
  return page.getByRole('region', { name, exact: true })
}

function findingOf(page: Page, rule: string): Locator {
  return part(page, 'Findings').locator('.finding', { hasText: rule })
}

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
    const verdict = part(page, 'Verdict').getByRole('status')
    await verdict.getByText('Ready').waitFor()
    // What a screen reader says.
    const said = await page.evaluateHandle<string[]>(changesOf('.verdict [role=status]'))
    const finding = findingOf(page, 'permission_not_writable')
    await finding.waitFor(FINDING)
    await page.getByText('1 finding', { exact: false }).first().waitFor(FINDING)
    expect(await finding.innerText()).toMatch(/warning\s+broker-d/)
    expect(await finding.innerText()).toMatch(/since \d\d:\d\d:\d\d, (just now|\d+ s ago)/)
    expect(await finding.locator('dl').innerText()).toMatch(/topics 2\s+wiped by 127\.0\.0\.1:\d+/)
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
    await verdict.getByText('Healthy').waitFor(FINDING)
    // At its changes only, though it has been read many times.
    expect(await said.jsonValue()).toEqual(['▲ 1 finding ✔ Ready', '✔ Healthy ✔ Ready'])
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

  it('shows a broker as soon as it registers, and why it is gone when its connection closes', async () => {
    const server = await pageServer()
    await server.send(registration({ name: 'broker-a' }))
    const page = await openPage(server.url)
    const groups = part(page, 'Broker groups')
    await groups.getByRole('row', { name: 'broker-a' }).waitFor()
    const row = groups.getByRole('row', { name: 'broker-b' })
    expect(await row.count()).toBe(0)

    const { socket } = await server.send(
      registration({ name: 'broker-b', address: '127.0.0.1:10921' }),
      registration({ name: 'broker-b', address: '127.0.0.1:10922', id: 1 }),
    )
    await row.waitFor()
    expect(await groups.getByRole('columnheader').allInnerTexts()).toEqual([
      'Broker group',
      'Id 0, master',
      'Id 1',
    ])
    const cells = await row.getByRole('cell').allInnerTexts()
    expect(cells[0]).toMatch(/broker-b\s+DefaultCluster/)
    expect(cells[1]).toMatch(/127\.0\.0\.1:10921 5.5.0\s+\d+ s/)
    expect(cells[2]).toMatch(/127\.0\.0\.1:10922 5.5.0\s+\d+ s/)
    await part(page, 'Events').getByText('broker_registered').first().waitFor()

    socket.destroy()
    await row.locator('.badge', { hasText: 'lost' }).nth(1).waitFor()
    expect(await row.innerText()).toMatch(/127\.0\.0\.1:10921\s+✖ lost .*\s+lost its connection/)
    await part(page, 'Events').getByText('broker_lost').first().waitFor()

    // However much happens then.
    const isLost = row.locator('.badge', { hasText: 'lost' })
    await server.send(...Array.from({ length: 210 }, (_, at) => putKVConfig('many', `key-${at}`, 'v')))
    await part(page, 'Events').getByText('many/key-209').waitFor()
    expect(await isLost.count()).toBe(2)
    await page.reload()
    await isLost.nth(1).waitFor()

    await server.send(registration({ name: 'broker-b', address: '127.0.0.1:10921' }))
    await isLost.nth(1).waitFor({ state: 'detached' })
    expect(await row.getByRole('cell').nth(1).innerText()).not.toContain('lost')
  })

  it('fills the heartbeat bar of a broker, warns at half, and says when it expired', async () => {
    const server = await pageServer({ scanNotActiveBrokerInterval: '1000' })
    await server.send(registration({ name: 'broker-a', heartbeatTimeoutMs: 8_000 }))
    const page = await openPage(server.url)
    const groups = part(page, 'Broker groups')
    const bar = groups.getByRole('img')
    await groups.locator('.heartbeat.good').waitFor()
    expect(await bar.getAttribute('aria-label')).toMatch(/^Last heartbeat \d s ago; removed after 8 s$/)
    await groups.locator('.heartbeat.warning').waitFor()
    expect(Number.parseFloat((await bar.locator('rect').getAttribute('width')) ?? '')).toBeGreaterThanOrEqual(
      50,
    )
    await groups.locator('.badge', { hasText: 'expired' }).waitFor(FINDING)
    await groups.getByText('expired (no heartbeat within its timeout)').waitFor()
  })

  it('names the topics that clients look up without finding a route, with similar ones, until they have one', async () => {
    const server = await pageServer()
    const broker = { topics: ['Orders', 'Payments', 'Refunds'] }
    const client = await server.send(registration(broker))
    for (let asked = 0; asked < 4; asked++) await client.request(lookup('Order'))
    const page = await openPage(server.url)
    const misses = part(page, 'Topics asked for and not found')
    const miss = misses.getByRole('listitem').filter({ hasText: 'similar: Orders' })
    await miss.getByText('4 lookups').waitFor()
    expect(await miss.innerText()).toContain('asked by 127.0.0.1 JAVA 5.5.0')
    expect(await miss.innerText()).toMatch(/^Order\b/)
    expect(await accessibilityProblems(page)).toEqual([])
    await server.send(registration({ topics: [...broker.topics, 'Order'] }))
    await misses.getByText('has a route').waitFor()
  })

  it('draws rates for as long as it is open', async () => {
    const server = await pageServer()
    const client = await server.send(registration())
    const page = await openPage(server.url)
    const rates = part(page, 'Rates')
    await rates.getByRole('img', { name: /^Lookups: 0\/s now, 0\/s at most$/ }).waitFor()
    for (let asked = 0; asked < 30; asked++) {
      await client.request(lookup('TopicA'))
      await client.request(lookup('Absent'))
    }
    await rates.getByRole('img', { name: /^Lookups: .* now, [1-9].*\/s at most$/ }).waitFor()
    await rates.getByRole('img', { name: /^Misses: .* now, [1-9].*\/s at most$/ }).waitFor()
    expect(
      await rates.getByRole('img').evaluateAll((images) => images.map(({ ariaLabel }) => ariaLabel)),
    ).toEqual([
      expect.stringMatching(/^Lookups/),
      expect.stringMatching(/^Registrations/),
      expect.stringMatching(/^Misses/),
      expect.stringMatching(/^Event loop delay: [\d.]+ ms now/),
    ])
    // A way to another view and back loses nothing.
    await page.getByRole('link', { name: 'Topics', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Topics' }).waitFor()
    await page.goBack()
    await rates.getByRole('img', { name: /^Lookups: .* now, [1-9].*\/s at most$/ }).waitFor()
  })

  it('has its parts in the same places before the first figures are here', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '#/brokers')
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.route('**/api/v1/status', async (route) => {
      await held
      await route.continue()
    })
    await page.goto(server.url)
    await page.reload()
    const heights = () =>
      page.evaluate("[...document.querySelectorAll('.overview > *')].map(({ offsetHeight }) => offsetHeight)")
    await part(page, 'Findings').getByText('Nothing is wrong').waitFor()
    await part(page, 'Rates').getByText('Measuring…').first().waitFor()
    const before = await heights()
    release()
    await part(page, 'Rates').locator('path').nth(3).waitFor({ state: 'attached' })
    expect(await heights()).toEqual(before)
  })

  it('stays on one screen with many groups, topics and findings, whatever their names', async () => {
    const server = await pageServer()
    const hostile = '<img src=x onerror=alert(1)>\u202e'
    const brokers = Array.from({ length: 70 }, (_, at) => {
      const name = at === 0 ? hostile : `broker-${'x'.repeat(at)}-${at}`
      return registration({
        name,
        address: `127.0.0.1:${20_000 + at}`,
        topics: [`Topic${at}A`, `Topic${at}B`],
      })
    })
    const client = await server.send(...brokers)
    for (let at = 1; at < 12; at++)
      await client.request({ code: 205, extFields: { brokerName: `broker-${'x'.repeat(at)}-${at}` } })
    for (let at = 0; at < 25; at++) await client.request(lookup(`${hostile}${'y'.repeat(4 * at)}`))
    const page = await openPage(server.url)
    await part(page, 'Findings').locator('.finding').nth(10).waitFor(FINDING)
    await part(page, 'Broker groups').getByText('and 10 more groups').waitFor()
    await part(page, 'Topics asked for and not found').getByText('and 5 more topics').waitFor()
    expect(
      await page.evaluate('[document.documentElement.scrollWidth, document.documentElement.scrollHeight]'),
    ).toEqual([1280, 800])
    const names = [
      'Verdict',
      'Findings',
      'Broker groups',
      'Topics asked for and not found',
      'Peers',
      'Events',
      'Rates',
    ]
    expect(
      await page
        .getByRole('region')
        .evaluateAll((all) => all.filter((each) => each.tagName === 'SECTION').length),
    ).toBe(7)
    for (const name of names) {
      const box = await part(page, name).boundingBox()
      expect((box?.y ?? 0) + (box?.height ?? 801), name).toBeLessThanOrEqual(800)
      expect(box?.height, name).toBeGreaterThan(30)
    }
    // What is beyond is reached by the keyboard.
    const body = part(page, 'Findings').locator('.panel-body')
    await body.focus()
    await page.keyboard.press('End')
    await expect.poll(() => body.evaluate((element) => element.scrollTop)).toBeGreaterThan(100)
    expect(await page.locator('img:not([role])').count()).toBe(0)
    await page.setViewportSize({ width: 360, height: 800 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    expect(await accessibilityProblems(page)).toEqual([])
  })
})
