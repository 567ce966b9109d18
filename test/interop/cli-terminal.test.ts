import { describe, expect, test } from 'vitest'
import { startNameServer } from './harness/name-server.ts'
import { ask } from './harness/name-server-client.ts'
import { Terminal } from './harness/terminal.ts'
import { until } from './harness/wait-until.ts'

const ours = { kind: 'ours' } as const
const [SIGHUP, SIGTERM] = [1, 15]
/** What `top` must leave: the screen as it was, its cursor, and a terminal that shows what is typed. */
const CLEAN = { echo: true, screen: { lines: [], isAlternate: false, hasCursor: true } }

describe('top in a terminal', () => {
  const openTop = async (address: string): Promise<Terminal> => {
    const terminal = new Terminal(['top', '-n', address, '--interval', '200ms'])
    await terminal.until('the server is shown', ({ lines }) => lines[0] === `${address}  healthy`)
    return terminal
  }

  test('shows sections at its keys, filters as it is typed, and leaves a clean screen at q', async () => {
    const { address } = await startNameServer(ours)
    await ask(address, 105, { topic: 'Missing' })
    await ask(address, 105, { topic: 'Gone' })
    const terminal = await openTop(address)
    const { isAlternate, hasCursor } = await terminal.until('both are counted', ({ lines }) =>
      `${lines[4]}`.includes('Misses (2)'),
    )
    expect([isAlternate, hasCursor]).toEqual([true, false])
    terminal.type('2')
    await terminal.until('misses are shown', ({ lines }) => lines.some((line) => /^Gone +1 /.test(line)))
    terminal.type('/miss\r')
    await terminal.until(
      'only one is shown',
      ({ lines }) =>
        /^Missing +1 /.test(`${lines[6]}`) && lines[7] === '' && `${lines[23]}`.startsWith('q quit'),
    )
    terminal.type('q')
    expect(await terminal.left()).toEqual({ code: 0, ...CLEAN })
  })

  test('fits a terminal whose size changes', async () => {
    const { address } = await startNameServer(ours)
    const terminal = await openTop(address)
    terminal.resize(40, 10)
    const small = await terminal.until('it is drawn again', ({ lines }) => lines.length === 10)
    expect(small.lines[9]).toMatch(/^q quit.*…$/)
    for (const line of small.lines) expect(line.length).toBeLessThanOrEqual(40)
    terminal.resize(120, 30)
    await terminal.until(
      'it is drawn again',
      ({ lines }) => lines.length === 30 && `${lines[29]}`.endsWith('? help'),
    )
    terminal.type('\x03')
    expect(await terminal.left()).toEqual({ code: 0, ...CLEAN })
  })

  test('shows that the server is away, and when it is back', async () => {
    const { address, port, program } = await startNameServer(ours)
    const terminal = await openTop(address)
    await program.stop()
    await terminal.until('it says so', ({ lines }) => `${lines[0]}`.startsWith(`${address}  unreachable: `))
    await startNameServer({ ...ours, port })
    await terminal.until('it is back', ({ lines }) => lines[0] === `${address}  healthy`)
    terminal.type('q')
    expect(await terminal.left()).toEqual({ code: 0, ...CLEAN })
  })

  test.each([
    [SIGTERM, 0],
    [SIGHUP, 129],
  ])('leaves a clean screen at signal %i', async (signal, code) => {
    const { address } = await startNameServer(ours)
    const terminal = await openTop(address)
    terminal.signal(signal)
    expect(await terminal.left()).toEqual({ code, ...CLEAN })
  })

  test('leaves at once while the server hangs', async () => {
    const { address, program } = await startNameServer(ours)
    const terminal = await openTop(address)
    program.signal('SIGSTOP')
    terminal.type('2')
    await terminal.until('the key works', ({ lines }) => `${lines[4]}`.includes('[2 Misses'))
    terminal.type('q')
    expect(await terminal.left()).toEqual({ code: 0, ...CLEAN })
  })
})

test('watch prints events as they happen, and ends with 0 at Ctrl-C', async () => {
  const { address } = await startNameServer(ours)
  const terminal = new Terminal(['watch', '-n', address])
  // What happens before its first look is not shown.
  let count = 0
  await until('it follows', async () => {
    await ask(address, 100, { namespace: 'ns', key: 'k', value: `${count++}` })
    return terminal.screen.lines.some((line) => line.includes('  kv_changed  '))
  })
  terminal.type('\x03')
  expect(await terminal.left()).toMatchObject({ code: 0, echo: true })
})

describe('a command that asks', () => {
  test('changes nothing unless the reply is yes', async () => {
    const { address } = await startNameServer(ours)
    for (const [typed, code, value] of [
      ['n\r', 1, undefined],
      // Ctrl-C and Ctrl-D.
      ['y\x03', 130, undefined],
      ['\x04', 1, undefined],
      ['y\r', 0, 'v'],
    ] as const) {
      const terminal = new Terminal(['kv', 'set', 'ns', 'k', 'v', '-n', address])
      await terminal.until('it asks', ({ lines }) => lines.some((line) => line.startsWith('Continue? [y/N]')))
      terminal.type(typed)
      expect(await terminal.left()).toMatchObject({ code, echo: true })
      expect(terminal.screen.lines.includes('mqnamesrv: nothing was changed')).toBe(code !== 0)
      const { extFields } = await ask(address, 101, { namespace: 'ns', key: 'k' })
      expect(extFields?.['value']).toBe(value)
    }
  })
})
