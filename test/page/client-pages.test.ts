import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { frame, RawClient } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import { accessibilityProblems } from './support/browser.ts'
import type { PageServer } from './support/page-server.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

const count = (page: Page, text: string) =>
  page.locator('main').getByRole('status').getByText(text, { exact: true })
const rows = (page: Page, label: string) =>
  page.getByRole('region', { name: label, exact: true }).locator('tbody tr')

/** A client that has looked a topic up. */
async function client(server: PageServer, language: string, version: number): Promise<RawClient> {
  const connected = await RawClient.connect(server.port)
  const header = { code: 105, flag: 0, language, opaque: 1, version, extFields: { topic: 'TopicA' } }
  connected.send(frame(JSON.stringify(header)))
  await connected.next()
  return connected
}

describe('The clients', () => {
  it('are counted by program, and their connections filtered by it, as the address says', async () => {
    const server = await pageServer()
    await server.send(registration())
    for (const version of [453, 513, 513]) await client(server, 'JAVA', version)
    const go = await client(server, 'GO', 317)
    const page = await openPage(server.url, '#/clients')
    await count(page, '5 open connections').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await rows(page, 'Clients by program')
      .filter({ hasText: 'GO' })
      .getByRole('link', { name: '1', exact: true })
      .click()
    await count(page, '1 open connection').waitFor()
    expect(new URL(page.url()).hash).toBe('#/clients?kind=client&language=GO&version=317')
    await rows(page, 'Connections').getByRole('link', { name: go.address }).waitFor()
    const other = await openPage(page.url())
    await count(other, '1 open connection').waitFor()
    await other.getByRole('combobox', { name: 'Version' }).selectOption('')
    await other.getByRole('combobox', { name: 'Language' }).selectOption('JAVA')
    await count(other, '3 open connections').waitFor()
    // The server is asked when typing pauses, or by the Enter key.
    const asked: string[] = []
    other.on('request', (request) => {
      const prefix = new URL(request.url()).searchParams.get('address')
      if (prefix !== null && asked.at(-1) !== prefix) asked.push(prefix)
    })
    const typed = (texts: string[]) =>
      other.evaluate(`for (const text of ${JSON.stringify(texts)}) {
        const input = document.querySelector('input[type=search]')
        input.value = text
        input.dispatchEvent(new InputEvent('input', { bubbles: true }))
      }`)
    await typed(['1', '10', '10.'])
    await other.getByText('No connection matches.').waitFor()
    await typed(['10.9', '10.9.', '10.9.8'])
    await other.getByRole('searchbox').press('Enter')
    await expect.poll(() => new URL(other.url()).hash).toContain('address=10.9.8')
    await expect.poll(() => asked).toEqual(['10.', '10.9.8'])
  })

  it('have a page of 100 connections at a time, in the order of a heading', async () => {
    const server = await pageServer()
    const clients = await Promise.all(Array.from({ length: 230 }, () => client(server, 'JAVA', 513)))
    for (let asked = 0; asked < 3; asked++) await clients[17]?.request(lookup('TopicA'))
    const page = await openPage(server.url, '#/clients')
    await count(page, '1–100 of 230 open connections').waitFor()
    await page.getByRole('link', { name: 'Next' }).focus()
    await page.keyboard.press('Enter')
    await count(page, '101–200 of 230 open connections').waitFor()
    await page.keyboard.press('Enter')
    await count(page, '201–230 of 230 open connections').waitFor()
    expect(await rows(page, 'Connections').count()).toBe(30)
    const requests = page.getByRole('columnheader', { name: 'Requests' })
    await requests.getByRole('button').focus()
    await page.keyboard.press('Enter')
    await count(page, '1–100 of 230 open connections').waitFor()
    await rows(page, 'Connections')
      .first()
      .getByText(clients[17]?.address ?? '')
      .waitFor()
    expect(await requests.getAttribute('aria-sort')).toBe('descending')
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
  })

  it('that are gone are shown with the reason, and can be chosen by it', async () => {
    const server = await pageServer()
    const gone = await client(server, 'JAVA', 513)
    const invalid = await client(server, 'CPP', 453)
    const page = await openPage(server.url, '#/clients?state=closed')
    await page.getByText('No connection has closed since the start.').waitFor()
    gone.socket.destroy()
    await rows(page, 'Connections')
      .filter({ hasText: gone.address })
      .getByText('closed by the peer')
      .waitFor()
    invalid.send(Buffer.from('00000004ffffffff', 'hex'))
    await invalid.closed
    await rows(page, 'Connections')
      .filter({ hasText: invalid.address })
      .locator('.badge', { hasText: 'invalid frame' })
      .waitFor()
    await page.getByRole('combobox', { name: 'Reason' }).selectOption('invalid_frame')
    await count(page, '1 closed connection').waitFor()
    expect(new URL(page.url()).hash).toBe('#/clients?state=closed&cause=invalid_frame')
    expect(await accessibilityProblems(page)).toEqual([])

    await page.getByRole('link', { name: invalid.address }).click()
    await page.getByRole('heading', { level: 1, name: /^Connection \d+$/ }).waitFor()
    await page
      .locator('.figure', { hasText: 'Reason' })
      .locator('.badge', { hasText: 'invalid frame' })
      .waitFor()
  })

  it('have a view of each connection, with the command that closes it', async () => {
    const server = await pageServer()
    const { address } = await client(server, 'JAVA', 513)
    const page = await openPage(server.url, '#/clients')
    await page.getByRole('link', { name: address }).click()
    await page.getByText(/^mqnamesrv conn kick \d+$/).waitFor()
    expect(await page.locator('.figure', { hasText: 'Address' }).locator('dd').innerText()).toBe(address)
    expect(await accessibilityProblems(page)).toEqual([])
    await page.goto(`${server.url}#/clients/999`)
    await page.getByText('It is not open, nor among the last that closed.').waitFor()
    await page.goto(`${server.url}#/clients/none`)
    await page.getByText('There is no such view.').waitFor()
  })
})

/** A server whose policy is closed to this machine, but for the page. */
function closedServer(policy = 'profile: default'): Promise<PageServer> {
  const accessFile = join(temporaryFolder(), 'access.yml')
  writeFileSync(accessFile, `${policy}\nloopback: none\nrules: [{ allow: inspect }]\n`)
  return pageServer({ accessFile })
}

describe('Access', () => {
  it('shows the policy in effect, who is asking, and each rejection as it happens, with what would allow it', async () => {
    const server = await closedServer()
    const page = await openPage(server.url, '#/access', {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    await page.getByText('No request has been rejected since the start.').waitFor()
    const figure = (label: string) => page.locator('.figure', { hasText: label }).locator('dd').innerText()
    expect(await figure('Profile')).toMatch(/^default /)
    expect(await figure('Mode')).toMatch(/enforce/)
    expect(await figure('You')).toMatch(/^anonymous\s+from 127\.0\.0\.1$/)
    const mine = rows(page, 'What you may do')
    await mine.filter({ hasText: 'config' }).last().getByText('rejected').waitFor()
    await mine.filter({ hasText: 'lookup' }).getByText('allowed').waitFor()
    await mine.filter({ hasText: 'inspect' }).getByText('rule 1 (line 3)').waitFor()

    const stranger = await RawClient.connect(server.port)
    const hostile = '<img src=x onerror=alert(1)>\u202E'
    await stranger.request({ code: 318, extFields: { AccessKey: hostile, Signature: 'x' }, body: 'a=b' })
    const rejection = rows(page, 'Last rejections').filter({ hasText: 'UPDATE_NAMESRV_CONFIG' })
    await rejection.waitFor()
    const text = await rejection.innerText()
    for (const shown of ['318', 'group config', '127.0.0.1', 'profile default', '<img src=x', '\\u202e'])
      expect(text).toContain(shown)
    expect(await page.locator('main img').count()).toBe(0)
    for (let tried = 0; tried < 3; tried++) await stranger.request({ code: 1451 })
    await rows(page, 'Last rejections')
      .filter({ hasText: 'CLOSE_CONNECTION' })
      .getByText('anonymous')
      .waitFor()

    await rejection.getByText('How to allow it').click()
    await rejection.getByText('mqnamesrv access test --code 318 --from 127.0.0.1').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await rejection.getByRole('button', { name: 'Copy' }).first().click()
    await expect
      .poll(() => page.evaluate('navigator.clipboard.readText()'))
      .toBe('  - allow: [config]\n    from: 127.0.0.1')

    await page.getByRole('searchbox').fill('img')
    await count(page, '1 rejection').waitFor()
    await page.getByRole('combobox', { name: 'Group' }).selectOption('admin')
    await page.getByText('No rejection matches.').waitFor()
    expect(new URL(page.url()).hash).toBe('#/access?q=img&group=admin')
    await page.setViewportSize({ width: 360, height: 800 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  it('tells rejections apart that differ only in why the account is not proven', async () => {
    const server = await closedServer('accounts: [{ accessKey: known, secretKey: "secret of known" }]')
    const stranger = await RawClient.connect(server.port)
    const page = await openPage(server.url, '#/access')
    const reject = (signed: object) =>
      stranger.request({ code: 318, extFields: { AccessKey: 'known', ...signed }, body: 'a=b' })
    const all = rows(page, 'Last rejections')
    await reject({ Signature: 'x' })
    await all.getByText('How to allow it').click()
    const why = await all.locator('.quiet', { hasText: '; ' }).innerText()
    await reject({})
    await expect.poll(() => all.count()).toBe(2)
    // The row whose remedy is open has moved.
    expect(await all.filter({ has: page.locator('details[open]') }).innerText()).toContain(why)
  })

  it('says in the mode audit what would be rejected', async () => {
    const server = await closedServer('mode: audit\nprofile: default')
    const stranger = await RawClient.connect(server.port)
    await stranger.request({ code: 1451 })
    const page = await openPage(server.url, '#/access')
    await page.getByText('nothing is rejected: what would be is listed below').waitFor()
    await rows(page, 'Last rejections').getByText('allowed (audit)').waitFor()
  })
})
