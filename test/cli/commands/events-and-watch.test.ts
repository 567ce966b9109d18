import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { startFakePeer } from '../../support/fake-peer.ts'
import { frame } from '../../support/raw-client.ts'
import { putKVConfig, registration, unregistration } from '../../support/requests.ts'
import { startServer, type TestServer } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'
import { startWithoutViews } from '../without-views.ts'

interface Line {
  readonly id: string
  readonly kind: string
  readonly subject: string
  readonly namesrv: string
}

function linesOf(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

async function serverWithEvents(): Promise<TestServer & { readonly address: string }> {
  const server = await startServer()
  const broker = await server.connect()
  await broker.request(registration({ name: 'broker-a' }))
  await broker.request(unregistration({ name: 'broker-a' }))
  return { ...server, address: `127.0.0.1:${server.port}` }
}

describe('events', () => {
  test('shows what happened, the last one at the end', async () => {
    const { address } = await serverWithEvents()
    const { code, stdout, stderr } = await runCli(['events', '-n', address, '--limit', '2'])
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^\d+ earlier events? of .* not shown \(--limit\)\n$/),
    ])
    expect(stdout.split('\n').flatMap((line) => line.split(/ {2,}/).slice(1, 2))).toEqual([
      'KIND',
      'broker_registered',
      'broker_left',
    ])
  })

  test('can be read on a terminal: short times, and the text below what leaves no room for it', async () => {
    const event = { id: 'x-1', time: '2026-11-28T20:31:05.123Z', kind: 'broker_left' }
    const told = { subject: '127.0.0.1:10911 broker-a of DefaultCluster', text: 'by its own request' }
    const body = JSON.stringify({ bootId: 'x', added: 1, events: [{ ...event, ...told }] })
    const { address } = await startScripted({ 1450: { body } })
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.parse('2026-11-28T23:59:59.999Z'))
    onTestFinished(() => clock.mockRestore())
    const argv = ['events', '-n', address, '--kind', 'broker_left']
    const { stdout } = await runCli(argv, { isTTY: true, columns: 60 })
    expect(stdout.split('\n')).toEqual([
      'TIME       KIND         SUBJECT',
      '  TEXT',
      '20:31:05Z  broker_left  127.0.0.1:10911 broker-a of Default…',
      expect.stringMatching(/^ {2}by its own request/),
      '',
    ])
    const wide = await runCli([...argv, '-o', 'wide'], { isTTY: true, columns: 60 })
    expect(wide.stdout).toMatch(
      /\n\d{4}-\d\d-\d\dT\S+Z {2}broker_left .*DefaultCluster {2}by its own request/,
    )
  })

  test('tells programs the broker, the topic or the peer that an event is about', async () => {
    const { address, connect } = await serverWithEvents()
    const operator = await connect()
    await operator.request(registration({ id: 2 ** 60, address: '127.0.0.1:10921' }))
    await operator.request(registration())
    await operator.request({ code: 205, extFields: { brokerName: 'broker-a' } })
    await operator.request({ code: 216, extFields: { topic: 'TopicA' } })
    await operator.request(putKVConfig('a', 'b', 'c'))
    const { stdout } = await runCli(['events', '-n', address, '-o', 'jsonl'])
    const members = ['kind', 'cluster', 'brokerName', 'brokerId', 'address', 'topic'] as const
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const [cluster, brokerName, brokerAddr] = ['DefaultCluster', 'broker-a', '127.0.0.1:10911']
    expect(lines.map((line) => members.map((name) => line[name]))).toEqual([
      ['ready', null, null, null, null, null],
      ['broker_registered', cluster, brokerName, 0, brokerAddr, null],
      ['broker_left', cluster, brokerName, 0, brokerAddr, null],
      ['broker_registered', cluster, brokerName, `${2 ** 60}`, '127.0.0.1:10921', null],
      ['broker_registered', cluster, brokerName, 0, brokerAddr, null],
      ['permission_wiped', null, brokerName, null, null, null],
      ['topic_deleted', null, null, null, null, 'TopicA'],
      ['kv_changed', null, null, null, operator.address, null],
    ])
  })

  test('of one kind or several, and after an id', async () => {
    const { address } = await serverWithEvents()
    const all = linesOf((await runCli(['events', '-n', address, '-o', 'jsonl'])).stdout)
    const registered = await runCli(['events', '-n', address, '-o', 'jsonl', '--kind', 'broker_registered'])
    expect(linesOf(registered.stdout)).toEqual(all.filter(({ kind }) => kind === 'broker_registered'))
    const both = ['--kind', 'broker_registered,broker_left', '-o', 'name']
    const ids = all.filter(({ kind }) => kind.startsWith('broker_')).map(({ id }) => `${id}\n`)
    expect(await runCli(['events', '-n', address, ...both])).toMatchObject({ stdout: ids.join('') })
    const since = await runCli(['events', '-n', address, '-o', 'name', '--since', all[1]?.id ?? ''])
    expect(since).toEqual({
      code: 0,
      stderr: '',
      stdout: all
        .slice(2)
        .map(({ id }) => `${id}\n`)
        .join(''),
    })
  })

  test('after an id of a former run says that events may be missing', async () => {
    const { address } = await serverWithEvents()
    const { stderr } = await runCli(['events', '-n', address, '--since', 'former-7'])
    expect(stderr).toBe(`${address} was restarted, the last events before that may be missing\n`)
  })

  test('after an id whose successors are gone says how many are missing', async () => {
    const event = { id: 'x-9', time: '2026-11-28T00:00:00Z', kind: 'ready', subject: '', text: '' }
    const body = JSON.stringify({ bootId: 'x', added: 9, events: [event] })
    const { address } = await startFakePeer(({ header: { opaque }, socket }) => {
      socket.write(frame(JSON.stringify({ code: 0, flag: 1, language: 'JAVA', opaque, version: 513 }), body))
    })
    const { stderr } = await runCli(['events', '-n', address, '--since', 'x-1'])
    expect(stderr).toBe(`${address} no longer has 7 events in between\n`)
  })

  test.each([
    [['--limit', '0'], /^mqnamesrv: --limit "0" is not a number from 1 to 4096/],
    [['--limit', '5000'], /^mqnamesrv: --limit "5000" is not a number from 1 to 4096/],
    [['--since', 'x'], /^mqnamesrv: --since "x" is not an event id/],
    [['--since', 'a-1', '-n', 'a;b'], /^mqnamesrv: --since is for one NameServer/],
    [['--kind', 'ready,broker_los'], /broker_lost/],
  ])('with %j ends with 2', async (argv, stderr) => {
    expect(await runCli(['events', ...argv])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(stderr),
    })
  })

  test.each(['events', 'watch'])('%s after an id that is yet to come ends with 2', async (word) => {
    const { address } = await serverWithEvents()
    const last = linesOf((await runCli(['events', '-n', address, '-o', 'jsonl'])).stdout).at(-1)?.id ?? ''
    const next = last.replace(/\d+$/, (number) => `${Number(number) + 1}`)
    expect(await runCli([word, '-n', address, '--since', next])).toEqual({
      code: 2,
      stdout: '',
      stderr: `mqnamesrv: --since ${next} is after the last event of ${address}, ${last} (try mqnamesrv help ${word})\n`,
    })
    expect(await runCli(['events', '-n', address, '--since', last])).toEqual({
      code: 0,
      stdout: '',
      stderr: `${address}: no such events\n`,
    })
  })

  test('of a server without views ends with 1 and says so', async () => {
    const { port } = await startServer()
    const address = await startWithoutViews(port)
    expect(await runCli(['events', '-n', address])).toEqual({
      code: 1,
      stdout: '',
      stderr: `mqnamesrv: ${address} is not mqnamesrv: it cannot show this\n`,
    })
  })
})

describe('watch', () => {
  /** Runs it with one step in place of each pause; it is interrupted after the last one. */
  async function watch(argv: readonly string[], steps: readonly (() => unknown)[]) {
    const interrupts = new AbortController()
    const left = [...steps, () => interrupts.abort()]
    const pausesMs: number[] = []
    const result = await runCli(['watch', ...argv], {
      interrupts: interrupts.signal,
      onPause: async (ms) => {
        pausesMs.push(ms)
        await left.shift()?.()
      },
    })
    return { ...result, pausesMs }
  }

  test('prints events as they happen, not those before, and ends with 0', async () => {
    const { address, connect } = await serverWithEvents()
    const broker = await connect()
    const name = 'b\u202e\x1b[2J'
    const { code, stdout, stderr } = await watch(
      ['-n', address],
      [() => broker.request(registration({ name })), () => broker.request(unregistration({ name }))],
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^\S+Z {2}broker_registered {2}.*b\\u202e\\u001b\[2J/m)
    expect(stdout).toMatch(/^\S+Z {2}broker_left {2}/m)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there.
    expect(stdout).not.toMatch(/[\x1b\u202e]/)
  })

  test('begins after an id, only with a kind, in JSON', async () => {
    const { address } = await serverWithEvents()
    const [first] = linesOf((await runCli(['events', '-n', address, '-o', 'jsonl'])).stdout)
    const argv = ['-n', address, '--since', first?.id ?? '', '--kind', 'broker_left', '--json']
    const { stdout } = await watch(argv, [])
    expect(linesOf(stdout)).toEqual([expect.objectContaining({ namesrv: address, kind: 'broker_left' })])
    const yaml = await watch([...argv.slice(0, -1), '-o', 'yaml'], [])
    expect(yaml.stdout).toMatch(/^---\nnamesrv: /)
    const names = await watch([...argv.slice(0, -1), '-o', 'name'], [])
    expect(names.stdout).toBe(`${linesOf(stdout)[0]?.id}\n`)
  })

  test('survives a server that goes away and comes back', async () => {
    const first = await serverWithEvents()
    const { address, port } = first
    const { code, stdout, stderr, pausesMs } = await watch(
      ['-n', address],
      [
        () => first.controller.shutdown(),
        () => {},
        () => {},
        async () => {
          const second = await startServer({ listenPort: `${port}` })
          const broker = await second.connect()
          await broker.request(registration({ name: 'broker-b' }))
        },
        () => {},
      ],
    )
    expect(code).toBe(0)
    expect(pausesMs).toEqual([1_000, 2_000, 4_000, 8_000, 1_000, 1_000])
    expect(stdout).toContain('broker_registered')
    // Its connection may have closed before it asks, or while it does.
    const [lost, ...later] = stderr.trimEnd().split('\n')
    expect([
      `mqnamesrv: ${address} closed the connection before it responded; trying again`,
      `mqnamesrv: connection to ${address} failed: connection refused (ECONNREFUSED); trying again`,
    ]).toContain(lost)
    expect(later).toEqual([
      `mqnamesrv: ${address} was restarted, the last events before that may be missing`,
      `mqnamesrv: ${address} responds again`,
    ])
  })

  test('leaves out a server without views, and keeps trying one that is down', async () => {
    const { address, port, connect } = await serverWithEvents()
    const [other, dead] = [await startWithoutViews(port), `127.0.0.1:${await freePort()}`]
    const broker = await connect()
    const { code, stdout, stderr } = await watch(
      ['-n', `${address};${other};${dead}`, '-o', 'jsonl'],
      // Both that are followed pause.
      [() => broker.request(registration({ name: 'broker-b' })), () => {}, () => {}, () => {}, () => {}],
    )
    expect(code).toBe(0)
    expect(linesOf(stdout)).toContainEqual(
      expect.objectContaining({ namesrv: address, kind: 'broker_registered' }),
    )
    expect(stderr.split('\n').sort()).toEqual([
      '',
      `mqnamesrv: ${other} is not mqnamesrv: it cannot show this`,
      `mqnamesrv: connection to ${dead} failed: connection refused (ECONNREFUSED)`,
    ])
  })

  test('interrupted before the first response ends with 0', async () => {
    const interrupts = new AbortController()
    const { address } = await startFakePeer(() => interrupts.abort())
    const argv = ['watch', '-n', address, '--timeout', '1h']
    expect(await runCli(argv, { interrupts: interrupts.signal, onPause: () => {} })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
  })

  test('of a server that cannot be reached at first ends with 3', async () => {
    expect(await runCli(['watch', '-n', `127.0.0.1:${await freePort()}`])).toMatchObject({ code: 3 })
  })
})
