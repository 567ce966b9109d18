import { describe, expect, it } from 'vitest'
import { putKVConfig, registration, unregistration } from '../support/requests.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

describe('The events', () => {
  it('are filtered by kind, cluster, broker and text, all of which the address keeps', async () => {
    const server = await pageServer()
    await server.send(
      registration({ name: 'broker-a', topics: ['OrderPaid', 'OrderSent'] }),
      registration({ name: 'broker-b', address: '127.0.0.1:10921' }),
      putKVConfig('features', 'greeting', 'hello'),
    )
    const page = await openPage(server.url, '#/events')
    const rows = page.locator('tbody tr')
    await page.getByRole('cell', { name: 'kv_changed' }).waitFor()
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('broker_registered')
    await page.getByText(/\b2 of \d+ events/).waitFor()
    await page.getByRole('combobox', { name: 'Cluster' }).selectOption('DefaultCluster')
    await page.getByRole('combobox', { name: 'Broker' }).selectOption('broker-a')
    await page.getByText(/\b1 of \d+ events/).waitFor()
    await page.getByLabel('Topic or text').fill('orderpaid')
    expect(await rows.innerText()).toMatch(/broker_registered[\s\S]+broker-a[\s\S]+OrderPaid/)
    expect(new URL(page.url()).hash).toBe(
      '#/events?kind=broker_registered&cluster=DefaultCluster&broker=broker-a&topic=orderpaid',
    )
    expect(await accessibilityProblems(page)).toEqual([])

    const other = await openPage(page.url())
    await other.getByText(/\b1 of \d+ events/).waitFor()
    expect(await other.getByRole('combobox', { name: 'Broker' }).inputValue()).toBe('broker-a')
    await other.getByLabel('Topic or text').fill('nothing like it')
    await other.getByRole('link', { name: 'Show all.' }).click()
    await other.getByRole('cell', { name: 'kv_changed' }).waitFor()
    expect(await other.getByRole('combobox', { name: 'Broker' }).inputValue()).toBe('')
  })

  it('are paused, counted meanwhile, and go on where they stopped', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '#/events')
    await page.locator('.connection').getByText('Live').first().waitFor()
    await page.getByRole('cell', { name: 'ready' }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    const broker = { name: 'broker-a' }
    const client = await server.send(registration(broker))
    await client.request(unregistration(broker))
    await page.getByRole('button', { name: 'Resume, 2 new' }).waitFor()
    expect(await page.getByRole('cell', { name: 'broker_registered' }).count()).toBe(0)
    // The way to another view and back keeps them as they were, and says so.
    await page.getByRole('link', { name: 'KV' }).click()
    await page.getByRole('heading', { level: 1, name: 'KV' }).waitFor()
    await server.send(putKVConfig('features', 'meanwhile', '1'))
    await page.goBack()
    await page.getByText(/Paused This is the list as of \d\d:\d\d:\d\d\./).waitFor()
    await page.getByRole('button', { name: 'Resume, 3 new' }).waitFor()
    expect(await page.locator('tbody code').allInnerTexts()).toEqual(['ready'])
    await page.getByRole('button', { name: 'Resume' }).click()
    const kinds = page.locator('tbody code')
    await expect
      .poll(() => kinds.allInnerTexts())
      .toEqual(['kv_changed', 'broker_left', 'broker_registered', 'ready'])
    expect(await page.getByText('This is the list as of').count()).toBe(0)
  })

  it('come by the stream, and are not read again for each', async () => {
    const server = await pageServer()
    const page = await openPage(server.url, '#/events')
    await page.locator('.connection').getByText('Live').first().waitFor()
    await page.getByRole('cell', { name: 'ready' }).waitFor()
    await server.send(putKVConfig('features', 'first', '1'))
    await page.getByRole('cell', { name: 'features/first put' }).waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await server.send(putKVConfig('features', 'second', '2'))
    await page.getByRole('cell', { name: 'features/second put' }).waitFor()
    // The status is read every two seconds: by then, an event would have had the events read again.
    await expect
      .poll(() => asked.filter((path) => path === '/api/v1/status').length, { timeout: 10_000 })
      .toBe(2)
    // Nor are they on the overview, which shows the last ones: those have been read once for all.
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByText('features/second put').waitFor()
    await server.send(putKVConfig('features', 'third', '3'))
    await page.getByText('features/third put').waitFor()
    await page.goBack()
    await page.getByRole('cell', { name: 'features/third put' }).waitFor()
    expect(asked.filter((path) => path === '/api/v1/events').length).toBeLessThanOrEqual(1)
  })

  it('are drawn 200 at a time', async () => {
    const server = await pageServer()
    await server.send(...Array.from({ length: 250 }, (_, n) => putKVConfig('many', `key-${n}`, 'v')))
    const page = await openPage(server.url, '#/events?kind=kv_changed')
    const rows = page.locator('tbody tr')
    await page.getByText('50 older events not shown.').waitFor()
    expect(await rows.count()).toBe(200)
    await page.getByRole('button', { name: 'Show 50 more' }).click()
    await expect.poll(() => rows.count()).toBe(250)
    expect(await rows.first().innerText()).toContain('many/key-249')
  })
})
