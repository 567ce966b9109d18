import type { AdminError } from '../../admin/admin-error.ts'
import { exitCodeFor } from '../command-error.ts'
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
  readonly error: AdminError
}

/** A failure of a NameServer, or of the command line. */
export type CommandFailure = Omit<Failure, 'namesrv'> & Partial<Pick<Failure, 'namesrv'>>

/** What a command has found, for all formats. */
export interface Report<Item extends object> {
  /** One JSON object for each row or document. The member `namesrv` says which NameServer it comes from. */
  readonly items: readonly Item[]
  /** How people see an item: as a row of a table, or as lines of text, with an empty line between two items. */
  readonly view:
    | { readonly columns: readonly Column<Item>[] }
    | { readonly lines: (item: Item) => readonly string[] }
  /** When tables have a column for the NameServer of an item, and texts a line before it. Default: if several are asked. */
  readonly namesrv?: 'always' | 'never'
  /** What `-o name` prints for an item; nothing if it is empty. */
  readonly name: (item: Item) => string
  /** NameServers that failed while others responded. */
  readonly failures?: readonly Failure[]
  /** For people, on stderr, of a NameServer that responded without any item: `no brokers are registered`. */
  readonly none?: string
  /** Whether the answer to what the command asks is no: exit code 1. */
  readonly isNo?: boolean
  /** Whether a change was made only in part: exit code 5. */
  readonly isPartial?: boolean
  /** For people, on stderr after the items, by NameServer: what is missing, what the NameServer does not have. */
  readonly notes?: readonly string[]
}

export interface OutputOptions {
  readonly format: Format
  readonly hasHead: boolean
  /** Columns of the terminal; undefined if stdout is not a terminal. */
  readonly columns: number | undefined
  /** Whether several NameServers are asked. */
  readonly areSeveral: boolean
}

/** The text of a report for stdout. */
export function reportText<Item extends object>(report: Report<Item>, options: OutputOptions): string {
  const { items, failures = [] } = report
  switch (options.format) {
    case 'table':
    case 'wide':
      return joined(peopleLines({ ...report, items: items.map(visibleStrings) }, options))
    case 'name':
      // Several NameServers, or rows, may have the same name.
      return joined([...new Set(items.map((item) => report.name(visibleStrings(item))))].filter(Boolean))
    default:
      return programText(items, failures, options.format)
  }
}

/** The text of a failed command for stdout: programs get the same shape as from any other. */
export function failureText(failures: readonly CommandFailure[], format: Format): string {
  return format === 'table' || format === 'wide' || format === 'name' ? '' : programText([], failures, format)
}

function programText(
  items: readonly object[],
  failures: readonly CommandFailure[],
  format: 'json' | 'jsonl' | 'yaml',
): string {
  const errors = failures.map(errorOf)
  if (format === 'json') return `${visibleJson({ items, errors }, 2)}\n`
  if (format === 'yaml') return yaml({ items, errors })
  return joined([...items, ...errors.map((error) => ({ error }))].map((item) => visibleJson(item)))
}

function peopleLines<Item extends object>(
  { items, view, namesrv }: Report<Item>,
  { format, hasHead, columns, areSeveral }: OutputOptions,
): string[] {
  const hasNamesrv = namesrv === undefined ? areSeveral : namesrv === 'always'
  if ('lines' in view)
    return items.flatMap((item, index) => [
      ...(index > 0 ? [''] : []),
      ...(hasNamesrv ? [`NameServer ${namesrvOf(item)}`] : []),
      ...view.lines(item),
    ])
  if (items.length === 0) return []
  const isWide = format === 'wide'
  const column: Column<Item> = { head: 'NAMESRV', cell: namesrvOf }
  return tableLines(items, hasNamesrv ? [column, ...view.columns] : view.columns, {
    isWide,
    hasHead,
    maxWidth: isWide ? undefined : columns,
  })
}

/** The NameServer that an item comes from. */
export function namesrvOf(item: object): string | null {
  return 'namesrv' in item && typeof item.namesrv === 'string' ? item.namesrv : null
}

/** `{code, message, namesrv}`, as JSON has it. */
export function errorOf({ namesrv, error }: CommandFailure): {
  readonly code: string
  readonly message: string
  readonly namesrv: string | null
} {
  return { code: error.code, message: error.message, namesrv: namesrv ?? null }
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
export function worstOf(failures: readonly CommandFailure[]): ExitCode {
  const codes = failures.map(({ error }) => exitCodeFor(error))
  const isMissing = failures.some(({ error }) => error.code === 'not_found')
  if (isMissing && codes.includes(Exit.UNREACHABLE)) return Exit.PARTIAL
  const worst = [Exit.INTERRUPTED, Exit.USAGE, Exit.UNREACHABLE, Exit.DENIED]
  return worst.find((code) => codes.includes(code)) ?? Exit.NO
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
