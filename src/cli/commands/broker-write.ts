import type { NameServer } from '../../admin/name-server.ts'
import { checkBroker, changePermission as requestChange } from '../../admin/write-permission.ts'
import { counted } from '../../common/counted.ts'
import type { Impact } from '../../inspect/impact.ts'
import { changeEach } from '../change-each.ts'
import type { CommandContext, Run } from '../run-command.ts'

/** What is known of a broker before the change. */
interface Before {
  /** Topics with queues on it; undefined if unknown. */
  readonly topics: number | undefined
  /** Of these, topics that have no other broker to send to. */
  readonly lastWritable: number
}

/** `broker wipe-write BROKER…` (205). */
export const wipe: Run = (context) =>
  changePermission(context, {
    change: 'wipe',
    result: 'wiped',
    head: 'NOT WRITABLE',
    look: (server, broker) => beforeWipe(server, broker, context),
    describe: ({ topics, lastWritable }) =>
      `${topicsWord(topics)} will not be writable` +
      (lastWritable === 0 ? '' : `; ${counted(lastWritable, 'topic')} will have no broker to send to`),
    warning:
      'each broker is looked at alone: topics that only these brokers have will have no broker to send to, either',
  })

/** `broker restore-write BROKER…` (327). */
export const restore: Run = (context) =>
  changePermission(context, {
    change: 'restore',
    result: 'restored',
    head: 'WRITABLE TOPICS',
    look: async (server, broker) => (await viewed(server, broker)) ?? { topics: undefined, lastWritable: 0 },
    describe: ({ topics }) => `${topicsWord(topics)} will be readable and writable`,
  })

interface PermissionChange {
  readonly change: Parameters<typeof requestChange>[1]
  readonly result: string
  /** Of the column with that number. */
  readonly head: string
  readonly look: (server: NameServer, broker: string) => Promise<Before>
  readonly describe: (before: Before) => string
  /** For several brokers. */
  readonly warning?: string
}

async function changePermission(
  { values, ...context }: CommandContext,
  { change, result, head, look, describe, warning }: PermissionChange,
): ReturnType<Run> {
  const names = values['broker'] as readonly string[]
  const changed = await changeEach(context, names, {
    ...(names.length > 1 && warning !== undefined && { warning }),
    look: async (server, broker) => {
      await checkBroker(server, broker)
      return [{ broker, before: await look(server, broker) }]
    },
    describe: ({ broker, before }) => [`${broker}: ${describe(before)}`],
    apply: async (server, { broker }) => {
      const topics = await requestChange(server, change, broker)
      return [{ brokerName: broker, result, topics }]
    },
  })
  return {
    ...changed,
    view: {
      columns: [
        { head: 'RESULT', cell: ({ result }) => result },
        { head: 'BROKER', cell: ({ brokerName }) => brokerName },
        { head, cell: ({ topics }) => topics, align: 'right' },
      ],
    },
    namesrv: 'always',
    name: ({ brokerName }) => brokerName,
  }
}

async function beforeWipe(server: NameServer, broker: string, context: CommandContext): Promise<Before> {
  const known = await viewed(server, broker)
  if (known !== undefined) return known
  const { impactFromRoutes } = await import('../client/impact.ts')
  const { lastWritable } = await impactFromRoutes(server, broker, context)
  return { topics: undefined, lastWritable: lastWritable.total }
}

async function viewed(server: NameServer, broker: string): Promise<Before | undefined> {
  const path = `/api/v1/brokers/${encodeURIComponent(broker)}?limit=1`
  const group = await server.viewIfAny<{ readonly topics: number; readonly impact: Impact }>(path)
  return group && { topics: group.topics, lastWritable: group.impact.lastWritable.total }
}

function topicsWord(topics: number | undefined): string {
  return topics === undefined ? 'all its topics' : counted(topics, 'topic')
}
