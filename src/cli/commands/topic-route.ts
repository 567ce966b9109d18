import type { NameServer, RouteClient } from '../../admin/name-server.ts'
import { membersById } from '../../inspect/broker-member.ts'
import { type StaticQueues, staticQueuesOf } from '../../inspect/static-queues.ts'
import { accessOf } from '../../protocol/body/topic-config.ts'
import type { ListedRoute } from '../../protocol/body/topic-route-reader.ts'
import { askForEach } from '../client/each-name.ts'
import { routeClientOf, routeQuery } from '../client/route-client.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** The queues of a topic on a broker group. */
interface RouteRow {
  readonly topic: string
  readonly cluster: string | null
  readonly brokerName: string
  readonly zone: string | null
  readonly members: readonly { readonly brokerId: number | string; readonly address: string }[]
  readonly readQueues: number | null
  readonly writeQueues: number | null
  readonly perm: number | null
  /** `rw`, `r`, `w` or empty */
  readonly access: string | null
  readonly sysFlag: number | null
  /** Of the topic. */
  readonly orderConf: string | null
  readonly staticQueues: StaticQueues | null
  /** Whether the server has restored it and the broker has not registered again; null if unknown. */
  readonly provisional: boolean | null
}

/** `topic route`: a row for each broker group, as mqadmin topicRoute -l has them. */
export const run: Run = async (context) => {
  const client = routeClientOf(context.values)
  const topics = context.values['topic'] as readonly string[]
  const { items, failures } = await askForEach(topics, context, async (server, topic) => {
    const { route, provisional } = await routeOf(server, topic, client)
    const rows = route === undefined ? [] : rowsOf(topic, route, provisional)
    if (rows.length > 0) return rows
    const zone = client.zone === undefined ? '' : ` for zone ${JSON.stringify(client.zone)}`
    throw new CommandError(
      'not_found',
      `no route of topic ${JSON.stringify(topic)}${zone} on ${server.address} (mqnamesrv topic explain says why)`,
    )
  })
  return {
    items,
    failures,
    notes: [
      ...new Set(
        items
          .filter(({ provisional }) => provisional === true)
          .map(
            ({ namesrv, brokerName }) =>
              `${namesrv}: routes of ${brokerName} are provisional: restored from the snapshot; it has not registered again`,
          ),
      ),
    ],
    view: {
      columns: [
        ...(topics.length > 1 ? [{ head: 'TOPIC', cell: ({ topic }: RouteRow) => topic }] : []),
        { head: 'CLUSTER', cell: ({ cluster }) => cluster, isWide: true },
        { head: 'BROKER', cell: ({ brokerName }) => brokerName },
        {
          head: 'ADDRESSES',
          cell: ({ members }: RouteRow) =>
            members.map(({ brokerId, address }) => `${brokerId}=${address}`).join(','),
          isWrapped: true,
        },
        { head: 'READ', cell: ({ readQueues }) => readQueues, align: 'right' },
        { head: 'WRITE', cell: ({ writeQueues }) => writeQueues, align: 'right' },
        { head: 'PERM', cell: ({ perm }) => perm, align: 'right' },
        { head: 'ACCESS', cell: ({ access }) => access },
        { head: 'SYSFLAG', cell: ({ sysFlag }) => sysFlag, align: 'right', isWide: true },
        { head: 'ZONE', cell: ({ zone }) => zone, isWide: true },
        { head: 'ORDER', cell: ({ orderConf }) => orderConf, isWide: true },
        {
          head: 'STATIC QUEUES',
          cell: ({ staticQueues }) => staticQueues?.queues,
          align: 'right',
          isWide: true,
        },
      ],
    },
    name: ({ brokerName }) => brokerName,
  }
}

interface ViewedRoute {
  readonly code: number
  readonly remark: string | null
  readonly body: string | null
  /** Broker names. */
  readonly provisional: readonly string[]
}

/** The view of ours gives the response without counting a lookup, or a miss, of a client. */
async function routeOf(
  server: NameServer,
  topic: string,
  client: RouteClient,
): Promise<{ readonly route: ListedRoute | undefined; readonly provisional?: readonly string[] }> {
  const path = `/api/v1/topics/${encodeURIComponent(topic)}/route?${routeQuery(client)}`
  const viewed = await server.viewIfAny<ViewedRoute>(path)
  if (viewed === undefined) return { route: await server.route(topic, client) }
  const body = viewed.body === null ? null : Buffer.from(viewed.body)
  return { route: server.routeIn({ ...viewed, body }), provisional: viewed.provisional }
}

/** A row for each entry of queues, and one for each broker group without queues, by broker name. */
function rowsOf(topic: string, route: ListedRoute, provisional: readonly string[] | undefined): RouteRow[] {
  const groups = new Map(route.brokerDatas.map((group) => [group.brokerName ?? '', group]))
  const queuesOf = route.queueDatas.map(({ brokerName, ...queues }) => [brokerName ?? '', queues] as const)
  const names = new Set(queuesOf.map(([brokerName]) => brokerName))
  const withoutQueues = [...groups.keys()]
    .filter((name) => !names.has(name))
    .map((name) => [name, null] as const)
  return [...queuesOf, ...withoutQueues]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([brokerName, queues]) => {
      const group = groups.get(brokerName)
      return {
        topic,
        cluster: group?.cluster ?? null,
        brokerName,
        zone: group?.zoneName ?? null,
        members: membersById(group?.brokerAddrs ?? []),
        readQueues: queues?.readQueueNums ?? null,
        writeQueues: queues?.writeQueueNums ?? null,
        perm: queues?.perm ?? null,
        access: queues === null ? null : accessOf(queues.perm),
        sysFlag: queues?.topicSysFlag ?? null,
        orderConf: route.orderTopicConf,
        staticQueues: staticQueuesOf(route.topicQueueMappingByBroker.get(brokerName)),
        provisional: provisional?.includes(brokerName) ?? null,
      }
    })
}
