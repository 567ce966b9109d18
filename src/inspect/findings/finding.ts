import { cutText } from '../../common/log-throttle.ts'
import type { RuleId, Severity } from './rules.ts'

/** Numbers, names and times that a finding rests on, by name; a time is ISO 8601. */
export type Evidence = Readonly<Record<string, string | number | readonly string[]>>

/** Something that is wrong, or worth knowing, in the routes or at this server. */
export interface Finding {
  readonly rule: RuleId
  readonly severity: Severity
  /** What it is about. Topics of one broker with the same problem are one finding about the broker. */
  readonly subject: string
  /** When it began, in milliseconds since the epoch. */
  readonly sinceMs: number
  /** What is wrong, why, and what to do. */
  readonly text: string
  readonly evidence: Evidence
  /** A shell command, or a line of `broker.conf`, that fixes it; null if no single one does. */
  readonly command: string | null
}

/** What a rule says of a subject. */
export type Details = Pick<Finding, 'text' | 'evidence'> & {
  readonly command?: string | null
  /** When an operator caused it, on the monotonic clock: another value raises it again. */
  readonly causedMs?: number | undefined
}

/** Findings kept of each rule and severity; the rest is only counted. */
const MAX_SUBJECTS = 100
/** Limits of what is kept of names, which come from peers. A topic name has at most 127 characters. */
const MAX_NAME_CHARACTERS = 200
const MAX_TEXT_CHARACTERS = 1_000
const MAX_LIST = 16

/** A finding that an evaluation has made, whether it is new or not. */
export type Observation = Omit<Finding, 'sinceMs'> & Pick<Details, 'causedMs'>

/** What an evaluation of rules has found, limited in number and size. */
export class Observations {
  readonly #found = new Map<string, Observation>()
  readonly #counts = new Map<string, { readonly rule: RuleId; readonly severity: Severity; count: number }>()

  /** @param details - Called only for findings that are kept. */
  add(rule: RuleId, severity: Severity, subject: string, details: () => Details): void {
    const kind = `${rule} ${severity}`
    const counted = this.#counts.get(kind) ?? { rule, severity, count: 0 }
    this.#counts.set(kind, counted)
    counted.count++
    if (counted.count > MAX_SUBJECTS) return
    const { text, evidence, command = null, causedMs } = details()
    const shown = cutText(subject, MAX_NAME_CHARACTERS)
    this.#found.set(`${rule} ${shown}`, {
      rule,
      severity,
      subject: shown,
      text: cutText(text, MAX_TEXT_CHARACTERS),
      evidence: cutEvidence(evidence),
      command: command === null || command.length > MAX_TEXT_CHARACTERS ? null : command,
      ...(causedMs !== undefined && { causedMs }),
    })
  }

  /** What is kept, by rule and subject. */
  [Symbol.iterator](): Iterator<[string, Observation]> {
    return this.#found.entries()
  }

  /** Rules and severities with more subjects than are kept, and how many more. */
  *beyond(): Generator<{ readonly rule: RuleId; readonly severity: Severity; readonly count: number }> {
    for (const { rule, severity, count } of this.#counts.values())
      if (count > MAX_SUBJECTS) yield { rule, severity, count: count - MAX_SUBJECTS }
  }
}

function cutEvidence(evidence: Evidence): Evidence {
  return Object.fromEntries(Object.entries(evidence).map(([name, value]) => [name, cutValue(value)] as const))
}

function cutValue(value: Evidence[string]): Evidence[string] {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return cutText(value, MAX_NAME_CHARACTERS)
  const shown = value.slice(0, MAX_LIST).map((text) => cutText(text, MAX_NAME_CHARACTERS))
  return value.length > MAX_LIST ? [...shown, `… and ${value.length - MAX_LIST} more`] : shown
}
