import { atNameServer } from '../../inspect/commands.ts'

/** What the view `/api/v1/explain` tells, as far as people are shown it. */
export interface Explanation {
  readonly subject: { readonly kind: string; readonly name: string }
  readonly verdict: string
  /** The first one states the cause. */
  readonly sentences: readonly string[]
  /** What to run or to set. */
  readonly commands: readonly string[]
  readonly history: readonly { readonly time: string; readonly text: string }[]
}

/** With commands for the NameServer that it comes from. */
export function explanationOf(explanation: Explanation, address: string): Explanation {
  const commands = explanation.commands.map((command) => atNameServer(command, address))
  return { ...explanation, commands }
}

/** Events that are shown unless the output is wide. */
const MAX_EVENTS = 8

/** An explanation for people. */
export function explanationLines(
  { subject, verdict, sentences, commands, history }: Explanation,
  isWide: boolean,
): string[] {
  const events = isWide ? history : history.slice(-MAX_EVENTS)
  return [
    `${subject.name}: ${verdict}`,
    ...sentences.map((sentence) => `  ${sentence}`),
    ...headed('Try:', commands),
    ...headed(
      events.length < history.length ? `Last ${events.length} of ${history.length} events:` : 'Events:',
      events.map(({ time, text }) => `${time}  ${text}`),
    ),
  ]
}

function headed(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [head, ...lines.map((line) => `  ${line}`)]
}
