import { describe, expect, it } from 'vitest'
import { putKVConfig } from '../support/requests.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

const ORDER = 'ORDER_TOPIC_CONFIG'

describe('The key-value table', () => {
  it('shows the order configuration by topic, broker and queues, and marks what no client can read', async () => {
    const server = await pageServer()
    await server.send(
      putKVConfig(ORDER, 'OrderPaid', 'broker-a:4;broker-b:8'),
      putKVConfig(ORDER, 'Broken', 'broker-a:4;broker-b=8'),
      // To be read in no time.
      putKVConfig(ORDER, 'Spaces', `${' '.repeat(10_000)}x`),
      putKVConfig(ORDER, 'Many', 'b:1;'.repeat(10_000)),
      putKVConfig('features', 'greeting', 'hello'),
    )
    const page = await openPage(server.url, '#/kv')
    const order = page.getByRole('region', { name: 'Order configuration' })
    const row = order.getByRole('row', { name: 'OrderPaid' })
    await row.waitFor()
    expect((await row.innerText()).split(/\s+/).join(' ')).toBe(
      'OrderPaid broker-a 4 queues broker-b 8 queues 12',
    )
    expect(await row.getByRole('link', { name: 'broker-b' }).getAttribute('href')).toBe('#/brokers/broker-b')
    expect(await order.getByRole('row', { name: 'Broken' }).innerText()).toContain('not broker:queues')
    expect(await order.getByRole('row', { name: 'Spaces' }).innerText()).toContain('not broker:queues')
    const many = order.getByRole('row', { name: 'Many' })
    expect(await many.getByRole('listitem').count()).toBe(51)
    expect(await many.innerText()).toMatch(/and 9,950 more\s+10,000$/)
    expect(await order.getByText('greeting').count()).toBe(0)
    expect(await accessibilityProblems(page)).toEqual([])
  })

  it('is filtered by namespace and text, follows changes, and has long values whole', async () => {
    const server = await pageServer()
    const long = 'x'.repeat(2_000)
    await server.send(
      putKVConfig('features', 'greeting', 'hello'),
      putKVConfig('features', 'long', long),
      putKVConfig('limits', 'rate', '100'),
    )
    const page = await openPage(server.url, '#/kv')
    const others = page.getByRole('region', { name: 'Entries of other namespaces' })
    await others.getByRole('cell', { name: 'rate' }).waitFor()
    await page.getByRole('combobox', { name: 'Namespace' }).selectOption('features')
    await page.getByText('2 of 3 entries').waitFor()
    await others.getByText('2,000 characters').click()
    expect(await others.locator('.value').innerText()).toBe(long)
    await page.getByLabel('Key or value').fill('HELL')
    await page.getByText('1 of 3 entries').waitFor()
    expect(new URL(page.url()).hash).toBe('#/kv?namespace=features&text=HELL')
    await server.send(putKVConfig('features', 'farewell', 'go to hell'))
    await others.getByRole('cell', { name: 'farewell' }).waitFor()
  })

  it('is read page by page', async () => {
    const server = await pageServer()
    const page = await openPage(server.url)
    const entry = (key: string) => ({ namespace: 'features', key, value: 'v' })
    await page.route('**/api/v1/kv?*', (route) => {
      const isSecond = new URL(route.request().url()).searchParams.get('after') === 'first'
      const entries = [entry(isSecond ? 'second' : 'first')]
      return route.fulfill({ json: { total: 2, matching: 2, entries, next: isSecond ? null : 'first' } })
    })
    await page.goto(`${server.url}#/kv`)
    await page.getByRole('cell', { name: 'second' }).waitFor()
    await page.getByText('2 entries').waitFor()
  })
})

describe('The configuration', () => {
  it('shows first what differs from the default, with its source and when a change takes effect', async () => {
    const server = await pageServer({ maxTopics: '1234' })
    const page = await openPage(server.url, '#/configuration')
    const changed = page.getByRole('region', { name: 'Different from the default' })
    const others = page.getByRole('region', { name: 'At the default' })
    const row = changed.getByRole('row', { name: 'maxTopics' })
    await row.waitFor()
    expect(await row.innerText()).toMatch(/1234[\s\S]+option --maxTopics/)
    const listenPort = changed.getByRole('row', { name: 'listenPort' }).first()
    expect(await listenPort.innerText()).toMatch(/0\s+9876\s+option --listenPort\s+. at restart/)
    expect(await others.getByRole('row', { name: 'maxTopics' }).count()).toBe(0)
    const kvConfigPath = others.getByRole('row', { name: 'kvConfigPath File' })
    expect(await kvConfigPath.innerText()).toContain('{user.home}/namesrv/kvConfig.json')
    expect(await accessibilityProblems(page)).toEqual([])

    await server.send({ code: 318, body: 'orderMessageEnable=true' })
    const updated = changed.getByRole('row', { name: 'orderMessageEnable' })
    await updated.waitFor()
    expect(await updated.innerText()).toMatch(/true\s+false\s+update by 127\.0\.0\.1:\d+/)
    await page.getByLabel('Key or meaning').fill('orderMessage')
    await page.getByText('No such key is at its default.').waitFor()
    expect(new URL(page.url()).hash).toBe('#/configuration?text=orderMessage')
  })

  it('hides secrets', async () => {
    const server = await pageServer({ 'tls.client.keyPassword': 'open-sesame' })
    const page = await openPage(server.url, '#/configuration')
    const row = page.getByRole('row', { name: 'tls.client.keyPassword' })
    await row.getByText('secret, hidden').waitFor()
    expect(await page.content()).not.toContain('open-sesame')
  })
})
