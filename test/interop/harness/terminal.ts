import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChildProgram } from './child-program.ts'
import { until } from './wait-until.ts'
import { projectRoot } from './work-folder.ts'

/** What a person sees. */
export interface Screen {
  /** Without spaces at their ends. */
  readonly lines: readonly string[]
  /** Whether a program has the screen for itself; what was there before comes back afterwards. */
  readonly isAlternate: boolean
  readonly hasCursor: boolean
}

/** What a program left behind. */
export interface Left {
  /** Its exit code, or minus the signal that ended it. */
  readonly code: number
  /** Whether the terminal shows what is typed. */
  readonly echo: boolean
}

/** A command of ours in a pseudo-terminal of 80 columns and 24 rows, by Python's module `pty`. */
export class Terminal {
  readonly program: ChildProgram

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const script = join(projectRoot, 'test/interop/harness/terminal.py')
    const command = [script, join(projectRoot, 'bin/mqnamesrv'), ...args]
    this.program = new ChildProgram({ name: 'terminal', command: 'python3', args: () => command, env })
  }

  type(text: string): void {
    this.#step({ type: text })
  }

  resize(columns: number, rows: number): void {
    this.#step({ resize: [columns, rows] })
  }

  signal(number: number): void {
    this.#step({ signal: number })
  }

  /** Waits until the screen satisfies a condition. */
  async until(what: string, probe: (screen: Screen) => boolean): Promise<Screen> {
    return await this.program.until(what, () => {
      const screen = screenOf(this.#output)
      return probe(screen) && screen
    })
  }

  /** Waits until the program has ended. */
  async left(): Promise<Left & { readonly screen: Screen }> {
    const line = await until('the program has ended', () => /\{"code": .*\}\n$/.exec(this.#output)?.[0])
    return { ...(JSON.parse(line) as Left), screen: screenOf(this.#output.slice(0, -line.length)) }
  }

  get #output(): string {
    return readFileSync(this.program.logFile, 'utf8')
  }

  #step(step: object): void {
    this.program.write(`${JSON.stringify(step)}\n`)
  }
}

/** The end of a control sequence may still be on its way. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const PART = /\x1b\[([?\d;]*)([A-Za-z])|\x1b(?:\[[?\d;]*)?$|\r|\n|[^\x1b\r\n]/gu

/** A terminal, as far as our programs use one. @throws {Error} A control sequence that it does not know. */
function screenOf(output: string): Screen {
  const main: string[][] = []
  let alternate: string[][] = []
  let [isAlternate, hasCursor] = [false, true]
  let [row, column] = [0, 0]
  for (const [part, parameters = '', command = ''] of output.matchAll(PART)) {
    const lines = isAlternate ? alternate : main
    const [first = 1, second = 1] = parameters.split(';').map((text) => Number(text || 1))
    switch (command) {
      case 'H':
        ;[row, column] = [first - 1, second - 1]
        break
      case 'K':
        lines[row] = (lines[row] ?? []).slice(0, column)
        break
      case 'J':
        lines.length = 0
        break
      case 'G':
        column = first - 1
        break
      case 'h':
      case 'l':
        if (parameters === '?1049') [isAlternate, alternate] = [command === 'h', []]
        else if (parameters === '?25') hasCursor = command === 'h'
        break
      case 'm':
        break
      case '':
        if (part.startsWith('\x1b')) break
        if (part === '\r') column = 0
        else if (part === '\n') row++
        else {
          lines[row] ??= []
          const line = lines[row] as string[]
          while (line.length < column) line.push(' ')
          line[column++] = part
        }
        break
      default:
        throw new Error(`control sequence ${JSON.stringify(part)}`)
    }
  }
  const lines = Array.from(isAlternate ? alternate : main, (line = []) => line.join('').trimEnd())
  return { lines, isAlternate, hasCursor }
}
