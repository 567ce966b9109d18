import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { putKVConfig, registration } from '../support/requests.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'
import { VIEWS, viewShown, visitViews } from './support/views.ts'

useBrowser()

/** More than any of the views has in these tests. */
const MAX_STOPS = 120

async function serverWithBroker() {
  const server = await pageServer()
  await server.send(
    registration({ topics: ['TopicA', 'TopicB'] }),
    putKVConfig('ORDER_TOPIC_CONFIG', 'TopicA', 'broker-a:4'),
    putKVConfig('features', 'greeting', 'hello'),
  )
  return server
}

/** What has the focus: undefined at the end of the page, and otherwise what is wrong with how it is seen. */
const FOCUSED = `(() => {
  const element = document.activeElement
  if (element === null || element === document.body) return undefined
  const { left, right, top, bottom } = element.getBoundingClientRect()
  const header = document.querySelector('header').getBoundingClientRect()
  const isInHeader = element.closest('header') !== null
  const problems = []
  if (getComputedStyle(element).outlineStyle === 'none') problems.push('no outline')
  if (right <= 0 || left >= innerWidth || bottom <= 0 || top >= innerHeight) problems.push('out of sight')
  if (!isInHeader && bottom <= header.bottom) problems.push('below the header')
  const name = element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 60)
  return { name, tag: element.tagName, problems }
})()`

interface Stop {
  readonly name: string
  readonly tag: string
  readonly problems: readonly string[]
}

/** Presses Tab until the page ends. */
async function walk(page: Page): Promise<Stop[]> {
  const stops: Stop[] = []
  for (;;) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate<Stop | undefined>(FOCUSED)
    if (stop === undefined || stop.name === 'Skip to the content') return stops
    stops.push(stop)
    if (stops.length > MAX_STOPS) throw new Error(`the focus does not leave ${stop.name}`)
  }
}

describe('The page by keyboard', () => {
  it.each([1280, 360])(
    'is walked through, each view to its end, with the focus in sight, %i px wide',
    async (width) => {
      const server = await serverWithBroker()
      const page = await openPage(server.url, '', { viewport: { width, height: 800 } })
      await viewShown(page, 'Overview')
      await visitViews(page, async (view) => {
        // Again from the heading, to which the focus went.
        await page.getByRole('heading', { level: 1 }).focus()
        const stops = await walk(page)
        expect(
          stops.filter(({ problems }) => problems.length > 0),
          view,
        ).toEqual([])
        expect(stops.filter(({ name }) => name.startsWith('JSON of')).length, view).toBeGreaterThan(0)
      })
    },
  )

  it('filters and pauses events, and reads a long table by its arrow keys', async () => {
    const server = await serverWithBroker()
    await server.send(...Array.from({ length: 60 }, (_, n) => putKVConfig('many', `key-${n}`, 'v')))
    const page = await openPage(server.url, '#/events')
    await viewShown(page, 'Events')
    await page.getByRole('combobox', { name: 'Kind' }).focus()
    await page.keyboard.press('b')
    await page.getByText(/\b1 of \d+ events/).waitFor()
    expect(await page.getByRole('combobox', { name: 'Kind' }).inputValue()).toBe('broker_registered')
    await page.keyboard.press('Home')
    await page.getByText(/^\s*\d+ events/).waitFor()
    await page.getByRole('button', { name: 'Pause' }).focus()
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    expect(await page.evaluate<Stop>(FOCUSED)).toMatchObject({ name: 'Resume', problems: [] })
    await page.keyboard.press('End')
    await expect.poll(() => page.evaluate('scrollY > 0')).toBe(true)
  })
})

describe('The page for a screen reader', () => {
  it('has landmarks, one main heading, and regions that say what changes', async () => {
    const server = await serverWithBroker()
    const page = await openPage(server.url)
    for (const view of VIEWS) {
      await page
        .getByRole('navigation', { name: 'Views' })
        .getByRole('link', { name: view, exact: true })
        .click()
      await viewShown(page, view)
      for (const landmark of ['banner', 'main'] as const)
        expect(await page.getByRole(landmark).count(), landmark).toBe(1)
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
      expect(await page.locator('nav [aria-current=page]').innerText()).toBe(view)
    }
    await page.locator('.connection').getByRole('status').getByText('Live').waitFor({ state: 'attached' })
    await page.getByRole('navigation').getByRole('link', { name: 'Events' }).click()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('status').getByText('Events are paused').waitFor({ state: 'attached' })
  })
})

describe('The page on a very wide screen', () => {
  it('begins at one edge: header, content and footer of each view', async () => {
    const server = await serverWithBroker()
    const page = await openPage(server.url, '', { viewport: { width: 3_840, height: 1_200 } })
    await viewShown(page, 'Overview')
    const edges = `['header', 'main', 'footer'].map((tag) => {
      const element = document.querySelector(tag)
      return element.getBoundingClientRect().x + Number.parseFloat(getComputedStyle(element).paddingLeft)
    })`
    const [edge] = await page.evaluate<number[]>(edges)
    await visitViews(page, async (view) => {
      expect(await page.evaluate(edges), view).toEqual([edge, edge, edge])
    })
  })
})

describe('The page with less room', () => {
  it.each([
    ['at 200 % zoom', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }, ''],
    ['at 400 % zoom', { viewport: { width: 320, height: 200 }, deviceScaleFactor: 4 }, ''],
    ['with text of twice the size', {}, '200%'],
    ['360 px wide', { viewport: { width: 360, height: 800 } }, ''],
  ])(
    'shows each view %s as wide as the window, below a header that leaves room',
    async (_, context, fontSize) => {
      const server = await serverWithBroker()
      const page = await openPage(server.url, '', context)
      await viewShown(page, 'Overview')
      await page.evaluate(`document.documentElement.style.setProperty('font-size', '${fontSize}')`)
      await visitViews(page, async (view) => {
        expect(
          await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
          view,
        ).toBeLessThanOrEqual(0)
        // Rows of tables are stacked where there is no room for their columns.
        const cut = await page.evaluate<string[]>(`innerWidth > 768 ? [] :
          [...document.querySelectorAll('.table, .panel-body')]
            .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
            .map((element) => element.ariaLabel ?? element.className)`)
        expect(cut, view).toEqual([])
        // Scrolled into the navigation, which scrolls in itself.
        const { x = -1, width = 0 } = (await page.locator('nav [aria-current=page]').boundingBox()) ?? {}
        expect(x, view).toBeGreaterThanOrEqual(0)
        expect(x + width, view).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0)
      })
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
      const covered = await page.evaluate<number>(
        "document.querySelector('header').getBoundingClientRect().bottom / innerHeight",
      )
      expect(covered).toBeLessThan(1 / 3)
    },
  )
})

describe('The page with reduced motion', () => {
  const MOVING = `[...document.querySelectorAll('*')].filter((element) => {
    const { transitionDuration, animationName } = getComputedStyle(element)
    return animationName !== 'none' || transitionDuration.split(', ').some((each) => each !== '0s')
  }).length`

  it('has no transition and no animation, which it has otherwise', async () => {
    const server = await serverWithBroker()
    const [still, moving] = await Promise.all(
      (['reduce', 'no-preference'] as const).map((reducedMotion) =>
        openPage(server.url, '', { reducedMotion }),
      ),
    )
    for (const view of VIEWS) {
      await still?.getByRole('navigation').getByRole('link', { name: view, exact: true }).click()
      await viewShown(still as Page, view)
      expect(await still?.evaluate(MOVING), view).toBe(0)
    }
    expect(await moving?.evaluate(MOVING)).toBeGreaterThan(0)
  })
})
