import { type JavaJson, parseJavaJson } from './java-json.ts'
import type { AdminOutput } from './mqadmin.ts'

/** What 5.x prints on stdout about its own logging, the first time it logs; an empty line ends it. */
const LOGBACK_STATUS = /(?:^.*\|-(?:INFO|WARN) in .*\n)+\n?/gm
/** The columns #Hour and #SPACE of clusterList, measured by the broker at the moment of the call. */
const MEASURED_COLUMNS = /\b\d+\.\d\d( +)[01]\.\d{4}\b/g
/** How far the broker's timer messages are behind, in #Timer(Progress) of clusterList. */
const TIMER_LAG = / +\d+-\d+(?=\(\d+\.\dw, )/g

/** Items of a NameServer's configuration that are its own: its folders and its port. */
const PLACES = /^(rocketmqHome|kvConfigPath|configStorePath|listenPort)( *= *).*$/gm

/** How the order of an output is no part of what it says: not at all, as lines, or as the arrays of a JSON text. */
export type Unordered = 'nothing' | 'lines' | 'json arrays'

/** What a command printed on stdout, without what the tool says of its own logging. */
export function withoutLogbackStatus(stdout: string): string {
  return stdout.replaceAll(LOGBACK_STATUS, '')
}

/** What a command printed, without what must differ between two NameServers and two moments. */
export function normalize(
  { stdout, stderr }: AdminOutput,
  nameServer: string,
  unordered: Unordered = 'nothing',
): { readonly stdout: unknown; readonly stderr: string } {
  const common = (text: string) => text.replaceAll(nameServer, '<name server>')
  const text = common(withoutLogbackStatus(stdout))
    .replaceAll(MEASURED_COLUMNS, '<hour>$1<space>')
    .replaceAll(TIMER_LAG, ' <timer lag>')
    .replaceAll(PLACES, '$1$2<place>')
  return { stdout: sorters[unordered](text), stderr: common(stderr) }
}

const sorters: Readonly<Record<Unordered, (text: string) => unknown>> = {
  nothing: (text) => text,
  lines: (text) => text.split('\n').sort(),
  'json arrays': (text) => withSortedArrays(parseJavaJson(text)),
}

function withSortedArrays(value: JavaJson): JavaJson {
  if (value === null || typeof value !== 'object') return value
  if (!Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withSortedArrays(each)]))
  }
  const keyOf = (each: JavaJson) => JSON.stringify(each)
  return value.map(withSortedArrays).sort((a, b) => keyOf(a).localeCompare(keyOf(b)))
}
