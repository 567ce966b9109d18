import { PassThrough } from 'node:stream'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Terminal } from '../../../src/cli/top/terminal.ts'

function terminalOf(size: { readonly columns: number; readonly rows: number }): Terminal {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, ...size })
  return new Terminal({ stdin: new PassThrough(), stdout })
}

describe('a terminal', () => {
  test('that does not know its size has the usual one', () => {
    const { columns, rows } = terminalOf({ columns: 0, rows: 0 })
    expect({ columns, rows }).toEqual({ columns: 80, rows: 24 })
    expect(terminalOf({ columns: 100, rows: 30 }).columns).toBe(100)
  })

  test.each([
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
    ['SIGUSR1', 138],
    ['SIGUSR2', 140],
  ] as const)('is left by %s, which ends the process with %i', (signal, code) => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
    onTestFinished(() => exit.mockRestore())
    const before = process.listeners(signal)
    const terminal = terminalOf({ columns: 80, rows: 24 })
    terminal.open({ onKey: () => {}, onResize: () => {}, onEnd: () => {} })
    const [listener] = process.listeners(signal).filter((each) => !before.includes(each))
    listener?.(signal)
    expect(exit).toHaveBeenCalledWith(code)
    terminal.close()
    expect(process.listeners(signal)).toEqual(before)
  })
})
