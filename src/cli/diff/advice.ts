import { shellWord } from '../../inspect/commands.ts'
import type { Difference } from '../../inspect/compare/differences.ts'
import { Perm } from '../../protocol/body/topic-config.ts'
import { firstNames } from '../output/amounts.ts'
import { MAX_ROWS } from './rows.ts'

/** Whether a broker may have a writable topic at the NameServer with this index. */
export type HasWritableTopic = (broker: string, index: number) => boolean

/**
 * Which broker to look at, and for what: one line for each broker that is not registered alike, otherwise one for its permissions
 * and one for its topics.
 * @param addresses - Of the NameServers, in the order of the values.
 * @param hasWritableTopic - Asked of {@link readOnlyBrokers} only.
 */
export function adviceOn(
  differences: readonly Difference[],
  addresses: readonly string[],
  hasWritableTopic: HasWritableTopic,
): string[] {
  const byBroker = new Map<string, Difference[]>()
  for (const difference of differences) {
    for (const broker of difference.brokers) {
      const list = byBroker.get(broker)
      if (list === undefined) byBroker.set(broker, [difference])
      else list.push(difference)
    }
  }
  const lines = [...byBroker].flatMap(([broker, list]) =>
    brokerAdvice(broker, list, addresses, hasWritableTopic),
  )
  const left = lines.length - MAX_ROWS
  const all = left > 0 ? [...lines.slice(0, MAX_ROWS), `… and ${left} more lines like these`] : lines
  if (differences.some(({ kind }) => kind === 'kv'))
    all.push('key-value entries: NameServers do not copy them, set them at each (mqnamesrv kv set)')
  if (differences.some(({ kind }) => kind === 'config'))
    all.push('configuration: set it at each NameServer (mqnamesrv config set)')
  return all
}

/** Brokers with topics that are read-only at the NameServer with this index and writable at another one. */
export function readOnlyBrokers(differences: readonly Difference[], index: number): ReadonlySet<string> {
  const readOnly = differences.filter((each) => isWiped(each) && hasWrite(each.values[index]) === false)
  return new Set(readOnly.flatMap(({ brokers }) => brokers))
}

function brokerAdvice(
  broker: string,
  list: readonly Difference[],
  addresses: readonly string[],
  hasWritableTopic: HasWritableTopic,
): string[] {
  const first = list.find(({ topic }) => topic === null)
  if (first !== undefined) return [registrationAdvice(broker, first, addresses)]
  const lines: string[] = []
  const byPlaces = new Map<string, Difference[]>()
  for (const each of list.filter(isWiped)) {
    const places = each.values.map(hasWrite).join()
    byPlaces.set(places, [...(byPlaces.get(places) ?? []), each])
  }
  for (const alike of byPlaces.values())
    lines.push(permissionAdvice(broker, alike, addresses, hasWritableTopic))
  const topics = new Set(list.filter((each) => !isWiped(each)).map(({ topic }) => topic))
  if (topics.size > 0)
    lines.push(
      `${broker} is registered with all of them, but ${topics.size} of its topics ${topics.size === 1 ? 'differs' : 'differ'}: deleted or changed at one NameServer only, or its last registration did not reach all; it registers topics again when one is changed on it`,
    )
  return lines
}

/** Of topics that are read-only at the same NameServers. */
function permissionAdvice(
  broker: string,
  alike: readonly Difference[],
  addresses: readonly string[],
  hasWritableTopic: HasWritableTopic,
): string {
  const [readOnly = [], writable = []] = [false, true].map((isWritable) =>
    addresses.filter((_, index) => hasWrite(alike[0]?.values[index]) === isWritable),
  )
  // A wipe concerns all topics of a broker, and so does what undoes it.
  const isWhole = !readOnly.some((address) => hasWritableTopic(broker, addresses.indexOf(address)))
  const topics = alike.map(({ topic }) => topic ?? '')
  const [what, why] = isWhole
    ? ['', ': wiped there?']
    : [` for ${firstNames(topics)}`, ': the broker registers it so, or it was wiped or restored']
  // Names come from peers: a command is for pasting into a shell.
  const word = shellWord(isWhole ? broker : (topics[0] ?? ''))
  const words = isWhole ? 'broker restore-write' : 'topic explain'
  const command = word === null ? '' : ` (mqnamesrv ${words} ${word} -n "${readOnly.join(';')}")`
  return `${broker} has no write permission${what} at ${joined(readOnly)} and has it at ${joined(writable)}${why}${command}`
}

function registrationAdvice(
  broker: string,
  { kind, subject, values }: Difference,
  addresses: readonly string[],
): string {
  const at = values
    .flatMap((value, index) => (value == null ? [] : [`${value} at ${addresses[index]}`]))
    .join(', ')
  switch (kind) {
    case 'broker_missing': {
      const [has, lacks] = [false, true].map((isMissing) =>
        addresses.filter((_, index) => values[index] !== undefined && (values[index] === null) === isMissing),
      )
      const value = values.find((each) => each != null)
      return `${subject} (${value}) is registered with ${joined(has)} and not with ${joined(lacks)}: check namesrvAddr of ${broker}, and its connection to ${joined(lacks)}`
    }
    case 'broker_address':
      return `${subject} is ${at}: check brokerIP1 of ${broker}, and whether two brokers have this name and id`
    case 'broker_id':
      return `${subject} has id ${at}: check brokerId of ${broker}, and its connection to each NameServer`
    default:
      return `${subject} is ${at}: check the configuration of ${broker}, and whether two brokers share this name`
  }
}

function isWiped({ kind, values }: Difference): boolean {
  if (kind !== 'permission') return false
  const writable = values.map(hasWrite)
  return writable.includes(true) && writable.includes(false)
}

/** Whether a permission includes writing; undefined without a permission. */
function hasWrite(value: string | null | undefined): boolean | undefined {
  return value == null ? undefined : (Number(value) & Perm.WRITE) !== 0
}

function joined(addresses: readonly string[] = []): string {
  return addresses.join(', ')
}
