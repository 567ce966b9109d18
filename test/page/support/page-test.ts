import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { launchBrowser, newPage } from './browser.ts'
import { type PageServer, startPageServer } from './page-server.ts'

let browser: Browser | undefined

/** Has a browser for the tests of a file. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())
}

/** A server that is stopped after the test. */
export async function pageServer(properties: Readonly<Record<string, string>> = {}): Promise<PageServer> {
  const server = await startPageServer(properties)
  onTestFinished(() => server.stop())
  return server
}

export interface OpenOptions extends BrowserContextOptions {
  /** What the console may say, since the test provokes it, such as a failed request. Default: nothing. */
  readonly expectedProblems?: RegExp
}

/**
 * Opens the page at a fragment such as `#/topics`. The test fails if the console says anything, an exception is not caught, the
 * CSP is violated, or another server is asked.
 */
export async function openPage(
  url: string,
  fragment = '',
  { expectedProblems, ...context }: OpenOptions = {},
): Promise<Page> {
  if (browser === undefined) throw new Error('call useBrowser() at the top of the file')
  const watched = await newPage(browser, context)
  onTestFinished(async () => {
    await watched.close()
    const problems = watched.problems.filter((problem) => expectedProblems?.test(problem) !== true)
    expect(problems, 'problems of the page').toEqual([])
  })
  await watched.page.goto(`${url}${fragment}`)
  return watched.page
}
