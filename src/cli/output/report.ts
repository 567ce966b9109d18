import type { CommandError } from '../command-error.ts'
import { ExitCode as Exit, type ExitCode } from '../exit-code.ts'
import { type Column, tableLines } from './table.ts'
import { visibleJson, visibleStrings } from './visible.ts'
import { yaml } from './yaml.ts'

/** The values of `-o`. */
export const FORMATS = ['table', 'wide', 'json', 'jsonl', 'yaml', 'name'] as const
export type Format = (typeof FORMATS)[number]

/** A NameServer that failed. */
export interface Failure {
  /** `host:port` */
  readonly namesrv: string
  readonly error: CommandError
}

/** What a command has found, for all formats. */
export interface Report<Item extends object> {
  /** One JSON object for each row or document. The member `namesrv` says which NameServer it comes from. */
  readonly items: readonly Item[]
  /** How people see an item: as a row of a table, or as lines of text, with an empty line between two items. */
  readonly view:
    | { readonly columns: readonly Column<Item>[] }
    | { readonly lines: (item: Item) => readonly string[] }
  /** Whether the view names the NameServer itself; otherwise each item does if several are asked. */
  readonly hasNamesrvColumn?: boolean
  /** What `-o name` prints for an item; nothing if it is empty. */
  readonly name: (item: Item) => string
  /** NameServers that failed while others responded. */
  readonly failures?: readonly Failure[]
  /** Whether the answer to what the command asks is no: exit code 1. */
  readonly isNo?: boolean
  /** Whether a change was made only in part: exit code 5. */
  readonly isPartial?: boolean
  /** For people, on stderr after the items: what is missing, what the NameServer does not have. */
  readonly notes?: readonly string[]
}

export interface OutputOptions {
  readonly format: Format
  readonly hasHead: boolean
  /** Columns of the terminal; undefined if stdout is not a terminal. */
  readonly columns: number | undefined
  /** Whether several NameServers are asked: tables then have a column for them. */
  readonly hasNamesrv: boolean
}

/** The text of a report for stdout. */
export function reportText<Item extends object>(report: Report<Item>, options: OutputOptions): string {
  const { items, failures = [] } = report
  switch (options.format) {
    case 'json':
      return `${visibleJson({ items, errors: failures.map(errorOf) }, 2)}\n`
    case 'yaml':
      return yaml({ items, errors: failures.map(errorOf) })
    case 'jsonl':
      return joined(
        [...items, ...failures.map((failure) => ({ error: errorOf(failure) }))].map((item) =>
          visibleJson(item),
        ),
      )
    case 'name':
      // Several NameServers, or rows, may have the same name.
      return joined([...new Set(items.map((item) => report.name(visibleStrings(item))))].filter(Boolean))
    default:
      return joined(peopleLines({ ...report, items: items.map(visibleStrings) }, options))
  }
}

function peopleLines<Item extends object>(
  { items, view, hasNamesrvColumn = false }: Report<Item>,
  { format, hasHead, columns, hasNamesrv }: OutputOptions,
): string[] {
  const isNamesrvAdded = hasNamesrv && !hasNamesrvColumn
  if ('lines' in view)
    return items.flatMap((item, index) => [
      ...(index > 0 ? [''] : []),
      ...(isNamesrvAdded ? [`NameServer ${namesrvOf(item)}`] : []),
      ...view.lines(item),
    ])
  if (items.length === 0) return []
  const isWide = format === 'wide'
  const namesrv: Column<Item> = { head: 'NAMESRV', cell: namesrvOf }
  return tableLines(items, isNamesrvAdded ? [namesrv, ...view.columns] : view.columns, {
    isWide,
    hasHead,
    maxWidth: isWide ? undefined : columns,
  })
}

function namesrvOf(item: object): string | null {
  return 'namesrv' in item && typeof item.namesrv === 'string' ? item.namesrv : null
}

/** `{code, message, namesrv}`, as JSON has it. */
export function errorOf({ namesrv, error }: { readonly namesrv?: string; readonly error: CommandError }): {
  readonly code: string
  readonly message: string
  readonly namesrv: string | null
} {
  return { code: error.code, message: error.message, namesrv: namesrv ?? null }
}

/** The text of a failed command for stdout: JSON formats have errors too. */
export function failureText(
  failures: readonly { readonly namesrv?: string; readonly error: CommandError }[],
  format: Format,
): string {
  const errors = failures.map(errorOf)
  const value = errors.length > 1 ? { error: errors[0], errors } : { error: errors[0] }
  if (format === 'json') return `${visibleJson(value, 2)}\n`
  if (format === 'yaml') return yaml(value)
  return format === 'jsonl' ? joined(errors.map((error) => visibleJson({ error }))) : ''
}

export function exitCodeOf({
  failures = [],
  isNo = false,
  isPartial = false,
}: Pick<Report<object>, 'failures' | 'isNo' | 'isPartial'>): ExitCode {
  // A NameServer that does not have what a person named has responded: no.
  if (isPartial || failures.some(({ error }) => error.code !== 'not_found')) return Exit.PARTIAL
  return isNo || failures.length > 0 ? Exit.NO : Exit.YES
}

/** The exit code if all fail: unreachable before denied before no; partial if some do not have what was named and others did not respond. */
export function worstOf(failures: readonly { readonly error: CommandError }[]): ExitCode {
  const codes = failures.map(({ error }) => error.exitCode)
  const isMissing = failures.some(({ error }) => error.code === 'not_found')
  if (isMissing && codes.includes(Exit.UNREACHABLE)) return Exit.PARTIAL
  const worst = [Exit.INTERRUPTED, Exit.USAGE, Exit.UNREACHABLE, Exit.DENIED]
  return worst.find((code) => codes.includes(code)) ?? Exit.NO
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
