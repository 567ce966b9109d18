import { describe, expect, it } from 'vitest'
import { putKVConfig, registration, unregistration } from '../support/requests.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'
import { visitViews } from './support/views.ts'

useBrowser()

describe('The page', () => {
  it.each(['light', 'dark'] as const)('shows each view in %s, accessibly', async (colorScheme) => {
    const server = await pageServer()
    await server.send(registration(), putKVConfig('features', 'greeting', 'hello'))
    const page = await openPage(server.url, '', { colorScheme })
    await visitViews(page, async (title) => {
      expect(await page.locator('main .error').count()).toBe(0)
      expect(await page.title()).toBe(`${title} · mqnamesrv`)
      expect(await accessibilityProblems(page), title).toEqual([])
    })
  })

  it('goes back and forward, and opens at the address of any view', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: ['%RETRY%a/b', 'TopicB'] }))
    const page = await openPage(server.url, '#/topics')
    await page.getByRole('link', { name: '%RETRY%a/b' }).click()
    await page.getByRole('heading', { level: 1, name: 'Topic %RETRY%a/b' }).waitFor()
    await page.getByRole('link', { name: 'broker-a' }).waitFor()
    const address = page.url()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Topics' }).waitFor()
    await page.goForward()
    await page.getByRole('heading', { level: 1, name: 'Topic %RETRY%a/b' }).waitFor()
    const other = await openPage(address)
    await other.getByRole('link', { name: 'broker-a' }).waitFor()
  })

  it('is on the way back where it was scrolled, and at the top of a view that is new', async () => {
    const server = await pageServer()
    const brokers = Array.from({ length: 60 }, (_, at) =>
      registration({ name: `broker-${at}`, address: `127.0.0.1:${20_000 + at}` }),
    )
    await server.send(...brokers)
    const page = await openPage(server.url)
    const panel = page.locator('.panel-groups .panel-body')
    await panel.getByRole('link', { name: 'broker-59' }).scrollIntoViewIfNeeded()
    const panelTop = await panel.evaluate(({ scrollTop }) => scrollTop)
    expect(panelTop).toBeGreaterThan(500)
    await page.getByRole('navigation').getByRole('link', { name: 'Brokers' }).click()
    await page.getByRole('heading', { level: 1, name: 'Brokers' }).waitFor()
    // Without its rows the view does not scroll, and there is no event.
    await page.getByRole('link', { name: 'broker-50' }).waitFor()
    const top = await page.evaluate<number>(`new Promise((resolve) => {
      addEventListener('scroll', () => resolve(scrollY), { once: true })
      scrollTo(0, 700)
    })`)
    expect(top).toBe(700)
    // Which scrolls nothing.
    await page.getByRole('link', { name: 'broker-50' }).dispatchEvent('click')
    await page.getByRole('heading', { level: 1, name: 'Broker broker-50' }).waitFor()
    expect(await page.evaluate('scrollY')).toBe(0)
    await page.getByRole('heading', { name: 'What happened' }).waitFor()
    await page.goBack()
    await expect.poll(() => page.evaluate('scrollY')).toBe(top)
    await page.goBack()
    await expect.poll(() => panel.evaluate(({ scrollTop }) => scrollTop)).toBe(panelTop)
    await page.goForward()
    await expect.poll(() => page.evaluate('scrollY')).toBe(top)
    await page.getByRole('navigation').getByRole('link', { name: 'KV' }).click()
    await page.getByRole('navigation').getByRole('link', { name: 'Brokers' }).click()
    await page.getByRole('link', { name: 'broker-50' }).waitFor()
    expect(await page.evaluate('scrollY')).toBe(0)
  })

  it('says that there is no such view, and no such topic', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '#/nowhere')
    await page.getByRole('link', { name: 'Go to the overview.' }).click()
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await page.goto(`${server.url}#/topics/none`)
    await page.getByRole('heading', { name: 'Why clients do not find it' }).waitFor()
    // What every object has is no view.
    await page.goto(`${server.url}#/constructor`)
    await page.getByRole('heading', { level: 1, name: 'No such view' }).waitFor()
  })

  it('says of a view that it cannot draw what the server responds, and goes on', async () => {
    const server = await pageServer()
    await server.send(registration())
    const page = await openPage(server.url, '#/brokers')
    await page.getByRole('cell', { name: 'broker-a' }).waitFor()
    let isOther = true
    await page.route(/\/api\/v1\/brokers(\?|$)/, async (route) => {
      const body = await (await route.fetch()).text()
      await route.fulfill({ body: isOther ? body.replace(/"address":"[^"]*"/, '"address":null') : body })
    })
    await page.goto(`${server.url}#/`)
    await page.getByText('This view cannot be drawn').waitFor()
    await page.goto(`${server.url}#/kv`)
    await page.getByText('The key-value table is empty.').waitFor()
    isOther = false
    await page.goto(`${server.url}#/`)
    await page.getByRole('cell', { name: 'broker-a' }).waitFor()
  })

  it('changes its colours by a button, and keeps the choice', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '', { colorScheme: 'dark' })
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const dark = await background()
    await page.getByRole('button', { name: 'Colours: auto' }).click()
    await page.getByRole('button', { name: 'Colours: light' }).waitFor()
    const light = await background()
    expect(light).not.toBe(dark)
    await page.reload()
    await page.getByRole('button', { name: 'Colours: light' }).click()
    await page.getByRole('button', { name: 'Colours: dark' }).waitFor()
    expect(await background()).toBe(dark)
  })

  it('is walked by keyboard, with a link that skips the header, and focus on the heading of a new view', async () => {
    const server = await pageServer()
    const page = await openPage(server.url)
    const focused = () => page.evaluate('document.activeElement.textContent.trim()')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    expect(new URL(page.url()).hash).toBe('')
    await page.getByRole('link', { name: 'Skip to the content' }).focus()
    for (const label of ['mqnamesrv', 'Overview', 'Topics']) {
      await page.keyboard.press('Tab')
      expect(await focused()).toBe(label)
    }
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Topics' }).waitFor()
    expect(await focused()).toBe('Topics')
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
  })

  it('links each view to its JSON', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '#/kv')
    const address = await page.getByRole('link', { name: 'JSON of api/v1/kv' }).getAttribute('href')
    expect(await (await fetch(new URL(address ?? '', server.url))).json()).toMatchObject({
      total: 0,
      entries: [],
    })
  })

  it('has an empty state for each list', async () => {
    const server = await pageServer()
    const page = await openPage(server.url)
    await page.getByText(/^Nothing is wrong: \d+ rules checked\.$/).waitFor()
    for (const [view, text] of [
      ['topics', 'No topics: no broker has registered any.'],
      ['brokers', 'No broker has registered.'],
      ['kv', 'The key-value table is empty.'],
    ]) {
      await page.goto(`${server.url}#/${view}`)
      await page.getByText(text ?? '').waitFor()
    }
  })

  it('shows a broker as it registers and leaves, without a reload', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '#/brokers')
    await page.getByText('No broker has registered.').waitFor()
    const client = await server.send(registration({ name: 'broker-live' }))
    await page.getByRole('cell', { name: 'broker-live' }).waitFor()
    await client.request(unregistration({ name: 'broker-live' }))
    await page.getByText('No broker has registered.').waitFor()
  })

  it('reads only what is shown', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '#/kv')
    await page.getByText('The key-value table is empty.').waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(`${server.url}#/brokers`)
    await server.send(registration())
    await page.getByRole('cell', { name: 'broker-a' }).waitFor()
    expect(asked).not.toContain('/api/v1/kv')
  })
})
