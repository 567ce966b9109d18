import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { until } from './wait-until.ts'
import { newHome } from './work-folder.ts'

export interface ProgramOptions {
  /** Short name for messages and files. */
  readonly name: string
  readonly command: string
  /** Arguments; given the program's own folder. */
  readonly args: (home: string) => readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Lines kept for a failure's report. */
const TAIL_LINES = 40
/** Time a program has to end after SIGTERM; brokers take longer (5.x ten seconds), but their stores are not needed. */
const TERM_GRACE_MS = 1_500
/** What 5.x programs print about reading their logging configuration; it would bury the rest. */
const LOGBACK_STATUS = /\|-(INFO|WARN) in /

const running = new Set<ChildProgram>()
const startedHere: ChildProgram[] = []
// Whatever happens to this worker, nothing it started may outlive it.
process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL')
})

/** A program that a test started: its output, and its end by its own process id. */
export class ChildProgram {
  readonly name: string
  /** Folder of its own, for stores and configuration. */
  readonly home: string
  /** Everything it wrote to stdout and stderr. */
  readonly logFile: string
  /** Lines of stdout and stderr so far, without 5.x's talk about its own logging. */
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #log: WriteStream
  /** Resolves when the program has ended, and its output has been read and is in {@link logFile}. */
  readonly #closed: Promise<unknown>
  #end: string | undefined

  constructor({ name, command, args, env }: ProgramOptions) {
    const { home, logFile } = newHome(name)
    this.name = name
    this.home = home
    this.logFile = logFile
    this.#log = createWriteStream(logFile)
    this.#child = spawn(command, args(home), { cwd: home, env: { ...process.env, ...env }, stdio: 'pipe' })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue
      stream.pipe(this.#log, { end: false })
      createInterface({ input: stream }).on('line', (line) => {
        if (!LOGBACK_STATUS.test(line)) this.lines.push(line)
      })
    }
    // A program that ended while it is written to is reported by its end, not by the broken pipe.
    this.#child.stdin?.on('error', () => {})
    this.#child.on('error', (error) => this.#ended(String(error)))
    this.#child.on('close', (code, signal) => this.#ended(`${signal ?? `exit code ${code}`}`))
    this.#closed = once(this.#child, 'close')
      .catch(() => {})
      .then(() => finished(this.#log))
    running.add(this)
    startedHere.push(this)
  }

  #ended(how: string): void {
    this.#end ??= how
    this.#log.end()
    running.delete(this)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** How it ended (`exit code 0`, `SIGKILL`), or undefined while it runs. */
  get end(): string | undefined {
    return this.#end
  }

  /** Waits for a condition, which can only come true while the program runs. */
  async until<T>(
    what: string,
    probe: () => Promise<T | undefined | false> | T | undefined | false,
    timeoutMs = 60_000,
  ): Promise<T> {
    const found = await until<{ readonly value: T } | { readonly ended: string }>(
      what,
      async () => {
        const ended = this.#end
        const value = await probe()
        if (value !== undefined && value !== false) return { value }
        return ended !== undefined && { ended }
      },
      { timeoutMs },
    ).catch((cause: unknown) => {
      throw new Error(`${this.name}: waited in vain until ${what}\n${this.report()}`, { cause })
    })
    if ('ended' in found)
      throw new Error(`${this.name} ended (${found.ended}) before ${what}\n${this.report()}`)
    return found.value
  }

  /** The lines after a word, for programs that report one thing per line: `SENT a` gives `a`. */
  reported(word: string): string[] {
    return this.lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  }

  write(text: string): void {
    this.#child.stdin?.write(text)
  }

  /** Closes its stdin, which the suite's own Java programs take as the sign to finish. */
  async finish(): Promise<void> {
    this.#child.stdin?.end()
    await this.until('it has finished', () => this.#end !== undefined && true, 30_000)
    await this.#closed
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#end === undefined) this.#child.kill(signal)
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#closed
  }

  /** Asks it to end, and makes it end if it does not. */
  async stop(graceMs = TERM_GRACE_MS): Promise<void> {
    this.signal('SIGTERM')
    // A stopped process takes a SIGTERM only when it goes on.
    this.signal('SIGCONT')
    const inTime = await until(`${this.name} has ended`, () => this.#end !== undefined && true, {
      timeoutMs: graceMs,
    }).catch(() => false)
    if (!inTime) this.signal('SIGKILL')
    await this.#closed
  }

  /** Its last lines, for a message. */
  report(): string {
    const tail = this.lines.slice(-TAIL_LINES).map((line) => `  | ${line}`)
    return [`--- ${this.name} (${this.#end ?? 'running'}), ${this.logFile}`, ...tail].join('\n')
  }
}

/** Every program of this test file, in order of their start. */
export function startedPrograms(): readonly ChildProgram[] {
  return startedHere
}

/** Ends every program that still runs. */
export async function stopAllPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.stop()))
}
