import type { ServerEvent } from '../client/event-feed.ts'
import type { Finding, Miss } from '../client/views.ts'
import { age, shortTime } from '../output/amounts.ts'
import { type Column, tableRows } from '../output/table.ts'
import type { Colour } from '../run-command.ts'
import type { Broker, Sample } from './sample.ts'

/** A line of the screen. */
export interface Line {
  readonly text: string
  readonly colour?: Colour | undefined
}

/** How a section is shown. */
export interface SectionOptions {
  /** Only rows in which it occurs, in upper or lower case. */
  readonly filter: string
  /** Which of the section's orders. */
  readonly sort: number
  /** Columns of the terminal; undefined without a terminal. */
  readonly width: number | undefined
}

/** A list of the screen. */
export interface Section {
  readonly title: string
  /** Names of its orders, the first one by default. */
  readonly orders: readonly string[]
  /** Rows before the filter. */
  readonly count: (sample: Sample) => number
  /** The lines of the head and of each row. */
  readonly rows: (sample: Sample, options: SectionOptions) => Line[][]
}

type Order<Row> = (a: Row, b: Row) => number

function section<Row extends object>(given: {
  readonly title: string
  readonly rows: (sample: Sample) => readonly Row[]
  /** @param nowMs - By the clock of the server. */
  readonly columns: (nowMs: number) => readonly Column<Row>[]
  readonly orders: Readonly<Record<string, Order<Row>>>
  readonly colourOf: (row: Row) => Colour | undefined
}): Section {
  const { title, rows, columns, orders, colourOf } = given
  const all = Object.entries(orders)
  return {
    title,
    orders: all.map(([name]) => name),
    count: (sample) => rows(sample).length,
    rows: (sample, { filter, sort, width }) => {
      const shown = columns(Date.parse(sample.status.time ?? ''))
      const wanted = filter.toLowerCase()
      const found = rows(sample).filter((row) =>
        shown.some(({ cell }) => `${cell(row) ?? ''}`.toLowerCase().includes(wanted)),
      )
      const order = all[sort % all.length]?.[1]
      // The server's own order comes first, and is kept among equal rows.
      const sorted = order === undefined ? found : [...found].sort(order)
      const texts = tableRows(sorted, shown, { isWide: false, hasHead: true, maxWidth: width })
      return texts.map((lines, index) => {
        const row = sorted[index - 1]
        const colour = row === undefined ? 'bold' : colourOf(row)
        return lines.map((text) => ({ text, colour }))
      })
    },
  }
}

function byText<Row>(textOf: (row: Row) => string): Order<Row> {
  return (a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0)
}

/** The largest first. */
function byNumber<Row>(numberOf: (row: Row) => number | null): Order<Row> {
  return (a, b) => (numberOf(b) ?? -1) - (numberOf(a) ?? -1)
}

const SEVERITY_COLOURS: Readonly<Record<Finding['severity'], Colour>> = {
  critical: 'red',
  warning: 'yellow',
  info: 'cyan',
}

export const SECTIONS: readonly Section[] = [
  section<Broker>({
    title: 'Brokers',
    rows: ({ brokers }) => brokers,
    columns: () => [
      { head: 'CLUSTER', cell: ({ clusters }) => clusters.join(',') },
      { head: 'BROKER', cell: ({ brokerName }) => brokerName },
      { head: 'ID', cell: ({ brokerId }) => brokerId, align: 'right' },
      { head: 'ADDRESS', cell: ({ address }) => address },
      { head: 'STATE', cell: ({ state }) => state },
      { head: 'HEARTBEAT', cell: ({ heartbeatAgeMs }) => age(heartbeatAgeMs), align: 'right' },
      { head: 'TOPICS', cell: ({ registeredTopics }) => registeredTopics, align: 'right' },
      { head: 'VERSION', cell: ({ versionName }) => versionName },
    ],
    orders: {
      name: () => 0,
      heartbeat: byNumber(({ heartbeatAgeMs }) => heartbeatAgeMs),
      topics: byNumber(({ registeredTopics }) => registeredTopics),
      version: byText(({ versionName }) => versionName ?? ''),
    },
    colourOf: ({ state }) => (state === null || state === 'alive' ? undefined : 'yellow'),
  }),
  section<Miss>({
    title: 'Misses',
    rows: ({ misses }) => misses,
    columns: (nowMs) => [
      { head: 'TOPIC', cell: ({ topic }) => topic },
      { head: 'LOOKUPS', cell: ({ count }) => count, align: 'right' },
      { head: 'LAST', cell: ({ lastSeen }) => age(nowMs - Date.parse(lastSeen)), align: 'right' },
      { head: 'ROUTE NOW', cell: ({ routeSince }) => (routeSince === null ? 'no' : 'yes') },
      {
        head: 'CLIENTS',
        cell: ({ clients }) => clients.map(({ address }) => address).join(', '),
        isWrapped: true,
      },
      { head: 'SIMILAR', cell: ({ similar }) => similar.map(({ name }) => name).join(', ') },
    ],
    orders: {
      lookups: () => 0,
      last: byNumber(({ lastSeen }) => Date.parse(lastSeen)),
      topic: byText(({ topic }) => topic),
    },
    colourOf: ({ routeSince }) => (routeSince === null ? undefined : 'dim'),
  }),
  section<Finding>({
    title: 'Findings',
    rows: ({ findings }) => findings,
    columns: (nowMs) => [
      { head: 'SEVERITY', cell: ({ severity }) => severity },
      { head: 'RULE', cell: ({ rule }) => rule },
      { head: 'SUBJECT', cell: ({ subject }) => subject },
      { head: 'SINCE', cell: ({ since }) => age(nowMs - Date.parse(since)), align: 'right' },
      { head: 'TEXT', cell: ({ text }) => text, isWrapped: true },
    ],
    orders: {
      severity: () => 0,
      since: byText(({ since }) => since),
      subject: byText(({ subject }) => subject),
    },
    colourOf: ({ severity }) => SEVERITY_COLOURS[severity],
  }),
  section<ServerEvent>({
    title: 'Events',
    rows: ({ events }) => events,
    columns: (nowMs) => [
      { head: 'TIME', cell: ({ time }) => shortTime(time, nowMs) },
      { head: 'KIND', cell: ({ kind }) => kind },
      { head: 'SUBJECT', cell: ({ subject }) => subject },
      { head: 'TEXT', cell: ({ text }) => text, isWrapped: true },
    ],
    orders: {
      time: () => 0,
      kind: byText(({ kind }) => kind),
      subject: byText(({ subject }) => subject),
    },
    colourOf: () => undefined,
  }),
]
