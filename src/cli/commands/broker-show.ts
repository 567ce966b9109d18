import { AdminError } from '../../admin/admin-error.ts'
import type { BrokerGroup } from '../../admin/broker-group.ts'
import { listedGroup, noBrokerGroup, ONLY_OURS } from '../../admin/brokers.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { optionalView } from '../../admin/optional-view.ts'
import { counted } from '../../common/counted.ts'
import type { Impact } from '../../inspect/impact.ts'
import { askForEach } from '../client/each-name.ts'
import { firstNames } from '../output/amounts.ts'
import { brokerLines, memberColumns } from '../output/broker-columns.ts'
import { detailLines } from '../output/details.ts'
import type { CommandContext, Run } from '../run-command.ts'

interface ShownGroup extends BrokerGroup {
  /** Only with `--impact`. */
  readonly impact: Impact | null
}

/** `broker show`: broker groups, with `--impact` also what would be lost with them. */
export const run: Run = async (context) => {
  const { values } = context
  const notes = new Set<string>()
  const names = values['broker'] as readonly string[]
  const { items, failures } = await askForEach(names, context, async (server, name) => [
    (await viewedGroup(server, name, context, notes)) ?? (await listedGroupOf(server, name, context)),
  ])
  const lines = (group: ShownGroup): string[] => [
    ...detailLines([
      ['Broker', group.brokerName],
      ['Cluster', group.clusters.join(', ')],
      ['Zone', group.zone],
      ['Acting master', group.enableActingMaster === null ? null : group.enableActingMaster ? 'on' : 'off'],
      ['Topics', group.topics],
    ]),
    '',
    ...brokerLines(group.members, memberColumns(group.members), context),
    ...(group.impact === null ? [] : ['', ...impactLines(group.brokerName, group.impact)]),
  ]
  for (const { namesrv, brokerName, members } of items)
    for (const { brokerId, state } of members)
      if (state === 'provisional')
        notes.add(
          `${namesrv}: ${brokerName} id ${brokerId} is provisional: restored from the snapshot, not registered again`,
        )
  return { items, failures, notes: [...notes], view: { lines }, name: ({ brokerName }) => brokerName }
}

async function viewedGroup(
  server: NameServer,
  name: string,
  { values }: CommandContext,
  notes: Set<string>,
): Promise<ShownGroup | undefined> {
  const hasImpact = values['impact'] === true
  const path = `/api/v1/brokers/${encodeURIComponent(name)}?limit=${hasImpact ? 10_000 : 1}`
  const group = await optionalView<ShownGroup>(server, path, ONLY_OURS, notes).catch(
    async (error: unknown) => {
      if (!isNotFound(error)) throw error
      throw noBrokerGroup(name, server.address, (await server.brokerGroups()).keys())
    },
  )
  return group === undefined || hasImpact ? group : { ...group, impact: null }
}

/** From another NameServer. */
async function listedGroupOf(server: NameServer, name: string, context: CommandContext): Promise<ShownGroup> {
  const groups = await server.brokerGroups()
  const group = groups.get(name)
  if (group === undefined) throw noBrokerGroup(name, server.address, groups.keys())
  const shown = listedGroup(name, group)
  if (context.values['impact'] !== true) return { ...shown, impact: null }
  const { impactFromRoutes } = await import('../client/impact.ts')
  return { ...shown, impact: await impactFromRoutes(server, name, context) }
}

function isNotFound(error: unknown): boolean {
  return error instanceof AdminError && error.code === 'not_found'
}

function impactLines(brokerName: string, impact: Impact): string[] {
  const {
    stops,
    losesMaster,
    lastWritable,
    lastReadable,
    provisionalElsewhere,
    orderedTopics,
    staticTopics,
  } = impact
  const lost = [
    [lastWritable, 'no other broker to send to'],
    [lastReadable, 'no other broker to read from'],
    [provisionalElsewhere, 'other brokers that have not registered again since the restart'],
    [orderedTopics, 'an order configuration that names it'],
    [staticTopics, 'logical queues on it (static topic)'],
  ] as const
  const shown = lost.filter(([{ total }]) => total > 0)
  const head = `If ${brokerName} stopped (${counted(stops.length, 'broker')}${losesMaster ? ', the master among them' : ''})`
  if (shown.length === 0) return [`${head}, no topic would lose its last broker.`]
  return [
    `${head}:`,
    ...shown.map(
      ([{ total, names }, what]) =>
        `  ${counted(total, 'topic')} with ${what}: ${firstNames(names, { total })}`,
    ),
  ]
}
