import type { NameServer } from '../../admin/name-server.ts'
import { cutText } from '../../common/log-throttle.ts'
import { type ComparedValue, DIFFERENCE_KINDS, type Difference } from '../../inspect/compare/differences.ts'
import { withWritableTopics } from '../client/writable-topics.ts'
import { AllFailedError, CommandError } from '../command-error.ts'
import { adviceOn, readOnlyBrokers } from '../diff/advice.ts'
import { Comparison, ComparisonFailedError, type ComparisonOptions } from '../diff/comparison.ts'
import { MAX_ROWS, rowsOf } from '../diff/rows.ts'
import { firstNames } from '../output/amounts.ts'
import type { Failure } from '../output/report.ts'
import type { CommandContext, CommandWorld, Run } from '../run-command.ts'

/** Before what differs is asked for again: a broker registers with all NameServers, but not at the same moment. */
const SETTLING_MS = 1_000
/** Delay until progress is first shown, in milliseconds. */
const PROGRESS_AFTER_MS = 1_000
/** Min interval of progress updates, in milliseconds. */
const PROGRESS_EVERY_MS = 100
/** Longer subjects and values are cut in tables. */
const MAX_CELL_CHARACTERS = 80

/** `diff`: compares NameServers entry by entry. */
export const run: Run = async (context) => {
  const { servers, values, format } = context
  if (servers.length < 2)
    throw new CommandError('usage', 'diff compares two or more NameServers: mqnamesrv diff a:9876 b:9876')
  const options = {
    pattern: patternOf(values['topics']),
    sampleSize: sampleSizeOf(values['sample']),
    onProgress: progressOf(context),
  }
  const { compared, failures, differences, notes } = await compareReachable(context, options).finally(() =>
    context.progress(''),
  )
  const addresses = compared.map(({ address }) => address)
  const writable = await Promise.all(
    compared.map((server, index) => withWritableTopics(server, readOnlyBrokers(differences, index), context)),
  )
  const isTable = format === 'table' || format === 'wide'
  const rows = isTable && values['all'] !== true ? rowsOf(differences) : differences
  const shown = isTable && values['all'] !== true ? rows.slice(0, MAX_ROWS) : rows
  return {
    items: shown.map((difference) => itemOf(difference, addresses)),
    failures,
    isNo: differences.length > 0,
    notes: [
      ...(differences.length === 0 ? [`no differences between ${addresses.join(', ')}`] : []),
      ...(shown.length < differences.length
        ? [countsOf({ differences: differences.length, rows: rows.length, shown: shown.length })]
        : []),
      ...adviceOn(differences, addresses, (broker, index) => writable[index]?.has(broker) === true),
      ...notes,
    ],
    view: {
      columns: [
        { head: 'KIND', cell: ({ kind }: Item) => kind },
        { head: 'SUBJECT', cell: ({ subject }: Item) => cutText(subject, MAX_CELL_CHARACTERS) },
        ...addresses.map((address) => ({
          head: address,
          cell: ({ values }: Item) => cellOf(values[address]),
        })),
      ],
    },
    namesrv: 'never',
    name: ({ subject }: Item) => subject,
  }
}

function countsOf(counts: {
  readonly differences: number
  readonly rows: number
  readonly shown: number
}): string {
  const { differences, rows, shown } = counts
  const cut = shown < rows ? `, ${shown} shown` : ''
  return `${differences} differences in ${rows} ${rows === 1 ? 'row' : 'rows'}${cut}: --all shows each`
}

/** A difference as JSON has it. */
interface Item extends Omit<Difference, 'values'> {
  /** By address; null where it is missing, absent where that is unknown or does not apply. */
  readonly values: Readonly<Record<string, ComparedValue>>
}

function itemOf(difference: Difference, addresses: readonly string[]): Item {
  const known = addresses.flatMap((address, index) => {
    const value = difference.values[index]
    return value === undefined ? [] : [[address, value] as const]
  })
  return { ...difference, values: Object.fromEntries(known) }
}

function cellOf(value: ComparedValue): string | null {
  return value === undefined ? '?' : value && cutText(value, MAX_CELL_CHARACTERS)
}

interface Compared {
  readonly differences: readonly Difference[]
  readonly notes: readonly string[]
}

/** Compares those that respond. @throws {AllFailedError} (rejects) Fewer than two do. */
async function compareReachable(
  { servers, world }: CommandContext,
  options: ComparisonOptions,
): Promise<Compared & { readonly compared: readonly NameServer[]; readonly failures: readonly Failure[] }> {
  const failures: Failure[] = []
  for (;;) {
    const compared = servers.filter(({ address }) => !failures.some(({ namesrv }) => namesrv === address))
    if (compared.length < 2) throw new AllFailedError(failures)
    try {
      return { ...(await compareTwice(new Comparison(compared, options), world)), compared, failures }
    } catch (error) {
      if (!(error instanceof ComparisonFailedError)) throw error
      failures.push(...error.failures)
    }
  }
}

/** What differs twice counts. */
async function compareTwice(comparison: Comparison, { pause }: CommandWorld): Promise<Compared> {
  const first = await comparison.run()
  if (first.list.length === 0) return { differences: [], notes: [...comparison.notes] }
  await pause(SETTLING_MS, new AbortController().signal)
  const before = new Map(first.list.map((each) => [keyOf(each), JSON.stringify(each.values)]))
  const topics = new Set(first.list.flatMap(({ topic }) => topic ?? []))
  const second = await comparison.run(topics)
  const differences = second.list.filter((each) => before.has(keyOf(each))).sort(byKindAndSubject)
  const moved = second.list.filter((each) => before.get(keyOf(each)) !== JSON.stringify(each.values))
  const settled = first.list.length - differences.length
  const notes = [...comparison.notes]
  if (settled > 0) notes.push(`${settled} differences were gone after ${SETTLING_MS} ms and do not count`)
  if (moved.length > 0)
    notes.push(
      `still changing: ${firstNames(moved.map(({ subject }) => cutText(subject, MAX_CELL_CHARACTERS)))}`,
    )
  return { differences, notes }
}

function keyOf({ kind, subject }: Difference): string {
  return `${kind} ${subject}`
}

function byKindAndSubject(a: Difference, b: Difference): number {
  const kinds = DIFFERENCE_KINDS.indexOf(a.kind) - DIFFERENCE_KINDS.indexOf(b.kind)
  if (kinds !== 0) return kinds
  return a.subject < b.subject ? -1 : 1
}

function progressOf({ progress }: CommandContext): ComparisonOptions['onProgress'] {
  let nextMs = performance.now() + PROGRESS_AFTER_MS
  return (done, all) => {
    if (performance.now() < nextMs) return
    nextMs = performance.now() + PROGRESS_EVERY_MS
    progress(`compared ${done} of ${all} topics`)
  }
}

/** @throws {CommandError} `usage` */
function patternOf(text: unknown): RegExp | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return new RegExp(text, 'u')
  } catch {
    throw new CommandError('usage', `--topics ${JSON.stringify(text)} is not a valid regular expression`)
  }
}

/** @throws {CommandError} `usage` */
function sampleSizeOf(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new CommandError('usage', `--sample ${JSON.stringify(text)} is not a number of topics`)
}
