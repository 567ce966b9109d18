import { describe, expect, it } from 'vitest'
import { registration } from '../support/requests.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, pageServer, useBrowser } from './support/page-test.ts'

useBrowser()

const VIEWS = ['Overview', 'Topics', 'Brokers', 'Clients', 'Events', 'KV', 'Configuration']

describe('The page', () => {
  it('shows each view by its entry of the navigation, without an error or a violation of the CSP', async () => {
    const server = await pageServer()
    await server.send(registration())
    const page = await openPage(server.url)
    for (const view of VIEWS) {
      await page.getByRole('navigation').getByRole('link', { name: view, exact: true }).click()
      await page.getByRole('heading', { level: 1, name: view }).waitFor()
      await page.locator('main').getByText('Loading').waitFor({ state: 'detached' })
      expect(await page.locator('main .error').count()).toBe(0)
      expect(await accessibilityProblems(page)).toEqual([])
    }
  })
})
