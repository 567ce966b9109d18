import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { launchBrowser, newPage, type WatchedPage } from '../page/support/browser.ts'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { createTopic, updateBrokerConfig } from './harness/broker-requests.ts'
import { ChaosProxy } from './harness/chaos-proxy.ts'
import type { ChildProgram } from './harness/child-program.ts'
import { startProducer } from './harness/clients.ts'
import { type HostedNameServer, hostNameServer } from './harness/hosted-name-server.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, reference, startNameServer } from './harness/name-server.ts'

const NAME = 'shop'
/** The server waits for a minute for brokers after its start, and with a difference from a peer for a minute before it counts. */
const MINUTE_MS = 61_000
/** Brokers register every ten seconds, and clients must ask for half a minute before a topic without a route is a finding. */
const SEEN = { timeout: 60_000 }
/** The machine of the broker, by the PROXY header in front of its connections, and an address that only that machine has. */
const MACHINE = '10.1.2.3'
const CONTAINER_IP = '172.17.0.2'
const NOTHING_LISTENS = '127.0.0.1:1'

let ours: HostedNameServer
let peer: NameServer
/** The ways of the broker to both. */
let toOurs: ChaosProxy
let toPeer: ChaosProxy
let admin: AdminTool
let browser: Browser
let watched: WatchedPage
let broker: Broker
let loads = 0

beforeAll(async () => {
  const started = [startNameServer(reference), launchBrowser()] as const
  admin = startAdminTool('5.5.0')
  ;[peer, browser] = await Promise.all(started)
  ours = await hostNameServer({ peers: peer.address, peersIntervalMillis: '500' })
  toOurs = await ChaosProxy.start(ours.address)
  toPeer = await ChaosProxy.start(NOTHING_LISTENS)
  watched = await newPage(browser)
  watched.page.on('load', () => loads++)
  await watched.page.goto(ours.httpUrl)
})

afterAll(async () => {
  await browser?.close()
  await Promise.all([toOurs?.close(), toPeer?.close()])
})

function startShop(
  properties: Readonly<Record<string, string>> = {},
  again: Pick<BrokerOptions, 'port' | 'store'> = {},
): Promise<Broker> {
  return startBroker({
    release: '5.5.0',
    name: NAME,
    nameServers: [toOurs.address, toPeer.address],
    properties: { autoCreateTopicEnable: false, brokerIP2: MACHINE, ...properties },
    ...again,
  })
}

/** A part of the overview, by its heading. */
function part(name: string): Locator {
  return watched.page.getByRole('region', { name, exact: true })
}

function findingOf(rule: string, subject: string): Locator {
  const findings = part('Findings').locator('.finding')
  return findings.filter({ hasText: rule }).filter({
    has: watched.page.getByRole('heading', { name: subject }),
  })
}

/** The only row of the broker groups. */
function row(): Locator {
  return part('Broker groups').getByRole('row', { name: NAME })
}

const healthy = () => part('Verdict').getByText('Healthy').first().waitFor(SEEN)

function commandOf(finding: Locator): Promise<string> {
  return finding.locator('.command code').innerText()
}

/** Runs the command that the page shows with a finding, and waits until the page shows the finding no more. */
async function fix(finding: Locator): Promise<void> {
  const [program, ...words] = (await commandOf(finding)).split(' ')
  if (program === 'mqadmin') await admin.run(ours.address, words)
  else await runCli([...words, '-y', '-n', ours.address])
  await finding.waitFor({ state: 'detached', ...SEEN })
}

describe('The page, open all the time,', () => {
  test('shows a broker as soon as it registers', async () => {
    await part('Broker groups').getByText('No broker has registered.').waitFor()
    broker = await startShop()
    await row().getByText(`${broker.address} 5.5.0`).waitFor(SEEN)
    await part('Events').getByText('broker_registered').waitFor()
    for (const topic of ['Orders', 'Payments']) await createTopic(broker, topic)
    await healthy()
  })

  describe('while clients look up a topic that was deleted and one that never was', () => {
    const asking = new Map<string, ChildProgram>()

    beforeAll(async () => {
      const { stdout } = await admin.run(ours.address, [
        'deleteTopic',
        '-c',
        'InteropCluster',
        '-t',
        'Payments',
      ])
      expect(stdout).toContain('success')
      for (const topic of ['Payments', 'Invoices'])
        asking.set(
          topic,
          startProducer({ release: '5.5.0', nameServers: [ours.address], topic, count: 0, pauseMs: 1_000 }),
        )
    })

    test('shows a Java NameServer that lacks the broker as diverged, until the broker reaches it', async () => {
      const line = part('Peers').getByRole('listitem').filter({ hasText: peer.address })
      await line.getByText('settling').waitFor(SEEN)
      ours.advance(MINUTE_MS)
      await line.getByText('diverged').waitFor(SEEN)
      expect(await line.innerText()).toMatch(/since \d\d:\d\d:\d\d/)
      expect((await line.innerText()).replace(/\s+/g, ' ')).toContain(
        `broker_missing ${NAME} here 0=${broker.address} there missing`,
      )
      const missing = findingOf('missing_on_peer', `${NAME} on ${peer.address}`)
      await missing.getByText("Add that server to the broker's namesrvAddr").waitFor(SEEN)
      await findingOf('peer_diverged', peer.address).waitFor(SEEN)

      toPeer.redirect(peer.address)
      await expect.poll(() => line.innerText(), SEEN).toContain('agrees')
      await missing.waitFor({ state: 'detached', ...SEEN })
      await findingOf('peer_diverged', peer.address).waitFor({ state: 'detached', ...SEEN })
    })

    test('shows a wiped write permission, until the command that it shows is run', async () => {
      await admin.run(ours.address, ['wipeWritePerm', '-b', NAME])
      const finding = findingOf('permission_not_writable', NAME)
      await finding.waitFor(SEEN)
      expect(await finding.innerText()).toMatch(/wiped by 127\.0\.0\.1:\d+/)
      await fix(finding)
    })

    test.each([
      ['Payments', 'critical', 'deleted'],
      ['Invoices', 'warning', 'Nothing is known of a former route'],
    ])(
      'shows that %s has no route, %s, until the command that it shows creates it',
      async (topic, severity, past) => {
        const finding = findingOf('no_route', topic)
        await finding.waitFor(SEEN)
        expect(await finding.innerText()).toMatch(new RegExp(`${severity}\\s+${topic}`))
        expect(await finding.innerText()).toContain(past)
        const miss = part('Topics asked for and not found').getByRole('listitem').filter({ hasText: topic })
        await miss.waitFor()
        expect(await miss.innerText()).toContain('asked by 127.0.0.1 JAVA 5.5.0')
        await fix(finding)
        await miss.waitFor({ state: 'detached', ...SEEN })
        const producer = asking.get(topic) as ChildProgram
        await producer.until('it sends', () => producer.reported('SENT').length > 0)
        await producer.finish()
      },
    )
  })

  describe('with a broker whose brokerIP1 is an address of its container', () => {
    let brokerIP1 = ''

    beforeAll(async () => {
      await updateBrokerConfig(broker, 'brokerIP1', CONTAINER_IP)
      toOurs.redirect(ours.address, `PROXY TCP4 ${MACHINE} 127.0.0.1 40001 ${broker.port}\r\n`)
      // Set to what it is, it has the broker register at once.
      await updateBrokerConfig(broker, 'brokerPermission', '6')
    })

    test('shows the address, and the one that it should be', async () => {
      const finding = findingOf('announced_address_differs', `${NAME} ${CONTAINER_IP}:${broker.port}`)
      await finding.getByText("is in a range of Docker's bridge networks").waitFor(SEEN)
      await row().getByText(`registers from ${MACHINE}`).waitFor()
      const line = await commandOf(finding)
      expect(line).toBe(`brokerIP1=${MACHINE}`)
      brokerIP1 = line.slice('brokerIP1='.length)
    })

    test('shows that it is lost when it is killed, and why', async () => {
      await broker.program.kill()
      await row().getByText('lost').first().waitFor(SEEN)
      expect(await row().innerText()).toMatch(
        new RegExp(`${CONTAINER_IP}:${broker.port}\\s+✖ lost .*\\s+lost its connection`),
      )
      const finding = part('Findings').locator('.finding', { hasText: 'no_brokers' })
      const later = async () => {
        ours.advance(MINUTE_MS)
        return finding.count()
      }
      await expect.poll(later, { ...SEEN, interval: 1_000 }).toBe(1)
      expect(await finding.innerText()).toContain('lost its connection')
    })

    test('is healthy when the broker runs again with that address', async () => {
      const { port, store } = broker
      broker = await startShop({ brokerIP1 }, { port, store })
      await row().getByText(`${MACHINE}:${port} 5.5.0`).waitFor(SEEN)
      expect(await row().getByText('registers from').count()).toBe(0)
      await expect.poll(() => part('Findings').innerText(), SEEN).toContain('Nothing is wrong')
      await healthy()
    })
  })

  test('was loaded once, and reports no error', () => {
    expect(loads).toBe(1)
    expect(watched.problems).toEqual([])
  })
})
