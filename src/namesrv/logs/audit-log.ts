import { statSync } from 'node:fs'
import type { destination as createDestination } from 'pino'
import { describeErrno } from '../../common/describe-errno.ts'
import { hostOf } from '../../common/host-of.ts'
import { isoTime } from '../../common/iso-time.ts'
import { cutText, type LogThrottle } from '../../common/log-throttle.ts'
import { sourceOf } from '../../common/source-of.ts'
import { visible } from '../../common/visible.ts'
import type { AuditProblem } from '../../inspect/sources.ts'
import type { Origin } from '../../protocol/processor.ts'
import type { RemotingCommand } from '../../protocol/remoting-command.ts'
import type { Counters } from '../../stats/counters.ts'

/** A change of state by a request, or a rejection. */
export interface AuditEntry {
  /** The kind of the event that views show of it, where there is one. */
  readonly event: string
  readonly by: Origin
  /** `let pass`: the mode `audit`, or `registrationGuard=log`, would have rejected it. */
  readonly result: 'done' | 'unchanged' | 'ignored' | 'rejected' | 'let pass'
  /** The rule of the access policy or of the registration guard, or the limit, that decided. */
  readonly rule?: string | undefined
  readonly reason?: string | undefined
  /** What it was about, as the request names it. */
  readonly over?: AuditSubject | undefined
}

/** What a request is about; undefined and null where it names nothing of the kind. */
export interface AuditSubject {
  readonly cluster?: string | null | undefined
  readonly broker?: string | null | undefined
  readonly brokerId?: string | null | undefined
  /** `host:port` of a broker or of a connection. */
  readonly address?: string | null | undefined
  readonly topic?: string | null | undefined
  readonly namespace?: string | null | undefined
  /** Of the key-value table; never with its value. */
  readonly key?: string | null | undefined
  /** Keys of the configuration, with their values before and after. */
  readonly keys?: Readonly<Record<string, string>> | undefined
}

/** What the audit log needs. */
export interface AuditLogOptions {
  /** Empty: no audit log. */
  readonly path: string
  readonly throttle: LogThrottle
  readonly counters: Counters
  readonly nowMs: () => number
  /** Runs a task once, later; returns what cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void
}

type Destination = ReturnType<typeof createDestination>

/**
 * Max lines a second: a flood must not fill the disk. One of other requests hides no changes, one of a host no other host, and
 * repeated changes of one subject no other change.
 */
const BUDGETS = {
  changes: { lines: 1_000, perHost: 500, perSubject: 100 },
  others: { lines: 100, perHost: 10, perSubject: 10 },
} as const
const WINDOW_MS = 1_000
/** Max characters of lines that wait because they cannot be written; further ones are lost. */
const MAX_UNWRITTEN_CHARACTERS = 1_048_576
/** How long after a failed attempt the file is opened again. */
const RETRY_MS = 10_000
/** Readable by its group, for what collects it. */
const FILE_MODE = 0o640

/**
 * Who changed what by a request, and what was rejected, as lines of JSON in a file of its own. Each line is written before the
 * response is sent. A file that cannot be written never stops the server.
 */
export class AuditLog {
  readonly #options: AuditLogOptions
  readonly #budgets = { changes: new LineBudget(BUDGETS.changes), others: new LineBudget(BUDGETS.others) }
  #create: typeof createDestination | undefined
  /** Undefined until the file could be opened. */
  #destination: Destination | undefined
  /** The last attempt to open it has failed. Then lines go to the old one, if there is one. */
  #mustOpen = false
  #triedMs = 0
  #problem: AuditProblem | undefined
  /** Lines that wait in the destination because they could not be written. */
  #unwritten = 0
  #cancelSummary: (() => void) | undefined

  constructor(options: AuditLogOptions) {
    this.#options = options
  }

  /** Why the file cannot be written; undefined if it can, or without a path. */
  get problem(): AuditProblem | undefined {
    return this.#problem
  }

  /** Opens the file. One that cannot be opened is reported, and tried again. */
  async start(): Promise<void> {
    if (this.#options.path === '') return
    this.#create = (await import('pino')).destination
    this.#open()
  }

  /** Opens the file again after logrotate renamed it. If that fails, lines are still written to the old one. */
  reopen(): void {
    if (this.#create !== undefined) this.#open()
  }

  /** Writes a line, unless a flood has used up the lines of this second. */
  write(entry: AuditEntry): void {
    if (this.#create === undefined) return
    const nowMs = this.#options.nowMs()
    const budget = this.#budgets[entry.result === 'done' ? 'changes' : 'others']
    const host = sourceOf(entry.by.host ?? hostOf(entry.by.peer))
    if (!budget.take(nowMs, host, cutText(JSON.stringify([host, entry.event, entry.over])))) {
      this.#options.counters.auditLines.suppressed++
      this.#cancelSummary ??= this.#options.after(WINDOW_MS, () => this.#summarize())
      return
    }
    if (this.#mustOpen && nowMs - this.#triedMs >= RETRY_MS) this.#open()
    this.#writeLine(fieldsOf(entry))
  }

  /** The server stops: writes what is left and closes the file. */
  stop(): void {
    this.#summarize()
    this.#create = undefined
    this.#close()
  }

  #open(): void {
    const { path, nowMs, counters } = this.#options
    this.#triedMs = nowMs()
    try {
      // Opening a named pipe without a reader would block the process.
      const stats = statSync(path, { throwIfNoEntry: false })
      if (stats !== undefined && !stats.isFile()) throw new Error('not a file')
      const opened = this.#create?.({
        dest: path,
        append: true,
        sync: true,
        mode: FILE_MODE,
        maxLength: MAX_UNWRITTEN_CHARACTERS,
        // By default pino retries such a write after a sleep that blocks the process.
        retryEAGAIN: () => false,
      })
      this.#close()
      this.#mustOpen = false
      this.#destination = opened
        ?.on('error', (error: Error) => this.#onFailure(error))
        .on('drop', () => this.#onDropped())
        .on('write', () => this.#onWritten())
    } catch (error) {
      this.#mustOpen = true
      this.#onFailure(error)
      return
    }
    // Also shows at once whether the disk takes it.
    this.#writeLine({ event: 'audit_log_opened', lost: counters.auditLines.lost })
  }

  /** Lines that wait are lost: `flushSync` would block the process for as long as the disk is full. */
  #close(): void {
    this.#options.counters.auditLines.lost += this.#unwritten
    this.#unwritten = 0
    this.#destination?.destroy()
    this.#destination = undefined
  }

  #writeLine(fields: object): void {
    const { auditLines } = this.#options.counters
    if (this.#destination === undefined) {
      auditLines.lost++
      return
    }
    this.#unwritten++
    // What JSON does not escape, and a terminal would obey or hide.
    this.#destination.write(`${visible(JSON.stringify({ time: isoTime(Date.now()), ...fields }))}\n`)
  }

  /** A line is lost: too much waits already. */
  #onDropped(): void {
    this.#unwritten--
    this.#options.counters.auditLines.lost++
  }

  #onFailure(cause: unknown): void {
    const { path, throttle, counters, nowMs } = this.#options
    counters.auditFailures++
    if (this.#problem !== undefined) return
    const error = describeErrno(cause)
    this.#problem = { path, error, sinceMs: nowMs() }
    const line =
      this.#destination === undefined || !this.#mustOpen
        ? 'audit log cannot be written; the server continues without it'
        : 'audit log not reopened; writing to the old one'
    throttle.log('error', line, { path, error })
  }

  #onWritten(): void {
    const { path, throttle, counters } = this.#options
    counters.auditLines.written += this.#unwritten
    this.#unwritten = 0
    if (this.#problem === undefined || this.#mustOpen) return
    this.#problem = undefined
    throttle.log('info', 'audit log can be written again', { path, lostLines: counters.auditLines.lost })
  }

  /** What a flood has suppressed, as a line of its own. */
  #summarize(): void {
    this.#cancelSummary?.()
    this.#cancelSummary = undefined
    const suppressed = { changes: this.#budgets.changes.end(), others: this.#budgets.others.end() }
    if (suppressed.changes + suppressed.others > 0) this.#writeLine({ event: 'suppressed', ...suppressed })
  }
}

/** The lines of a second. */
class LineBudget {
  readonly #max: { readonly lines: number; readonly perHost: number; readonly perSubject: number }
  #startMs = Number.NEGATIVE_INFINITY
  #written = 0
  #suppressed = 0
  /** By host, and by subject. */
  readonly #counts = new Map<string, number>()

  constructor(max: { readonly lines: number; readonly perHost: number; readonly perSubject: number }) {
    this.#max = max
  }

  /** @param subject - What a host did to what; never the same text as a host. */
  take(nowMs: number, host: string, subject: string): boolean {
    if (nowMs - this.#startMs >= WINDOW_MS) {
      this.#startMs = nowMs
      this.#written = 0
      this.#counts.clear()
    }
    const { lines, perHost, perSubject } = this.#max
    const ofHost = this.#counts.get(host) ?? 0
    const ofSubject = this.#counts.get(subject) ?? 0
    if (this.#written >= lines || ofHost >= perHost || ofSubject >= perSubject) {
      this.#suppressed++
      return false
    }
    this.#written++
    this.#counts.set(host, ofHost + 1).set(subject, ofSubject + 1)
    return true
  }

  /** @returns How many lines were suppressed since the last call. */
  end(): number {
    const suppressed = this.#suppressed
    this.#suppressed = 0
    return suppressed
  }
}

/** The fields of a line, in the order in which they are read best. */
function fieldsOf({ event, result, by, over, rule, reason }: AuditEntry): object {
  const { code, peer, host, isTls, identity } = by
  const about = Object.entries(over ?? {}).filter(([, value]) => value !== null)
  return {
    event,
    result,
    code,
    peer,
    host: host === hostOf(peer) ? undefined : host,
    tls: isTls,
    identity: identity === undefined ? null : { kind: identity.kind, name: cutText(identity.name) },
    ...Object.fromEntries(
      about.map(([name, value]) => [name, typeof value === 'string' ? cutText(value) : value]),
    ),
    rule,
    reason: reason === undefined ? undefined : cutText(reason),
  }
}

/** What a request is about, by its fields. */
export function subjectOf(extFields: RemotingCommand['extFields']): AuditSubject {
  const field = (name: string): string | null | undefined => extFields?.get(name)
  return {
    cluster: field('clusterName') ?? field('cluster'),
    broker: field('brokerName'),
    brokerId: field('brokerId'),
    address: field('brokerAddr'),
    topic: field('topic'),
    namespace: field('namespace'),
    key: field('key'),
  }
}
