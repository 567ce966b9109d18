import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** The entries of the navigation, each the title of its view. */
export const VIEWS = ['Overview', 'Topics', 'Brokers', 'Clients', 'Access', 'Events', 'KV', 'Configuration']

/** Views of one of something: their addresses on a server with the default test broker, and their titles. */
export const DETAILS = [
  ['#/topics/TopicA', 'Topic TopicA'],
  ['#/brokers/broker-a', 'Broker broker-a'],
  ['#/clients/1', 'Connection 1'],
] as const

/** Waits until a view has all of its data. */
export async function viewShown(page: Page, title: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
  await expect.poll(() => page.locator('.loading').count()).toBe(0)
}

/** Goes through all views, those of the navigation by its links, and waits in each until it has all of its data. */
export async function visitViews(page: Page, visit: (title: string) => Promise<void>): Promise<void> {
  for (const view of VIEWS) {
    await page.getByRole('navigation').getByRole('link', { name: view, exact: true }).press('Enter')
    await viewShown(page, view)
    await visit(view)
  }
  for (const [fragment, title] of DETAILS) {
    await page.goto(new URL(fragment, page.url()).href)
    await viewShown(page, title)
    await visit(title)
  }
}
