import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { putKVConfig, registration, type TestBroker } from '../support/requests.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

const count = (page: Page, text: string) =>
  page.locator('main').getByRole('status').getByText(text, { exact: true })
const rows = (page: Page, label: string) =>
  page.getByRole('region', { name: label, exact: true }).locator('tbody tr')
const firstCells = (page: Page, label: string) => rows(page, label).locator('td:first-child').allInnerTexts()

/** A registration in a cluster. */
function inCluster(clusterName: string, broker: TestBroker) {
  const request = registration(broker)
  return { ...request, extFields: { ...request.extFields, clusterName } }
}

describe('The brokers', () => {
  it('are filtered by name, cluster and state, and sorted by their headings, as the address says', async () => {
    const server = await pageServer()
    await server.send(
      inCluster('east', { name: 'orders-a', address: '127.0.0.1:10911', topics: ['A', 'B', 'C'] }),
      inCluster('east', { name: 'orders-a', address: '127.0.0.1:10912', id: 1, topics: ['A', 'B', 'C'] }),
      inCluster('west', { name: 'payments', address: '10.9.8.7:10911', topics: ['D', 'E'] }),
    )
    const page = await openPage(server.url, '#/brokers')
    await count(page, '3 brokers in 2 groups').waitFor()
    await page.getByText('registers from 127.0.0.1').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])

    const topics = page.getByRole('columnheader', { name: 'Topics' })
    await topics.getByRole('button').click()
    await expect.poll(() => topics.getAttribute('aria-sort')).toBe('descending')
    expect(await firstCells(page, 'Brokers')).toEqual(['orders-a', 'orders-a', 'payments'])
    // The focus stays, so that the same key turns the order round.
    await page.keyboard.press('Enter')
    await expect.poll(() => topics.getAttribute('aria-sort')).toBe('ascending')
    expect(await firstCells(page, 'Brokers')).toEqual(['payments', 'orders-a', 'orders-a'])

    await page.getByRole('combobox', { name: 'Cluster' }).selectOption('east')
    await count(page, '2 brokers in 1 group').waitFor()
    await page.getByRole('searchbox', { name: 'Name or address' }).fill(':10912')
    await count(page, '1 broker in 1 group').waitFor()
    expect(new URL(page.url()).hash).toBe('#/brokers?sort=-topics&cluster=east&q=%3A10912')
    const other = await openPage(page.url())
    await count(other, '1 broker in 1 group').waitFor()
    expect(await firstCells(other, 'Brokers')).toEqual(['orders-a'])
    await other.getByRole('combobox', { name: 'State' }).selectOption('late')
    await other.getByText('No broker matches.').waitFor()
  })

  it('stay while others are read, marked as old if that takes long, and not beyond another view', async () => {
    const server = await pageServer()
    await server.send(inCluster('east', { name: 'orders' }), inCluster('west', { name: 'payments' }))
    const page = await openPage(server.url, '#/brokers')
    await count(page, '2 brokers in 2 groups').waitFor()
    // A read that gets no response.
    await page.route('**/api/v1/brokers?cluster=west', () => {})
    await page.getByRole('combobox', { name: 'Cluster' }).selectOption('west')
    await page.getByText('Loading This is the list as it was before.').waitFor()
    expect(await page.locator('.stale').getByRole('cell', { name: 'orders' }).count()).toBe(1)
    expect(await accessibilityProblems(page)).toEqual([])
    await page.getByRole('navigation').getByRole('link', { name: 'KV' }).click()
    await page.getByRole('heading', { level: 1, name: 'KV' }).waitFor()
    await page.goBack()
    await page.getByText('Loading…').waitFor()
    expect(await page.getByRole('cell', { name: 'orders' }).count()).toBe(0)
  })

  it('are shown in pages', async () => {
    const server = await pageServer()
    const brokers = Array.from({ length: 150 }, (_, index) => ({
      name: `broker-${`${index}`.padStart(3, '0')}`,
      address: `127.0.0.1:${20_000 + index}`,
    }))
    await server.send(...brokers.map(registration))
    const page = await openPage(server.url, '#/brokers')
    await count(page, '1–100 of 150 brokers in 150 groups').waitFor()
    await page.getByRole('link', { name: 'Next' }).click()
    await count(page, '101–150 of 150 brokers in 150 groups').waitFor()
    expect((await firstCells(page, 'Brokers'))[0]).toBe('broker-100')
    expect(await rows(page, 'Brokers').count()).toBe(50)
    await page.goBack()
    await count(page, '1–100 of 150 brokers in 150 groups').waitFor()
    await page.goto(`${server.url}#/brokers?page=9`)
    await page.getByText('This page does not exist; go to the first.').waitFor()
  })
})

describe('One broker', () => {
  it('shows its members, its topics, what is lost if it or one of them stops, and the commands', async () => {
    const server = await pageServer()
    const topics = Array.from({ length: 120 }, (_, index) => `own-${`${index}`.padStart(3, '0')}`)
    await server.send(
      registration({ name: 'broker-a', address: '127.0.0.1:1', topics: [...topics, 'shared'] }),
      registration({ name: 'broker-a', address: '127.0.0.1:2', id: 1, topics: [...topics, 'shared'] }),
      registration({ name: 'broker-b', address: '127.0.0.1:3', topics: ['shared', 'other'] }),
      putKVConfig('ORDER_TOPIC_CONFIG', 'shared', 'broker-a:4;broker-b:4'),
    )
    const page = await openPage(server.url, '#/brokers/broker-a')
    await page
      .getByText(/^registered$|broker-a of DefaultCluster is registered with 121 topics/)
      .first()
      .waitFor()
    await rows(page, 'Members').first().waitFor()
    expect(await rows(page, 'Members').locator('td:nth-child(2)').allInnerTexts()).toEqual([
      '127.0.0.1:1',
      '127.0.0.1:2',
    ])

    await page.getByText('The group loses its master').waitFor()
    const losses = page.locator('.losses li')
    await losses.filter({ hasText: '120 topics that no other broker lets consumers read' }).waitFor()
    await losses.filter({ hasText: '1 topic whose order configuration names the group' }).waitFor()
    await losses.getByText('120 topics').first().click()
    await losses.getByRole('link', { name: 'own-049' }).first().waitFor()
    await losses.getByText('and 70 more').first().waitFor()
    expect(await accessibilityProblems(page)).toEqual([])

    await page.getByRole('combobox', { name: 'What stops' }).selectOption('127.0.0.1:2')
    await page.getByText('No topic is lost').waitFor()
    expect(new URL(page.url()).hash).toBe('#/brokers/broker-a?stops=127.0.0.1%3A2')

    await count(page, '121 topics, 100 on this page').waitFor()
    await page.getByRole('link', { name: 'Next' }).click()
    await count(page, '121 topics, 21 on this page').waitFor()
    await rows(page, 'Topics').filter({ hasText: 'own-119' }).getByText('only here').waitFor()
    await rows(page, 'Topics').filter({ hasText: 'shared' }).getByText('1 more group').waitFor()
    await page.getByRole('searchbox').fill('own-11')
    await count(page, '10 topics').waitFor()
    await page.locator('.command').getByText('mqnamesrv broker wipe-write broker-a').waitFor()
  })

  it('says why it is gone when its connection closes, without a reload, and at its address later', async () => {
    const server = await pageServer()
    const broker = await server.send(registration({ name: 'broker-a' }))
    const page = await openPage(server.url, '#/brokers/broker-a')
    await page.getByRole('heading', { name: 'Members' }).waitFor()
    broker.socket.destroy()
    await page.getByRole('heading', { name: 'Why it is not registered' }).waitFor()
    await page.locator('.story .badge', { hasText: 'connection lost' }).waitFor()
    await page
      .locator('.past')
      .getByText(/lost its connection to this server/)
      .first()
      .waitFor()
    await page.getByRole('heading', { name: 'Members' }).waitFor({ state: 'detached' })
    expect(await accessibilityProblems(page)).toEqual([])
    const later = await openPage(page.url())
    await later.locator('.story .badge', { hasText: 'connection lost' }).waitFor()
  })

  it('that has never registered may be another one', async () => {
    const server = await pageServer()
    await server.send(registration({ name: 'broker-a' }))
    const page = await openPage(server.url, '#/brokers/Broker-a')
    await page.locator('.story .badge', { hasText: 'never registered' }).waitFor()
    await page.getByRole('link', { name: 'broker-a', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Broker broker-a' }).waitFor()
    await rows(page, 'Members').first().waitFor()
  })
})
