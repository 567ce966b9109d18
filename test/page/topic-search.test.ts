import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { registration } from '../support/requests.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

const MANY = 50_000

/** `topic-00000` and so on. */
function manyTopics(count = MANY): string[] {
  return Array.from({ length: count }, (_, index) => `topic-${`${index}`.padStart(5, '0')}`)
}

const status = (page: Page, text: string) =>
  page.locator('main').getByRole('status').getByText(text, { exact: true })
const link = (page: Page, name: string) => page.getByRole('link', { name, exact: true })
const scrollTo = (page: Page, top: string) =>
  page.evaluate(`document.querySelector('.rows').scrollTop = ${top}`)
const focused = (page: Page) => page.evaluate('document.activeElement.textContent')

describe('The list of topics', () => {
  it('finds names among 50,000, first those that begin with what is searched', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: [...manyTopics(), 'OrderPaid', 'reorder'] }))
    const page = await openPage(server.url, '#/topics')
    await status(page, '50,002 topics').waitFor()
    await page.getByRole('searchbox').pressSequentially('order')
    await status(page, '2 of 50,002 topics found').waitFor()
    expect(await page.getByRole('row').nth(1).innerText()).toContain('OrderPaid')
    expect(await page.getByRole('row').nth(2).innerText()).toContain('reorder')
  })

  it('draws the rows in sight only, and reads their details only', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: manyTopics(2_000) }))
    const asked = new Set<string>()
    const page = await openPage(server.url)
    page.on('request', (request) => {
      const topic = /topics\/(topic-\d+)$/.exec(new URL(request.url()).pathname)?.[1]
      if (topic !== undefined) asked.add(topic)
    })
    await page.goto(`${server.url}#/topics`)
    await page.getByRole('row', { name: 'topic-00000' }).getByText('Read, write').waitFor()
    expect(asked.size).toBeLessThan(40)
    asked.clear()
    await scrollTo(page, '1e6')
    const last = page.getByRole('row', { name: 'topic-01999' })
    await last.getByText('Read, write').waitFor()
    expect(await last.getByRole('cell').allInnerTexts()).toEqual([
      'topic-01999',
      expect.stringContaining('Read, write'),
      '4',
      '4',
      '1',
      'DefaultCluster',
    ])
    expect(await page.getByRole('row').count()).toBeLessThan(60)
    expect(asked.size).toBeLessThan(40)
    // Of the first rows some may have been under way; nothing is read of those between.
    expect([...asked].every((topic) => topic > 'topic-01900' || topic < 'topic-00040')).toBe(true)
    // A higher window has more rows.
    await page.setViewportSize({ width: 1280, height: 1600 })
    await page.getByRole('row', { name: 'topic-01970' }).getByText('Read, write').waitFor()
  })

  it('keeps its search in the address, and for the way back where it was scrolled and what was read', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: manyTopics(1_000) }))
    const page = await openPage(server.url, '#/topics?search=TOPIC+009')
    await page.locator('.connection').getByText('Live').first().waitFor()
    await status(page, '111 of 1,000 topics found').waitFor()
    expect(await page.getByRole('searchbox').inputValue()).toBe('TOPIC 009')
    await page.getByRole('searchbox').fill('topic-00')
    await status(page, '1,000 of 1,000 topics found').waitFor()
    expect(new URL(page.url()).hash).toBe('#/topics?search=topic-00')
    await scrollTo(page, '18_000')
    await link(page, 'topic-00502').click()
    await page.getByRole('heading', { level: 1, name: 'Topic topic-00502' }).waitFor()
    const read: string[] = []
    page.on('request', (request) => read.push(new URL(request.url()).pathname))
    await page.goBack()
    const row = page.getByRole('row', { name: 'topic-00502' })
    await row.getByText('Read, write').waitFor()
    expect(await page.getByRole('searchbox').inputValue()).toBe('topic-00')
    // The status is read every two seconds: by then, the names would have been read, too.
    const statusReads = () => read.filter((path) => path === '/api/v1/status').length
    await expect.poll(statusReads, { timeout: 10_000 }).toBe(2)
    expect(read).not.toContain('/api/v1/topics')
    await page.goForward()
    await page.getByRole('heading', { level: 1, name: 'Topic topic-00502' }).waitFor()
    // What has happened meanwhile is read.
    await server.send(
      registration({ name: 'broker-b', address: '127.0.0.1:10921', topics: ['topic-00-x', 'topic-00-y'] }),
    )
    await page.goBack()
    await status(page, '1,002 of 1,002 topics found').waitFor()
  })

  it('is walked by keyboard from the search field to any row', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: manyTopics(1_000) }))
    const page = await openPage(server.url, '#/topics')
    await status(page, '1,000 topics').waitFor()
    await page.getByRole('searchbox').focus()
    const press = async (key: string, topic: string | RegExp) => {
      await page.keyboard.press(key)
      await expect.poll(() => focused(page)).toMatch(topic)
    }
    await press('ArrowDown', 'topic-00000')
    await press('ArrowDown', 'topic-00001')
    await press('End', 'topic-00999')
    await press('ArrowUp', 'topic-00998')
    // The table is one stop of the Tab key: past it, and back to the row.
    await page.keyboard.press('Tab')
    expect(await page.evaluate("document.activeElement.closest('.rows')")).toBeNull()
    await press('Shift+Tab', 'topic-00998')
    await press('PageUp', /topic-009[789]\d/)
    await press('Home', 'topic-00000')
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    // The row with the focus stays, and is reached again from far away.
    await scrollTo(page, '20_000')
    await link(page, 'topic-00560').waitFor()
    await press('ArrowDown', 'topic-00001')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Topic topic-00001' }).waitFor()
  })

  it('shows topics as they come and go', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '#/topics')
    await page.getByText('No topics: no broker has registered any.').waitFor()
    await server.send(registration({ topics: ['TopicA', 'TopicB'] }))
    await page.getByRole('row', { name: 'TopicB' }).getByText('Read, write').waitFor()
    await server.send({ code: 216, extFields: { topic: 'TopicB' } })
    await status(page, '1 topic').waitFor()
    expect(await link(page, 'TopicB').count()).toBe(0)
  })

  it('leads from a name that is not there to why', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: ['OrderPaid', 'TopicB'] }))
    const page = await openPage(server.url, '#/topics?search=OrderPait')
    await status(page, '0 of 2 topics found').waitFor()
    await page.getByRole('link', { name: 'Why clients do not find it' }).click()
    await page.getByRole('heading', { level: 1, name: 'Topic OrderPait' }).waitFor()
    await link(page, 'OrderPaid').click()
    await page.getByRole('heading', { level: 1, name: 'Topic OrderPaid' }).waitFor()
  })

  it('shows hostile names as text in rows of one height, and finds them as they are shown', async () => {
    const server = await pageServer()
    const hostile = [
      '<img src=x onerror=alert(1)>',
      'evil\u202Egpj.exe',
      'line\nbreak',
      'x'.repeat(127),
      'long'.repeat(1_000),
    ]
    await server.send(registration({ topics: [...hostile, 'plain'] }))
    for (const [colorScheme, width] of [
      ['dark', 360],
      ['light', 1280],
    ] as const) {
      const page = await openPage(server.url, '#/topics', { colorScheme, viewport: { width, height: 800 } })
      await page.getByRole('row', { name: 'plain' }).getByText('Read, write').waitFor()
      const heights = await page.evaluate(
        "[...document.querySelectorAll('.rows [data-index]')].map((row) => row.offsetHeight)",
      )
      expect(new Set(heights as number[]).size).toBe(1)
      expect(await page.locator('main img').count()).toBe(0)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      expect(await accessibilityProblems(page)).toEqual([])
      await page.getByRole('searchbox').fill('evil\\u202e')
      await link(page, 'evil\\u202egpj.exe').click()
      await page.getByRole('heading', { level: 1, name: 'Topic evil\\u202egpj.exe' }).waitFor()
    }
  })
})
