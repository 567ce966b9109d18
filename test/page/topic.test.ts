import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { lookup, registration, unregistration } from '../support/requests.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

const TOPICS = ['OrderPaid', 'OrderShipped']
const BROKER_B = { name: 'broker-b', address: '127.0.0.1:10921', topics: TOPICS }

/** The branch of a broker group in the picture of the route. */
const branch = (page: Page, brokerName: string) =>
  page
    .locator('.route > .branches > li')
    .filter({ has: page.getByRole('link', { name: brokerName, exact: true }) })

describe('One topic', () => {
  it('is a tree of broker groups and addresses, with queues, permissions, and who registered them when', async () => {
    const server = await pageServer()
    const { socket } = await server.send(
      registration({ topics: TOPICS }),
      registration({ id: 1, address: '127.0.0.1:10912', topics: TOPICS }),
      registration(BROKER_B),
    )
    const page = await openPage(server.url, '#/topics/OrderPaid')
    await branch(page, 'broker-b').waitFor()
    const members = branch(page, 'broker-a').locator('li')
    expect(await members.allInnerTexts()).toEqual([
      expect.stringMatching(/Master\s+127\.0\.0\.1:10911\s+✔ alive\s+\d+\.\d+\.\d+/),
      expect.stringMatching(/Slave 1\s+127\.0\.0\.1:10912\s+✔ alive\s+\d+\.\d+\.\d+/),
    ])
    const { port } = socket.address() as AddressInfo
    for (const text of await members.allInnerTexts())
      expect(text).toMatch(new RegExp(`Registered \\d\\d:\\d\\d:\\d\\d, .*, from 127\\.0\\.0\\.1:${port}`))
    const queues = (await branch(page, 'broker-a').locator('.queues').innerText()).replace(/\s+/g, ' ')
    expect(queues).toBe('Write 4 Read 4')
    await page.getByText('8 write queues, 8 read queues on 2 broker groups').waitFor()
    await page.getByText('OrderPaid has a route: 8 write queues on broker-a and broker-b').waitFor()
  })

  it('changes with its brokers, and says what a request changed, what that means, and what happened', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: TOPICS }))
    const page = await openPage(server.url, '#/topics/OrderPaid', { timezoneId: 'Asia/Kolkata' })
    await page.getByText('Routable').waitFor()
    const client = await server.send(registration(BROKER_B))
    await branch(page, 'broker-b').waitFor()
    await client.request(unregistration(BROKER_B))
    await branch(page, 'broker-b').waitFor({ state: 'detached' })
    await server.send({ code: 205, extFields: { brokerName: 'broker-a' } })
    await page.getByText('Not writable').waitFor()
    const group = branch(page, 'broker-a')
    await group.getByText('Read only').waitFor()
    await group
      .getByText('A request changed it: the broker registered read, write, 4 write queues, 4 read queues.')
      .waitFor()
    await page.getByText('mqnamesrv broker restore-write broker-a').waitFor()
    await page.getByText('write permission of broker-a wiped by').waitFor()
    await server.send({ code: 216, extFields: { topic: 'OrderPaid' } })
    await page.getByText('Deleted', { exact: false }).first().waitFor()
    await page.getByText('deleted on 1 broker by').waitFor()
    // All times are local, those in sentences too.
    const instant = page.locator('.story time').first()
    const utc = (await instant.getAttribute('title')) ?? ''
    expect(utc).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    const local = new Date(Date.parse(utc) + 5.5 * 3_600_000).toISOString().slice(11, 19)
    expect(await instant.innerText()).toContain(local)
    await page.getByText(/^Times are local: Asia.(Calcutta|Kolkata), UTC.05:30\./).waitFor()
    expect(await page.locator('.route').count()).toBe(0)
    const other = await openPage(server.url, '', { timezoneId: 'UTC' })
    await other.getByText('Times are in UTC.', { exact: true }).waitFor()
  })

  it('is seen as by a client of a version and a zone, which its address keeps', async () => {
    const server = await pageServer()
    const inZone = (broker: Parameters<typeof registration>[0], zone: string) => {
      const request = registration(broker)
      return { ...request, extFields: { ...request.extFields, __ZONE_NAME: zone } }
    }
    await server.send(inZone({ topics: TOPICS }, 'z1'), inZone(BROKER_B, 'z2'))
    const page = await openPage(server.url, '#/topics/OrderPaid', { expectedProblems: /status of 400/ })
    await branch(page, 'broker-b').getByText('zone z2').waitFor()
    // While the views of that client are read, the last ones and the form stay, with the focus.
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const held = page.waitForRequest(/explain\?.*zone=z1/)
    await page.route(/zone=z1/, async (route) => {
      await released
      await route.continue()
    })
    await page.getByLabel('Zone', { exact: true }).fill('z1')
    await page.keyboard.press('Enter')
    await held
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    )
    expect(await page.evaluate('document.activeElement.name')).toBe('zone')
    expect(await branch(page, 'broker-b').count()).toBe(1)
    expect(await page.getByText('OrderPaid has a route').count()).toBe(1)
    release()
    await branch(page, 'broker-b').getByText('This client does not see it').waitFor()
    expect(await branch(page, 'broker-a').getByText('This client does not see it').count()).toBe(0)
    await page.getByLabel('Client version').fill('4.9.3')
    await page.keyboard.press('Enter')
    const body = page.locator('.lookup pre')
    await page.getByText(/^Response body/).click()
    // The JSON that Java before 4.9.4 writes and reads, without quotes around the id.
    await expect.poll(() => body.innerText()).toContain('"brokerAddrs":{0:"127.0.0.1:10911"}')
    expect(await body.innerText()).not.toContain('broker-b')
    const address = page.url()
    expect(new URL(address).hash).toBe('#/topics/OrderPaid?zone=z1&version=4.9.3')
    const json = page.getByRole('link', {
      name: 'JSON of api/v1/topics/OrderPaid/route?version=4.9.3&zone=z1',
    })
    const { code, version } = (await (
      await fetch(new URL((await json.getAttribute('href')) ?? '', server.url))
    ).json()) as Record<string, unknown>
    expect({ code, version }).toEqual({ code: 0, version: 399 })
    const other = await openPage(address)
    await branch(other, 'broker-b').getByText('This client does not see it').waitFor()
    expect(await other.getByLabel('Zone', { exact: true }).inputValue()).toBe('z1')
    // A release that does not exist is said to be none, and can be corrected.
    await page.getByLabel('Client version').fill('9.99.9')
    await page.keyboard.press('Enter')
    await page.getByText('version="9.99.9" is not a release').first().waitFor()
    await page.getByLabel('Client version').fill('5.5.0')
    await page.keyboard.press('Enter')
    await page.getByText('Success').waitFor()
  })

  it('says which slave clients see as the master', async () => {
    const server = await pageServer({ supportActingMaster: 'true' })
    const acting = (broker: Parameters<typeof registration>[0]) => {
      const request = registration(broker)
      return { ...request, extFields: { ...request.extFields, enableActingMaster: 'true' } }
    }
    const client = await server.send(
      acting({ topics: TOPICS }),
      acting({ id: 1, address: '127.0.0.1:10912', topics: TOPICS }),
    )
    const page = await openPage(server.url, '#/topics/OrderPaid')
    await branch(page, 'broker-a').getByText('Slave 1').waitFor()
    expect(await page.getByText('This client sees it as master').count()).toBe(0)
    await client.request(unregistration())
    await branch(page, 'broker-a').getByText('This client sees it as master').waitFor()
    await page.locator('.story .badge', { hasText: 'No master' }).waitFor()
  })

  it('that is unknown is explained, with who asks for it, and a similar name to go to', async () => {
    const server = await pageServer()
    const client = await server.send(registration({ topics: TOPICS }))
    await client.request(lookup('orderPaid'))
    const page = await openPage(server.url, '#/topics/orderPaid')
    await page.getByRole('heading', { name: 'Why clients do not find it' }).waitFor()
    await page.getByText('Never created').waitFor()
    await page.getByText('1 lookup found no route', { exact: false }).waitFor()
    await page.getByText('clients that ask: 127.0.0.1 (JAVA,', { exact: false }).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await page.getByRole('link', { name: 'OrderPaid', exact: true }).click()
    await branch(page, 'broker-a').waitFor()
    await page.goBack()
    await page.getByText('Never created').waitFor()
    await page.goForward()
    await branch(page, 'broker-a').waitFor()
  })

  it('has commands to copy, and changes nothing itself', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: ["it's", 'TopicB'] }))
    const page = await openPage(server.url, '', { permissions: ['clipboard-read', 'clipboard-write'] })
    const methods = new Set<string>()
    page.on('request', (request) => methods.add(request.method()))
    await page.goto(`${server.url}#/topics/it's`)
    const rows = page.locator('.commands > div')
    await rows.first().waitFor()
    expect(await rows.locator('dt').allInnerTexts()).toEqual([
      'Make it read-only',
      'Set its queues on each broker',
      'Delete it from brokers and NameServers',
      'Delete its route only',
    ])
    await rows.filter({ hasText: 'Delete its route only' }).getByRole('button').click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      String.raw`mqnamesrv topic delete 'it'\''s'`,
    )
    expect([...methods]).toEqual(['GET'])
    expect((await fetch(`${server.url}api/v1/topics/it's`)).status).toBe(200)
  })

  it('draws the first fifty of many broker groups, and all on demand', async () => {
    const server = await pageServer()
    const brokers = Array.from({ length: 60 }, (_, index) =>
      registration({ name: `broker-${index}`, address: `127.0.0.1:${20_000 + index}`, topics: TOPICS }),
    )
    await server.send(...brokers)
    const page = await openPage(server.url, '#/topics/OrderPaid')
    await page.getByRole('link', { name: 'And 10 more groups' }).click()
    await expect.poll(() => page.locator('.route > .branches > li').count()).toBe(60)
    await page.goBack()
    await expect.poll(() => page.locator('.route > .branches > li').count()).toBe(51)
  })

  it('whose name is a space is seen, so that it can be clicked', async () => {
    const server = await pageServer()
    await server.send(registration({ topics: [' ', 'TopicB'] }))
    const page = await openPage(server.url, '#/topics')
    await page.getByRole('link', { name: '" "', exact: true }).click()
    await page.locator('.route .root').getByText('" "').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
  })
})
