import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { lookup, registration } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startWithoutViews } from '../without-views.ts'

async function serverWithBroker() {
  const server = await startServer()
  const client = await server.connect()
  await client.request(registration({ name: 'broker-\u202ea' }))
  return { ...server, client, address: `127.0.0.1:${server.port}` }
}

describe('top without a terminal', () => {
  test('prints one frame with the rates between two looks', async () => {
    const { address, client, time } = await serverWithBroker()
    const onPause = async (ms: number): Promise<void> => {
      time.advance(ms)
      for (let count = 0; count < 6; count++) await client.request(lookup('Missing'))
    }
    const { code, stdout, stderr } = await runCli(['top', '-n', address], { onPause })
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.split('\n')
    expect(lines[0]).toBe(`${address}  healthy`)
    expect(lines[2]).toMatch(/^lookups 3\.0\/s {3}misses 3\.0\/s {3}registrations 0\/s/)
    expect(stdout).toContain('\nBrokers (1)\nCLUSTER ')
    expect(stdout).toMatch(/\nDefaultCluster {2}broker-\\u202ea +0 {2}127\.0\.0\.1:10911 {2}alive +2s/)
    expect(stdout).toMatch(/\nMisses \(1\)\nTOPIC .*\nMissing +6 /)
  })

  test('has the sample in JSON', async () => {
    const { address, time } = await serverWithBroker()
    const argv = ['top', '-n', address, '--json', '--interval', '1s']
    const { stdout } = await runCli(argv, { isTTY: true, onPause: (ms) => time.advance(ms) })
    expect(JSON.parse(stdout).items).toEqual([
      {
        namesrv: address,
        rates: { lookups: 0, lookupsWithoutRoute: 0, registrations: 0, requests: expect.any(Number) },
        status: expect.objectContaining({ ready: true }),
        brokers: [expect.objectContaining({ brokerName: 'broker-\u202ea', brokerId: 0 })],
        misses: [],
        findings: [],
        events: expect.arrayContaining([expect.objectContaining({ kind: 'broker_registered' })]),
      },
    ])
  })

  test('of a server without views says so', async () => {
    const { port } = await serverWithBroker()
    const address = await startWithoutViews(port)
    const { code, stderr } = await runCli(['top', '--once', '-n', address, '--json'], { onPause: () => {} })
    expect([code, stderr.split('\n')]).toEqual([
      0,
      [expect.stringContaining(address), expect.stringContaining(address), ''],
    ])
  })

  test('on a terminal that does not know its size cuts nothing', async () => {
    const { address } = await serverWithBroker()
    const world = { isTTY: true, columns: 0, onPause: () => {} }
    expect((await runCli(['top', '--once', '-n', address], world)).stdout).toContain('DefaultCluster')
  })

  test('of a server that cannot be reached ends with 3', async () => {
    expect(await runCli(['top', '--once', '-n', `127.0.0.1:${await freePort()}`])).toMatchObject({ code: 3 })
  })

  test('with an interval that is no duration ends with 2', async () => {
    expect(await runCli(['top', '--interval', 'x'])).toMatchObject({ code: 2 })
  })
})

describe('top on a terminal', () => {
  /** Runs it with one step in place of each pause; after the last one it is interrupted. */
  async function live(addresses: string, steps: readonly ((keyboard: PassThrough) => unknown)[]) {
    const interrupts = new AbortController()
    const keyboard = new PassThrough()
    const left = [...steps, () => interrupts.abort()]
    return await runCli(['top', '-n', addresses, '--color', 'never'], {
      isTTY: true,
      columns: 100,
      input: keyboard,
      interrupts: interrupts.signal,
      onPause: async () => {
        await left.shift()?.(keyboard)
        // Keys are read in turns of the event loop.
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      },
    })
  }

  /** The texts that were written to a line. */
  function textsOf(stdout: string, line: number): string[] {
    const parts = stdout.split(`\x1b[${line};1H`).slice(1)
    return parts.map((part) => part.slice(0, part.indexOf('\x1b[K')))
  }

  test('takes the alternate screen and gives it back, and writes only what has changed', async () => {
    const { address, time } = await serverWithBroker()
    const { code, stdout, stderr } = await live(address, [() => time.advance(2_000)])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true)
    expect(stdout.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true)
    expect(textsOf(stdout, 1)).toEqual([`${address}  connecting …`, `${address}  healthy`])
    expect(textsOf(stdout, 7).map((text) => text.split(/ {2,}/)[5])).toEqual([undefined, '0s', '2s'])
    expect(stdout).not.toContain('\u202e')
  })

  test('shows that the server is away, and that it is back', async () => {
    const { address, controller, port } = await serverWithBroker()
    const { code, stdout } = await live(address, [
      () => controller.shutdown(),
      () => startServer({ listenPort: `${port}` }),
      () => {},
    ])
    expect(code).toBe(0)
    expect(textsOf(stdout, 1)).toEqual([
      `${address}  connecting …`,
      `${address}  healthy`,
      expect.stringContaining(`${address}  unreachable: `),
      `${address}  healthy`,
    ])
  })

  test('shows the next NameServer at n', async () => {
    const { address, port } = await serverWithBroker()
    const other = await startWithoutViews(port)
    const { stdout } = await live(`${address};${other}`, [(keyboard) => keyboard.write('n'), () => {}])
    expect(textsOf(stdout, 1)).toEqual([
      `${address}  connecting …`,
      `${address}  healthy`,
      `${other}  connecting …`,
      expect.stringContaining(`${other}  not mqnamesrv`),
    ])
  })

  test('looks at the next NameServer once, also while it is paused', async () => {
    const { address, port } = await serverWithBroker()
    const other = await startWithoutViews(port)
    const { stdout } = await live(`${address};${other}`, [
      (keyboard) => keyboard.write('pn'),
      () => {},
      () => {},
    ])
    expect(textsOf(stdout, 1).at(-1)).toContain(`${other}  not mqnamesrv`)
  })

  test('looks no further while it is paused', async () => {
    const { address, time } = await serverWithBroker()
    const { stdout } = await live(address, [
      (keyboard) => keyboard.write('p'),
      () => time.advance(60_000),
      () => {},
    ])
    expect(stdout).toContain('PAUSED')
    expect(stdout).not.toContain(' 1m ')
  })

  test.each([
    ['q', (keyboard: PassThrough) => keyboard.write('q')],
    ['Ctrl-C', (keyboard: PassThrough) => keyboard.write('\x03')],
    ['the end of the terminal', (keyboard: PassThrough) => keyboard.end()],
  ])('ends by %s', async (_, end) => {
    const { address } = await serverWithBroker()
    const isLate = (): never => {
      throw new Error('it goes on')
    }
    const { code, stdout } = await live(address, [end, isLate])
    expect([code, stdout.endsWith('\x1b[?1049l')]).toEqual([0, true])
  })
})
