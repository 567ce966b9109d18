import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { AdminError } from '../../admin/admin-error.ts'
import { listedGroup } from '../../admin/brokers.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../../admin/kv.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { nextPage } from '../../admin/pages.ts'
import { counted } from '../../common/counted.ts'
import { describeErrno, firstLine } from '../../common/describe-errno.ts'
import { eachRoute } from '../client/routes.ts'
import { readStatus } from '../client/status.ts'
import { CommandError, exitCodeFor } from '../command-error.ts'
import { ExitCode } from '../exit-code.ts'
import { errorOf, exitCodeOf } from '../output/report.ts'
import { checkTargetFile } from '../output/target-file.ts'
import { visible, visibleJson } from '../output/visible.ts'
import type { CommandContext, Run } from '../run-command.ts'

/** Views that come whole. */
const VIEWS: Readonly<Record<string, string>> = {
  status: 'status',
  config: 'config',
  connections: 'connections?state=all&limit=4096',
  clients: 'clients',
  departures: 'departures?limit=10000',
  events: 'events?limit=4096',
  misses: 'misses',
  findings: 'findings',
  digest: 'digest',
  peers: 'peers',
}

/** Views that come in pages, and the list in each page. */
const PAGED_VIEWS: Readonly<Record<string, string>> = {
  clusters: 'clusters',
  brokers: 'brokers',
  topics: 'topics',
  kv: 'entries',
}

/** Parts into which `/api/v1/digest` puts the topics with their queues. */
const BUCKETS = 256

/** With more topics their queues are left out: for each bucket a server walks over all topics. */
const MAX_TOPICS_WITH_QUEUES = 10_000

/** Elements of one list, and topics that are looked up. */
const MAX_ELEMENTS = 100_000
const PAGE_ELEMENTS = 10_000

/** `dump`: everything that NameServers show of themselves, in one file. */
export const run: Run = async (context) => {
  const { askEach, values, world } = context
  const file = typeof values['file'] === 'string' && values['file'] !== '-' ? values['file'] : undefined
  const mayReplace = values['yes'] === true
  if (file !== undefined) checkTargetFile(file, mayReplace)
  const { items, failures } = await askEach(async (server) => [await dumpOf(server, context)])
  const dump = {
    time: new Date().toISOString(),
    items,
    errors: failures.map(errorOf),
  }
  const text = `${visibleJson(dump, 1)}\n`
  if (file === undefined) world.stdout.write(text)
  else {
    write(file, text, mayReplace)
    world.stderr.write(`${visible(file)} written: ${Buffer.byteLength(text)} bytes\n`)
  }
  for (const { error } of failures) world.stderr.write(`mqnamesrv: ${visible(error.message)}\n`)
  return exitCodeOf({ failures })
}

/** Names and addresses are nothing for other users of the machine. A file that is replaced is lost only when the new one is whole. */
function write(file: string, text: string, mayReplace: boolean): void {
  const written = mayReplace ? `${file}.tmp` : file
  try {
    writeFileSync(written, text, { flag: 'wx', mode: 0o600 })
    if (mayReplace) renameSync(written, file)
  } catch (error) {
    // One that could not be opened is not of this command.
    if ((error as NodeJS.ErrnoException).syscall !== 'open') rmSync(written, { force: true })
    throw new CommandError('failed', `cannot write ${written}: ${describeErrno(error)}`)
  }
}

async function dumpOf(server: NameServer, context: CommandContext): Promise<Record<string, unknown>> {
  const notes = new Set<string>()
  const status = await readStatus(server, notes)
  const [note] = notes
  const problems: Record<string, string> = {}
  if (note !== undefined) return { note, status, ...(await listsOf(server, context, problems)), problems }
  const dump: Record<string, unknown> = {}
  const add = async (name: string, read: () => Promise<unknown>): Promise<void> => {
    context.progress(`${server.address}: ${name}`)
    try {
      dump[name] = await read()
    } catch (error) {
      // One view that fails must not cost the others.
      if (!(error instanceof AdminError) || exitCodeFor(error) === ExitCode.UNREACHABLE) throw error
      problems[name] = firstLine(error)
    }
  }
  try {
    for (const [name, path] of Object.entries(VIEWS)) await add(name, () => server.view(`/api/v1/${path}`))
    for (const [name, list] of Object.entries(PAGED_VIEWS))
      await add(name, () => allPages(server, { name, list, problems }))
    const { length: topics = 0 } = (dump['topics'] ?? {}) as Partial<unknown[]>
    if (topics > MAX_TOPICS_WITH_QUEUES) problems['queues'] = leftOut(topics, MAX_TOPICS_WITH_QUEUES)
    else await add('queues', () => allQueues(server))
  } finally {
    context.progress('')
  }
  return { ...dump, problems }
}

function leftOut(topics: number, max: number): string {
  return `left out: ${counted(topics, 'topic')}, at most ${max} are asked for their queues`
}

/** The list of all pages, up to a limit. */
async function allPages(
  server: NameServer,
  {
    name,
    list,
    problems,
  }: { readonly name: string; readonly list: string; readonly problems: Record<string, string> },
): Promise<unknown[]> {
  const all: unknown[] = []
  const query = new URLSearchParams({ limit: `${PAGE_ELEMENTS}` })
  for (;;) {
    const page = await server.view<Record<string, unknown>>(`/api/v1/${name}?${query}`)
    for (const element of page[list] as unknown[]) all.push(element)
    const next = nextPage(server, page['next'], query.get('after'))
    if (next === undefined) return all
    if (all.length >= MAX_ELEMENTS) {
      problems[name] = `only the first ${all.length} are listed`
      return all
    }
    query.set('after', next)
  }
}

/** Topics with their queues. */
async function allQueues(server: NameServer): Promise<unknown[]> {
  const all: unknown[] = []
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const { topics } = await server.view<{ topics: readonly unknown[] }>(`/api/v1/digest?bucket=${bucket}`)
    for (const topic of topics) all.push(topic)
  }
  return all
}

/** What every NameServer tells. */
async function listsOf(
  server: NameServer,
  context: CommandContext,
  problems: Record<string, string>,
): Promise<Record<string, unknown>> {
  const groups = await server.brokerGroups()
  const order = await server.kvTable(NAMESPACE_ORDER_TOPIC_CONFIG)
  const names = [...(await server.topicNames())]
  const queues: object[] = []
  if (names.length > MAX_ELEMENTS) problems['queues'] = leftOut(names.length, MAX_ELEMENTS)
  else
    await eachRoute(server, context, (topic, { queueDatas, orderTopicConf }) => {
      queues.push({ topic, queues: queueDatas, orderConf: orderTopicConf })
    })
  return {
    brokers: [...groups].map(([brokerName, group]) => listedGroup(brokerName, group)),
    topics: names,
    queues,
    kv: [...(order ?? [])].map(([key, value]) => ({ namespace: NAMESPACE_ORDER_TOPIC_CONFIG, key, value })),
  }
}
