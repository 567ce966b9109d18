import { constants } from 'node:os'
import { emitKeypressEvents } from 'node:readline'
import { columnsOf } from '../output/width.ts'
import type { CommandWorld } from '../run-command.ts'
import type { Key } from './screen.ts'

/** Alternate screen, no cursor, no line wrap; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'

/** Signals that end a process, and that a command handles for the terminal's sake only. */
const ENDING_SIGNALS = ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** What happens at a terminal. */
export interface TerminalEvents {
  readonly onKey: (key: Key) => void
  readonly onResize: () => void
  /** The terminal is gone. */
  readonly onEnd: () => void
}

/** A terminal that a command has for itself. It is left as it was, however the process ends. */
export class Terminal {
  readonly #world: Pick<CommandWorld, 'stdin' | 'stdout'>
  /** What is on the screen; empty if unknown. */
  #shown: readonly string[] = []
  #end: () => void = () => {}

  constructor(world: Pick<CommandWorld, 'stdin' | 'stdout'>) {
    this.#world = world
  }

  get columns(): number {
    return columnsOf(this.#world.stdout) ?? 80
  }

  get rows(): number {
    return this.#world.stdout.rows || 24
  }

  open({ onKey, onResize, onEnd }: TerminalEvents): void {
    const { stdin, stdout } = this.#world
    const leave = (): void => {
      stdin.setRawMode?.(false)
      stdout.write(LEAVE)
    }
    const onKeypress = (_: unknown, key: Key): void => onKey(key)
    const resize = (): void => {
      this.#shown = []
      stdout.write('\x1b[2J')
      onResize()
    }
    const end = (signal: NodeJS.Signals): never => process.exit(128 + constants.signals[signal])
    emitKeypressEvents(stdin)
    stdin.setRawMode?.(true)
    stdin.on('keypress', onKeypress)
    stdin.on('end', onEnd)
    stdin.resume()
    stdout.on('resize', resize)
    process.once('exit', leave)
    for (const signal of ENDING_SIGNALS) process.once(signal, end)
    stdout.write(ENTER)
    this.#end = () => {
      stdin.off('keypress', onKeypress)
      stdin.off('end', onEnd)
      stdin.pause()
      stdout.off('resize', resize)
      process.off('exit', leave)
      for (const signal of ENDING_SIGNALS) process.off(signal, end)
      leave()
    }
  }

  /** Shows these lines; only those that have changed are written. */
  draw(lines: readonly string[]): void {
    let output = ''
    for (const [row, line] of lines.entries())
      if (line !== this.#shown[row]) output += `\x1b[${row + 1};1H${line}\x1b[K`
    this.#shown = lines
    if (output !== '') this.#world.stdout.write(output)
  }

  close(): void {
    this.#end()
  }
}
