import type { Steps } from '../common/time-slicer.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import { MASTER_ID, type QueueData } from '../protocol/body/topic-route-data.ts'
import { FirstNames, firstNamesOf, objectOf, quoted } from './view.ts'
import { ViewError } from './view-error.ts'

/** The routes, of this server or of another one. */
export interface ImpactRoutes {
  group(brokerName: string): { readonly brokerAddrs: ReadonlyMap<bigint, string> } | undefined
  /** Topics with their queues by broker name. */
  topics(): Iterable<readonly [string, ReadonlyMap<string, QueueData>]>
  /** The mappings of a static topic by broker name. */
  mappings(topic: string): ReadonlyMap<string, unknown> | undefined
  /** Whether the queues are restored ones: their broker may not return. */
  isProvisional(topic: string, brokerName: string): boolean
}

/** Order configurations of topics, `broker-a:4;broker-b:4`. */
export type OrderConfigs = ReadonlyMap<string, string | null>

/** What stops. */
export interface Stopping {
  readonly brokerName: string
  /** One member of the group; null for the whole group. */
  readonly address: string | null
  /** Max names in each list. */
  readonly limit: number
}

/** What clients would lose. */
export interface Impact {
  /** Addresses of the brokers that would stop. */
  readonly stops: readonly string[]
  readonly losesMaster: boolean
  readonly lastWritable: FirstNames
  readonly lastReadable: FirstNames
  readonly provisionalElsewhere: FirstNames
  readonly orderedTopics: FirstNames
  readonly staticTopics: FirstNames
}

export const IMPACT_SCHEMA = objectOf({
  stops: {
    type: 'array',
    items: { type: 'string' },
    description: 'Addresses of the brokers that would stop',
  },
  losesMaster: { type: 'boolean', description: 'Whether the master of the group is among them' },
  lastWritable: firstNamesOf('Topics that producers could no longer send to'),
  lastReadable: firstNamesOf('Topics that consumers could no longer read'),
  provisionalElsewhere: firstNamesOf(
    'Of these, topics that other brokers have, but only provisionally: they have not registered again since the restart',
  ),
  orderedTopics: firstNamesOf('Topics whose order configuration names the group'),
  staticTopics: firstNamesOf('Static topics with logical queues on the group'),
})

/**
 * What clients would lose if a broker group, or one member of it, stopped. Producers send to masters; consumers read from slaves too.
 * @throws {ViewError} `ERR_NOT_FOUND` if the address is not a member.
 */
export function* impactOf(
  view: ImpactRoutes,
  orderConfigs: OrderConfigs,
  { brokerName, address, limit }: Stopping,
): Steps<Impact> {
  const members = [...(view.group(brokerName)?.brokerAddrs ?? [])]
  const stopping = members.filter(([, each]) => address === null || each === address)
  if (stopping.length === 0 && address !== null)
    throw new ViewError('ERR_NOT_FOUND', `no member ${quoted(address)} of broker group ${quoted(brokerName)}`)
  const losesMaster = stopping.some(([id]) => id === MASTER_ID)
  const losesAll = stopping.length === members.length
  const impact = {
    stops: stopping.map(([, each]) => each),
    losesMaster,
    lastWritable: new FirstNames(limit),
    lastReadable: new FirstNames(limit),
    provisionalElsewhere: new FirstNames(limit),
    orderedTopics: new FirstNames(limit),
    staticTopics: new FirstNames(limit),
  }
  for (const [topic, queues] of view.topics()) {
    const own = queues.get(brokerName)
    if (own !== undefined) {
      const others = [...queues.values()].filter((each) => each !== own)
      const isLast = (able: typeof isWritable): boolean =>
        able(own, view) &&
        !others.some((each) => able(each, view) && !view.isProvisional(topic, each.brokerName))
      const [lastWritable, lastReadable] = [losesMaster && isLast(isWritable), losesAll && isLast(isReadable)]
      if (lastWritable) impact.lastWritable.add(topic)
      if (lastReadable) impact.lastReadable.add(topic)
      if (
        others.some(
          (each) => (lastWritable && isWritable(each, view)) || (lastReadable && isReadable(each, view)),
        )
      )
        impact.provisionalElsewhere.add(topic)
      if (view.mappings(topic)?.has(brokerName) === true) impact.staticTopics.add(topic)
    }
    yield
  }
  for (const [topic, value] of orderConfigs) {
    const names = (value ?? '').split(';').map((part) => part.split(':')[0])
    if (names.includes(brokerName)) impact.orderedTopics.add(topic)
    yield
  }
  return impact
}

function isWritable({ brokerName, perm, writeQueueNums }: QueueData, view: ImpactRoutes): boolean {
  if ((perm & Perm.WRITE) === 0 || writeQueueNums <= 0) return false
  return view.group(brokerName)?.brokerAddrs.has(MASTER_ID) === true
}

function isReadable({ brokerName, perm, readQueueNums }: QueueData, view: ImpactRoutes): boolean {
  if ((perm & Perm.READ) === 0 || readQueueNums <= 0) return false
  return (view.group(brokerName)?.brokerAddrs.size ?? 0) > 0
}
