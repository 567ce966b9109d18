import { counted } from '../../common/counted.ts'
import type { Impact } from '../../inspect/impact.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import { noBrokerGroup } from '../client/brokers.ts'
import type { NameServer } from '../client/name-server.ts'
import { CommandError } from '../command-error.ts'
import { age, firstNames } from '../output/amounts.ts'
import type { CommandContext, Run } from '../run-command.ts'

/** Whether something may be stopped, according to one NameServer. */
interface Verdict {
  readonly namesrv: string
  /** The broker group, or the address of the NameServer. */
  readonly subject: string
  readonly mayStop: boolean
  /** Why, or why not. */
  readonly reasons: readonly string[]
}

const MAX_NAMES = 1_000

/** `check --stop`: for scripts that stop a broker or a NameServer. */
export const run: Run = async (context) => {
  const { broker, stop } = context.values
  if (stop === 'broker' && typeof broker !== 'string')
    throw new CommandError('usage', 'check --stop broker needs the name of a broker group')
  if (stop === 'self' && broker !== undefined)
    throw new CommandError('usage', 'check --stop self needs no name: the first address of -n is checked')
  if (stop === undefined) throw new CommandError('usage', 'check needs --stop broker <name> or --stop self')
  const { items, failures } = await (typeof broker === 'string'
    ? checkBroker(broker, context)
    : checkSelf(context))
  return {
    items,
    failures,
    isNo: items.some(({ mayStop }) => !mayStop),
    view: {
      lines: ({ namesrv, subject, mayStop, reasons }: Verdict) => {
        const where = namesrv === subject ? '' : ` (${namesrv})`
        return [
          `${subject} ${mayStop ? 'may' : 'must not'} be stopped${where}:`,
          ...reasons.map((reason) => `  ${reason}`),
        ]
      },
    },
    hasNamesrvColumn: true,
    name: ({ subject, mayStop }: Verdict) => (mayStop ? subject : ''),
  }
}

async function checkBroker(broker: string, { askEach, progress, servers }: CommandContext) {
  const { items, failures } = await askEach<Omit<Verdict, 'namesrv'>>(async (server) => {
    const impact = await impactOf(server, broker, progress)
    return [impact === undefined ? NOT_REGISTERED : verdictOf(impact)].map((verdict) => ({
      subject: broker,
      ...verdict,
    }))
  })
  // A name that no NameServer has is a mistake.
  if (items.every(({ reasons }) => reasons === NOT_REGISTERED.reasons) && failures.length === 0)
    throw noBrokerGroup(broker, servers.map(({ address }) => address).join(', '))
  return { items, failures }
}

const NOT_REGISTERED = { mayStop: true, reasons: ['it is not registered there'] }

/** Undefined if the group is not registered. */
async function impactOf(
  server: NameServer,
  broker: string,
  progress: CommandContext['progress'],
): Promise<Impact | undefined> {
  try {
    const path = `/api/v1/brokers/${encodeURIComponent(broker)}?limit=${MAX_NAMES}`
    const group = await server.viewIfAny<{ readonly impact: Impact }>(path)
    if (group !== undefined) return group.impact
  } catch (error) {
    if (error instanceof CommandError && error.code === 'not_found') return undefined
    throw error
  }
  if (!(await server.brokerGroups()).has(broker)) return undefined
  // Loaded only for NameServers that need it.
  const { impactFromRoutes } = await import('../client/impact.ts')
  return await impactFromRoutes(server, broker, { progress })
}

function verdictOf({ stops, lastWritable, lastReadable, orderedTopics, staticTopics }: Impact) {
  const lost = [
    [lastWritable, 'would have no broker to send to'],
    [lastReadable, 'would have no broker to read from'],
    [orderedTopics, 'would lose queues of their order configuration'],
    [staticTopics, 'would lose logical queues (static topic)'],
  ] as const
  const reasons = lost
    .filter(([{ total }]) => total > 0)
    .map(([{ total, names }, what]) => `${counted(total, 'topic')} ${what}: ${firstNames(names, { total })}`)
  if (reasons.length > 0) return { mayStop: false, reasons }
  return {
    mayStop: true,
    reasons: [`no topic loses its last queues with ${stops.length === 1 ? 'its broker' : 'its brokers'}`],
  }
}

/** The first NameServer is the one to be stopped; the others, or its peers, must have all that it has. */
async function checkSelf(context: CommandContext) {
  const [self, ...others] = context.servers
  if (self === undefined) throw new CommandError('usage', 'no NameServer to check')
  const verdicts = others.length > 0 ? await compareWith(self, others, context) : await peersOf(self)
  const isSafe = verdicts.some(({ hasAll }) => hasAll)
  const reasons = verdicts.map(({ text }) => text)
  const clients = await self.viewIfAny<{ kinds: readonly { kind: string; connections: number }[] }>(
    '/api/v1/clients',
  )
  const connected = (clients?.kinds ?? [])
    .filter(({ kind }) => kind === 'client')
    .reduce((sum, { connections }) => sum + connections, 0)
  if (connected > 0)
    reasons.push(`${counted(connected, 'connected client')} must know another NameServer, too`)
  const verdict: Verdict = {
    namesrv: self.address,
    subject: self.address,
    mayStop: isSafe,
    reasons:
      verdicts.length === 0
        ? ['no other NameServer is known: set peers, or name it after this one in -n']
        : reasons,
  }
  return { items: [verdict], failures: [] }
}

interface Comparison {
  readonly hasAll: boolean
  readonly text: string
}

/** What the server itself says of its peers. */
async function peersOf(self: NameServer): Promise<Comparison[]> {
  interface Peer {
    readonly address: string
    readonly isUp: boolean
    readonly verdict: string
    readonly compared: string | null
    readonly differences: readonly object[]
  }
  const { peers } = await self.view<{ peers: readonly Peer[] }>('/api/v1/peers')
  return peers.map(({ address, isUp, verdict, compared, differences }) => {
    if (!isUp) return { hasAll: false, text: `${address} does not respond` }
    if (verdict === 'agrees') {
      const when = compared === null ? '' : ` (compared ${age(Date.now() - Date.parse(compared))} ago)`
      return { hasAll: true, text: `${address} has the same routes${when}` }
    }
    const known = differences.length === 0 ? '' : `, ${counted(differences.length, 'difference')}`
    return { hasAll: false, text: `${address}: ${verdict}${known}` }
  })
}

async function compareWith(
  self: NameServer,
  others: readonly NameServer[],
  { progress }: CommandContext,
): Promise<Comparison[]> {
  const own = await contentsOf(self)
  progress(`comparing with ${others.length} NameServers`)
  try {
    return await Promise.all(
      others.map(async (other) => {
        try {
          return comparison(own, await contentsOf(other), other.address)
        } catch (error) {
          if (!(error instanceof CommandError)) throw error
          return { hasAll: false, text: error.message }
        }
      }),
    )
  } finally {
    progress('')
  }
}

interface Contents {
  /** `broker-a:0=10.0.0.5:10911` */
  readonly brokers: ReadonlySet<string>
  readonly topics: ReadonlySet<string>
}

async function contentsOf(server: NameServer): Promise<Contents> {
  const [groups, topics] = await Promise.all([server.brokerGroups(), server.topicNames()])
  const brokers = new Set<string>()
  for (const [name, { brokerAddrs }] of groups)
    for (const [id, address] of brokerAddrs)
      brokers.add(`${name}${id === MASTER_ID ? '' : `:${id}`}=${address}`)
  return { brokers, topics }
}

function comparison(own: Contents, other: Contents, address: string): Comparison {
  const brokers = [...own.brokers].filter((broker) => !other.brokers.has(broker))
  const topics = [...own.topics].filter((topic) => !other.topics.has(topic))
  const missing = [
    ...(brokers.length === 0 ? [] : [`${counted(brokers.length, 'broker')} (${firstNames(brokers)})`]),
    ...(topics.length === 0 ? [] : [`${counted(topics.length, 'topic')} (${firstNames(topics)})`]),
  ]
  if (missing.length > 0) return { hasAll: false, text: `${address} lacks ${missing.join(' and ')}` }
  const [brokerCount, topicCount] = [counted(own.brokers.size, 'broker'), counted(own.topics.size, 'topic')]
  return { hasAll: true, text: `${address} has all of its ${brokerCount} and ${topicCount}` }
}
