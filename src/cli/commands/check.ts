import { AdminError } from '../../admin/admin-error.ts'
import { noBrokerGroup } from '../../admin/brokers.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { optionalView } from '../../admin/optional-view.ts'
import { counted } from '../../common/counted.ts'
import type { Difference } from '../../inspect/compare/differences.ts'
import type { Impact } from '../../inspect/impact.ts'
import { AllFailedError, CommandError } from '../command-error.ts'
import { age, firstNames } from '../output/amounts.ts'
import type { Failure } from '../output/report.ts'
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
  const notes = new Set<string>()
  const { items, failures } = await (typeof broker === 'string'
    ? checkBroker(broker, context)
    : checkSelf(context, notes))
  return {
    items,
    failures,
    notes: [...notes],
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
    namesrv: 'never',
    name: ({ subject, mayStop }: Verdict) => (mayStop ? subject : ''),
  }
}

async function checkBroker(broker: string, { askEach, progress }: CommandContext) {
  const { items, failures } = await askEach<Omit<Verdict, 'namesrv'>>(async (server) => {
    const impact = await impactOf(server, broker, progress)
    return [impact === undefined ? NOT_REGISTERED : verdictOf(impact)].map((verdict) => ({
      subject: broker,
      ...verdict,
    }))
  })
  // A name that no NameServer has is a mistake.
  if (items.every(({ reasons }) => reasons === NOT_REGISTERED.reasons)) {
    const unknown = items.map(({ namesrv }) => ({ namesrv, error: noBrokerGroup(broker, namesrv) }))
    throw new AllFailedError([...unknown, ...failures])
  }
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
    if (error instanceof AdminError && error.code === 'not_found') return undefined
    throw error
  }
  if (!(await server.brokerGroups()).has(broker)) return undefined
  // Loaded only for NameServers that need it.
  const { impactFromRoutes } = await import('../client/impact.ts')
  return await impactFromRoutes(server, broker, { progress })
}

function verdictOf(impact: Impact) {
  const { stops, lastWritable, lastReadable, provisionalElsewhere, orderedTopics, staticTopics } = impact
  const lost = [
    [lastWritable, 'would have no broker to send to'],
    [lastReadable, 'would have no broker to read from'],
    [provisionalElsewhere, 'would depend on brokers that have not registered again since the restart'],
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

/** The first NameServer is the one to be stopped; one of the others, or of its peers, must have all that it has. */
async function checkSelf(context: CommandContext, notes: Set<string>) {
  const [self, ...others] = context.servers
  if (self === undefined) throw new CommandError('usage', 'no NameServer to check')
  const failures: Failure[] = []
  const peers =
    others.length > 0 ? await compareWith(self, others, { context, failures, notes }) : await peersOf(self)
  const reasons = peers.map(({ text }) => text)
  const clients = await optionalView<{ kinds: readonly { kind: string; connections: number }[] }>(
    self,
    '/api/v1/clients',
    'connected clients',
    notes,
  )
  const connected = (clients?.kinds ?? [])
    .filter(({ kind }) => kind === 'client')
    .reduce((sum, { connections }) => sum + connections, 0)
  if (connected > 0)
    reasons.push(`${counted(connected, 'connected client')} must know another NameServer, too`)
  const none =
    others.length > 0
      ? 'no other NameServer responded'
      : 'no other NameServer is known: set peers, or name it after this one in -n'
  const verdict: Verdict = {
    namesrv: self.address,
    subject: self.address,
    mayStop: peers.some(({ hasAll }) => hasAll),
    reasons: peers.length === 0 ? [none] : reasons,
  }
  return { items: [verdict], failures }
}

interface Peer {
  readonly hasAll: boolean
  readonly text: string
}

/** What the server itself says of its peers. */
async function peersOf(self: NameServer): Promise<Peer[]> {
  interface ViewedPeer {
    readonly address: string
    readonly isUp: boolean
    readonly verdict: string
    readonly compared: string | null
    readonly differences: readonly object[]
  }
  const { peers } = await self.view<{ peers: readonly ViewedPeer[] }>('/api/v1/peers')
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

/** Those that do not respond are added to the failures. */
async function compareWith(
  self: NameServer,
  others: readonly NameServer[],
  given: {
    readonly context: CommandContext
    readonly failures: Failure[]
    readonly notes: Set<string>
  },
): Promise<Peer[]> {
  const { context, failures, notes } = given
  // Loaded only if needed: it slows down the start.
  const { Comparison, ComparisonFailedError } = await import('../diff/comparison.ts')
  const compare = async (other: NameServer): Promise<Peer[]> => {
    const onProgress = (done: number, all: number): void =>
      context.progress(`${other.address}: compared ${done} of ${all} topics`)
    const comparison = new Comparison([self, other], {
      pattern: undefined,
      sampleSize: undefined,
      onProgress,
    })
    try {
      const { list } = await comparison.run()
      for (const note of comparison.notes) notes.add(note)
      return [peerWith(list, other.address)]
    } catch (error) {
      if (!(error instanceof ComparisonFailedError)) throw error
      if (error.failures.some(({ namesrv }) => namesrv === self.address))
        throw new AllFailedError(error.failures)
      failures.push(...error.failures)
      return []
    }
  }
  try {
    return (await Promise.all(others.map(compare))).flat()
  } finally {
    context.progress('')
  }
}

/** What another NameServer lacks, or has otherwise. What it has beyond that does no harm. */
function peerWith(differences: readonly Difference[], address: string): Peer {
  const relevant = differences.filter(({ kind, values: [own] }) => kind !== 'config' && own != null)
  const [brokers, topics, others] = [new Set<string>(), new Set<string>(), new Set<string>()]
  for (const { kind, subject, values } of relevant) {
    const isMissing = values[1] === null
    if (isMissing && kind === 'broker_missing') brokers.add(subject)
    else if (isMissing && kind === 'topic_missing') topics.add(subject)
    else others.add(subject)
  }
  const missing = [
    ...(brokers.size === 0 ? [] : [`${counted(brokers.size, 'broker')} (${firstNames([...brokers])})`]),
    ...(topics.size === 0 ? [] : [`${counted(topics.size, 'topic')} (${firstNames([...topics])})`]),
  ]
  const parts = [
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(' and ')}`]),
    ...(others.size === 0 ? [] : [`differs in ${firstNames([...others])}`]),
  ]
  if (parts.length > 0) return { hasAll: false, text: `${address} ${parts.join(', ')}` }
  return { hasAll: true, text: `${address} has all of its brokers, topics and queues` }
}
