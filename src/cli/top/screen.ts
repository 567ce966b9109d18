import { counted } from '../../common/counted.ts'
import { age, bytes } from '../output/amounts.ts'
import { cut } from '../output/width.ts'
import type { Rates, Sample } from './sample.ts'
import { type Line, SECTIONS } from './sections.ts'

/** What is known of the NameServer that is shown. */
export interface TopData {
  /** `host:port` */
  readonly address: string
  /** Undefined before the first one. */
  readonly sample: Sample | undefined
  readonly rates: Rates | undefined
  /** Why it cannot be asked; undefined if it can. */
  readonly problem: string | undefined
}

/** What the keys have chosen. */
export interface TopState {
  /** Which of the NameServers. */
  readonly server: number
  readonly section: number
  /** The order of each section. */
  readonly sorts: readonly number[]
  readonly filter: string
  /** Whether keys go to the filter. */
  readonly isTyping: boolean
  readonly isPaused: boolean
  readonly isHelp: boolean
  /** Lines above the first one that is shown. */
  readonly scrolled: number
}

export const INITIAL_STATE: TopState = {
  server: 0,
  section: 0,
  sorts: SECTIONS.map(() => 0),
  filter: '',
  isTyping: false,
  isPaused: false,
  isHelp: false,
  scrolled: 0,
}

/** A key, as `readline` has it. */
export interface Key {
  readonly name?: string | undefined
  readonly ctrl?: boolean | undefined
  /** What it sends. */
  readonly sequence?: string | undefined
}

const PAGE_ROWS = 10

/**
 * What a key does.
 * @param maxScrolled - As {@link maxScrolledOf} has it.
 * @returns The new state, or `quit`.
 */
export function pressed(
  state: TopState,
  key: Key,
  maxScrolled = Number.POSITIVE_INFINITY,
): TopState | 'quit' {
  const { name, ctrl = false, sequence = '' } = key
  if (ctrl && (name === 'c' || name === 'd')) return 'quit'
  if (state.isTyping) return typed(state, key)
  if (state.isHelp) return { ...state, isHelp: false }
  const scroll = (rows: number): TopState => {
    const scrolled = Math.min(state.scrolled, maxScrolled) + rows
    return { ...state, scrolled: Math.max(0, Math.min(scrolled, maxScrolled)) }
  }
  const showSection = (section: number): TopState => ({ ...state, section, scrolled: 0 })
  switch (name ?? sequence) {
    case 'q':
      return 'quit'
    case 'tab':
      return showSection((state.section + 1) % SECTIONS.length)
    case 's':
      return { ...state, sorts: state.sorts.map((sort, at) => (at === state.section ? sort + 1 : sort)) }
    case 'p':
      return { ...state, isPaused: !state.isPaused }
    case 'n':
      return { ...state, server: state.server + 1, scrolled: 0 }
    case 'escape':
      return { ...state, filter: '', scrolled: 0 }
    case 'up':
      return scroll(-1)
    case 'down':
      return scroll(1)
    case 'pageup':
      return scroll(-PAGE_ROWS)
    case 'pagedown':
      return scroll(PAGE_ROWS)
  }
  if (sequence === '/') return { ...state, isTyping: true }
  if (sequence === '?') return { ...state, isHelp: true }
  const section = Number(sequence) - 1
  return sequence !== '' && SECTIONS[section] !== undefined ? showSection(section) : state
}

const MAX_FILTER = 100

function typed(state: TopState, { name, ctrl = false, sequence = '' }: Key): TopState {
  const { filter } = state
  if (name === 'return' || name === 'enter') return { ...state, isTyping: false }
  if (name === 'escape') return { ...state, isTyping: false, filter: '' }
  if (name === 'backspace') return { ...state, filter: [...filter].slice(0, -1).join('') }
  const isText = !ctrl && [...sequence].length === 1 && /^[^\p{C}]$/u.test(sequence)
  return isText && filter.length < MAX_FILTER ? { ...state, filter: filter + sequence, scrolled: 0 } : state
}

/** What a terminal has room for. */
interface Size {
  readonly columns: number
  readonly rows: number
}

/** The lines of a screen of that size. */
export function screenLines(state: TopState, data: TopData, size: Size): Line[] {
  const { columns, rows } = size
  const foot = footLine(state)
  const head = [...headLines(data), tabsLine(state, data)]
  const room = roomOf(head, size)
  const body = state.isHelp ? HELP : bodyLines(state, sectionRows(state, data, size), room)
  const all = [...head, ...body.slice(0, room)]
  while (all.length < rows - 1) all.push({ text: '' })
  return [...all.slice(0, rows - 1), foot].map(({ text, colour }) => ({ text: cut(text, columns), colour }))
}

/** Lines between the head and the foot. */
function roomOf(head: readonly Line[], { rows }: Size): number {
  return Math.max(0, rows - head.length - 1)
}

/** Lines of the section above its last page. */
export function maxScrolledOf(state: TopState, data: TopData, size: Size): number {
  const room = roomOf([...headLines(data), tabsLine(state, data)], size)
  return linesBefore(sectionRows(state, data, size), room)
}

/** Lines that the last page leaves out. */
function linesBefore(rows: readonly (readonly Line[])[], room: number): number {
  return Math.max(0, rows.flat().length - room)
}

/** All of it in one frame, without a terminal. */
export function frameLines(data: TopData, maxRows: number, columns: number | undefined): Line[] {
  const { sample } = data
  const lines = headLines(data)
  if (sample === undefined) return lines
  for (const section of SECTIONS) {
    const [head, ...rows] = section.rows(sample, { filter: '', sort: 0, width: columns })
    const title = { text: `${section.title} (${rows.length})`, colour: 'cyan' } as const
    lines.push({ text: '' }, title)
    if (head === undefined || rows.length === 0) continue
    lines.push(...head, ...rows.slice(0, maxRows).flat())
    if (rows.length > maxRows) lines.push({ text: `… and ${rows.length - maxRows} more` })
  }
  return columns === undefined
    ? lines
    : lines.map(({ text, colour }) => ({ text: cut(text, columns), colour }))
}

function headLines(data: TopData): Line[] {
  const { address, sample, rates } = data
  const verdict = verdictOf(data)
  const lines: Line[] = [{ text: `${address}  ${verdict.text}`, colour: verdict.colour }]
  if (sample === undefined) return lines
  const { tables, version, versionName, uptimeSeconds, limits = [], process, time } = sample.status
  const connections = limits.find(({ key }) => key === 'maxConnections')?.used ?? null
  lines.push({
    text: joined([
      version === undefined ? `RocketMQ ${versionName}` : `mqnamesrv ${version}`,
      uptimeSeconds !== undefined && `up ${age(uptimeSeconds * 1_000)}`,
      `${counted(tables.brokers, 'broker')} in ${counted(tables.brokerGroups, 'group')}`,
      counted(tables.topics, 'topic'),
      connections !== null && counted(connections, 'connection'),
    ]),
  })
  // Of another NameServer nothing more is known.
  if (process === undefined) return lines
  lines.push({
    text: joined([
      `lookups ${rateText(rates?.lookups)}`,
      `misses ${rateText(rates?.lookupsWithoutRoute)}`,
      `registrations ${rateText(rates?.registrations)}`,
      `requests ${rateText(rates?.requests)}`,
    ]),
  })
  lines.push({
    text: joined([
      `memory ${bytes(process.residentBytes)}`,
      `event loop delay ${process.eventLoopDelayMs.toFixed(1)} ms`,
      time !== undefined && `${time.slice(0, 19)}Z`,
    ]),
  })
  return lines
}

function verdictOf({ sample, problem }: TopData): Line {
  if (problem !== undefined) return { text: `unreachable: ${problem}`, colour: 'red' }
  if (sample === undefined) return { text: 'connecting …' }
  const { ready, checks = [], findings, provisional } = sample.status
  if (ready === undefined || findings === undefined)
    return {
      text: 'not mqnamesrv, or it denies its views to this command: only brokers and topics are known',
    }
  if (!ready)
    return { text: `not ready: ${checks.flatMap((check) => check.problem ?? []).join('; ')}`, colour: 'red' }
  const worst = (['critical', 'warning', 'info'] as const).filter((severity) => findings[severity] > 0)
  const restored = provisional === true ? ', routes of the snapshot' : ''
  if (worst.length === 0) return { text: `healthy${restored}`, colour: 'green' }
  const colour = worst[0] === 'critical' ? 'red' : worst[0] === 'warning' ? 'yellow' : 'green'
  return {
    text: `ready${restored}, findings: ${worst.map((severity) => `${findings[severity]} ${severity}`).join(', ')}`,
    colour,
  }
}

function rateText(rate: number | undefined): string {
  if (rate === undefined) return '-/s'
  return `${rate === 0 || rate >= 100 ? Math.round(rate) : rate.toFixed(1)}/s`
}

function joined(parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false).join('   ')
}

function tabsLine({ section: chosen, filter, isPaused }: TopState, { sample }: TopData): Line {
  const tabs = SECTIONS.map(({ title, count }, index) => {
    const text = `${index + 1} ${title} (${sample === undefined ? 0 : count(sample)})`
    return index === chosen ? `[${text}]` : ` ${text} `
  })
  const marks = [...(filter === '' ? [] : [`filter: ${filter}`]), ...(isPaused ? ['PAUSED'] : [])]
  return { text: [...tabs, ...marks].join(' '), colour: 'cyan' }
}

function bodyLines({ scrolled }: TopState, rows: readonly (readonly Line[])[], room: number): Line[] {
  const [head = [], ...others] = rows
  // The list may have become shorter.
  return [...head, ...others.flat().slice(Math.min(scrolled, linesBefore(rows, room)))]
}

/** The lines of the head and of all rows of the section. */
function sectionRows(
  { section: chosen, sorts, filter }: TopState,
  { sample }: TopData,
  { columns }: Size,
): Line[][] {
  const section = SECTIONS[chosen]
  if (sample === undefined || section === undefined) return []
  return section.rows(sample, { filter, sort: sorts[chosen] ?? 0, width: columns })
}

function footLine({ isTyping, isHelp, filter, section: chosen, sorts }: TopState): Line {
  if (isTyping) return { text: `/${filter}█` }
  if (isHelp) return { text: 'any key: back', colour: 'dim' }
  const orders = SECTIONS[chosen]?.orders ?? []
  const order = orders[(sorts[chosen] ?? 0) % orders.length] ?? ''
  return { text: `q quit  tab section  s sort (${order})  / filter  p pause  ? help`, colour: 'dim' }
}

const HELP: readonly Line[] = [
  'q, Ctrl-C            quit',
  'tab, 1 to 4          next section, or that one',
  's                    next order of the section',
  '/ TEXT enter         only rows with the text; escape shows all again',
  'up, down, page keys  scroll',
  'p                    pause, and go on',
  'n                    next NameServer of -n',
].map((text) => ({ text: `  ${text}` }))
