import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Observation } from '../../src/cli/observe/observation.ts'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { systemClock, systemScheduler } from '../../src/namesrv/time.ts'
import { clusterInfo, nameServerAt, route, topicList } from '../cli/observe/observe-world.ts'
import { startScripted } from '../cli/scripted-name-server.ts'
import { accessibilityProblems } from './support/browser.ts'
import { openPage, useBrowser } from './support/page-test.ts'

useBrowser()

/** A NameServer of Java with one broker and one topic. */
function javaServer(brokerName: string, topic: string) {
  return startScripted({
    106: { body: clusterInfo({ [brokerName]: '10.0.0.1:10911' }) },
    206: { body: topicList(topic) },
    105: { body: route({ [brokerName]: 4 }) },
    219: { code: 22 },
    319: {},
  })
}

/** The page over these NameServers. @returns Its address. */
async function observedPage(...addresses: readonly string[]): Promise<string> {
  const { configuration } = Configuration.resolve({ homeDirectory: undefined, processors: 1 })
  const observation = new Observation({
    ...{ configuration, logger: pino({ level: 'silent' }), clock: systemClock, scheduler: systemScheduler },
    servers: await Promise.all(addresses.map(nameServerAt)),
    polling: { intervalMs: 1_000, routesMs: 300_000, maxLookups: 50 },
    anyPort: true,
  })
  onTestFinished(() => observation.shutdown())
  const { port } = await observation.start()
  return `http://127.0.0.1:${port}/`
}

/** Until the page knows that it shows an observed NameServer, it may ask for what cannot be observed. */
const MISSES = { expectedProblems: /404|503/ }

describe('The page of observed NameServers', () => {
  it('says in its first line that it was observed, and how long ago', async () => {
    const a = await javaServer('broker-a', 'TopicA')
    const page = await openPage(await observedPage(a.address), '', MISSES)
    const verdict = page.getByRole('region', { name: 'Verdict', exact: true })
    await verdict.getByText(/Observed .* ago/).waitFor()
    await verdict.getByText('5.5.0', { exact: true }).waitFor()
    expect(await verdict.textContent()).not.toContain('Ready')
    const groups = page.getByRole('region', { name: 'Broker groups', exact: true })
    await groups.getByText('heartbeats not known').waitFor()
    await page.getByText('Not observed: a NameServer does not tell which topics').waitFor()
    expect(await page.getByRole('region', { name: 'Rates', exact: true }).count()).toBe(0)
    expect(await accessibilityProblems(page)).toEqual([])
  })

  it('says of one that has never responded why it shows nothing', async () => {
    const page = await openPage(await observedPage('127.0.0.1:1'), '', MISSES)
    const verdict = page.getByRole('region', { name: 'Verdict', exact: true })
    await verdict.getByText(/Not observed yet, cannot be read/).waitFor()
    await verdict.getByText(/connection to 127\.0\.0\.1:1 failed: connection refused/).waitFor()
    await page
      .getByRole('region', { name: 'Broker groups', exact: true })
      .getByText(/^Not observed yet: connection to /)
      .waitFor()
    for (const view of ['Brokers', 'Topics', 'KV']) {
      await page.getByRole('link', { name: view, exact: true }).click()
      await page.getByRole('heading', { name: view, exact: true }).waitFor()
      expect(await page.locator('main').innerText()).toMatch(
        /Not observed yet, cannot be read[\s\S]*connection refused/,
      )
      await page
        .getByRole('main')
        .getByText(/^Not observed yet: connection to /)
        .waitFor()
    }
  })

  it('shows how another one differs, and leads to its page', async () => {
    const [a, b] = [await javaServer('broker-a', 'TopicA'), await javaServer('broker-b', 'TopicB')]
    const page = await openPage(await observedPage(a.address, b.address), '', MISSES)
    const peers = page.getByRole('region', { name: 'Peers', exact: true })
    await peers.getByText('broker_missing').first().waitFor()
    await peers.getByRole('link', { name: b.address }).click()
    await page.waitForURL(`**/namesrv/${b.address}/`)
    await page.locator('.node', { hasText: b.address }).waitFor()
    await page.getByRole('link', { name: 'Topics', exact: true }).click()
    await page.getByRole('link', { name: 'TopicB' }).waitFor()
    await page
      .getByRole('main')
      .getByText(/^. Observed .* ago$/)
      .waitFor()
    await page.getByRole('link', { name: 'KV', exact: true }).click()
    await page.getByText('A NameServer does not tell its other namespaces.').waitFor()
    await page.getByRole('link', { name: 'Clients', exact: true }).click()
    await page.getByText('Not observed: a NameServer does not tell its').first().waitFor()
    await page.getByRole('link', { name: 'Overview', exact: true }).click()
    await peers.getByRole('link', { name: a.address }).click()
    await page.waitForURL(`**/namesrv/${a.address}/`)
  })
})
