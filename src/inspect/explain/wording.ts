import { visible } from '../../common/visible.ts'
import type { UnregisterReason } from '../../routeinfo/route-changes.ts'
import type { Departure } from '../history/route-history.ts'
import { dateOf, type InspectSources } from '../sources.ts'

/** Clocks by which sentences name times. */
export type Clocks = Pick<InspectSources, 'nowMs' | 'dateMs'>

/** Names in a sentence. */
const MAX_NAMES = 4
/** Longer names are cut in sentences; those of topics have at most 127 characters. */
const MAX_CHARACTERS = 127

/** A moment of the monotonic clock in a sentence: `at 2026-11-28T14:03:05Z`. */
export function at(momentMs: number, clocks: Clocks): string {
  return `at ${dateOf(momentMs, clocks).replace(/\.\d+Z$/, 'Z')}`
}

/** A name in a sentence: in quotes if it has more than letters and signs of ASCII, and invisible characters as escapes. */
export function name(text: string): string {
  const shown = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text
  if (/^[\x21-\x7e…\p{L}\p{N}]+$/u.test(shown) && visible(shown) === shown) return shown
  return `"${visible(shown.replace(/["\\]/g, '\\$&'))}"`
}

/** Names as a list in a sentence. */
export function names(all: readonly string[]): string {
  return list(all.map(name))
}

/** `a, b and c`; beyond the first ones a number. */
export function list(all: readonly string[]): string {
  const shown = all.slice(0, MAX_NAMES)
  if (all.length > MAX_NAMES) return `${shown.join(', ')} and ${all.length - MAX_NAMES} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}

/** Why a broker is not registered any more, after its name. */
const CAUSES: Readonly<Record<UnregisterReason | 'role changed', string>> = {
  request: 'unregistered by its own request, as a broker does that is stopped',
  renamed: 'registered again under another brokerName',
  'connection lost': 'lost its connection to this server (killed, crashed or network failure)',
  'disconnected by operator': 'was removed because an operator closed its connection (mqnamesrv conn kick)',
  expired: 'expired (no heartbeat within its timeout)',
  unreachable: 'was removed (no heartbeats, and its address accepted no connection)',
  'not returned': 'did not register again after the restart of this server',
  'not listed': 'disappeared from the lists of the observed NameServer, which does not say why',
  'role changed': 'became a slave',
}

/** Why a broker left, after its name. */
export function causeText(cause: keyof typeof CAUSES): string {
  return CAUSES[cause]
}

/** `broker-a at 10.0.0.1:10911 (id 0)`. */
export function memberText({
  brokerName,
  brokerAddr,
  brokerId,
}: Pick<Departure, 'brokerName' | 'brokerAddr' | 'brokerId'>): string {
  return `${name(brokerName)} at ${name(brokerAddr)}${brokerId === undefined ? '' : ` (id ${brokerId})`}`
}
