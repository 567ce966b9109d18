import { atNameServer } from '../../inspect/commands.ts'
import type { CommandContext } from '../run-command.ts'
import { indented } from './wrapped.ts'

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
  { format, columns }: Pick<CommandContext, 'format' | 'columns'>,
): string[] {
  const events = format === 'wide' ? history : history.slice(-MAX_EVENTS)
  return [
    `${subject.name}: ${verdict}`,
    ...sentences.flatMap((sentence) => indented(sentence, 2, columns)),
    // In one line each, to be copied.
    ...headed('Try:', commands, undefined),
    ...headed(
      events.length < history.length ? `Last ${events.length} of ${history.length} events:` : 'Events:',
      events.map(({ time, text }) => `${time}  ${text}`),
      columns,
    ),
  ]
}

function headed(head: string, texts: readonly string[], columns: number | undefined): string[] {
  return texts.length === 0 ? [] : [head, ...texts.flatMap((text) => indented(text, 2, columns))]
}
