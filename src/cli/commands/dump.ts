import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { describeErrno, firstLine } from '../../common/describe-errno.ts'
import { listedGroup } from '../client/brokers.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../client/kv.ts'
import type { NameServer } from '../client/name-server.ts'
import { eachRoute } from '../client/routes.ts'
import { readStatus } from '../client/status.ts'
import { CommandError } from '../command-error.ts'
import { ExitCode } from '../exit-code.ts'
import { errorOf, exitCodeOf } from '../output/report.ts'
import { visible, visibleJson } from '../output/visible.ts'
import type { CommandContext, Run } from '../run-command.ts'

/** Views that come whole. */
const VIEWS: Readonly<Record<string, string>> = {
  status: 'status',
  config: 'config',
  connections: 'connections?state=all&limit=4096',
  clients: 'clients',
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

/** Elements of one list. */
const MAX_ELEMENTS = 100_000
const PAGE_ELEMENTS = 10_000

/** `dump`: everything that NameServers show of themselves, in one file. */
export const run: Run = async (context) => {
  const { askEach, values, world } = context
  const file = typeof values['file'] === 'string' && values['file'] !== '-' ? values['file'] : undefined
  const mayReplace = values['yes'] === true
  if (file !== undefined && !mayReplace && existsSync(file)) throw fileExists(file)
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

function fileExists(file: string): CommandError {
  return new CommandError('usage', `${file} exists: replace it with -y`)
}

/** Names and addresses are nothing for other users of the machine. */
function write(file: string, text: string, mayReplace: boolean): void {
  try {
    if (mayReplace) rmSync(file, { force: true })
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileExists(file)
    throw new CommandError('failed', `cannot write ${file}: ${describeErrno(error)}`)
  }
}

async function dumpOf(server: NameServer, context: CommandContext): Promise<Record<string, unknown>> {
  const notes = new Set<string>()
  const status = await readStatus(server, notes)
  const [note] = notes
  if (note !== undefined) return { note, status, ...(await listsOf(server, context)) }
  const dump: Record<string, unknown> = {}
  const problems: Record<string, string> = {}
  const add = async (name: string, read: () => Promise<unknown>): Promise<void> => {
    context.progress(`${server.address}: ${name}`)
    try {
      dump[name] = await read()
    } catch (error) {
      // One view that fails must not cost the others.
      if (!(error instanceof CommandError) || error.exitCode === ExitCode.UNREACHABLE) throw error
      problems[name] = firstLine(error)
    }
  }
  try {
    for (const [name, path] of Object.entries(VIEWS)) await add(name, () => server.view(`/api/v1/${path}`))
    for (const [name, list] of Object.entries(PAGED_VIEWS))
      await add(name, () => allPages(server, name, list))
    await add('queues', () => allQueues(server))
  } finally {
    context.progress('')
  }
  return { ...dump, problems }
}

/** The list of all pages, up to a limit. */
async function allPages(server: NameServer, name: string, list: string): Promise<unknown[]> {
  const all: unknown[] = []
  const query = new URLSearchParams({ limit: `${PAGE_ELEMENTS}` })
  for (;;) {
    const page = await server.view<Record<string, unknown>>(`/api/v1/${name}?${query}`)
    all.push(...(page[list] as unknown[]))
    const { next } = page
    if (typeof next !== 'string' || all.length >= MAX_ELEMENTS) return all
    query.set('after', next)
  }
}

/** Topics with their queues, up to a limit. */
async function allQueues(server: NameServer): Promise<unknown[]> {
  const all: unknown[] = []
  for (let bucket = 0; bucket < BUCKETS && all.length < MAX_ELEMENTS; bucket++) {
    const { topics } = await server.view<{ topics: readonly unknown[] }>(`/api/v1/digest?bucket=${bucket}`)
    all.push(...topics)
  }
  return all
}

/** What every NameServer tells. */
async function listsOf(server: NameServer, context: CommandContext): Promise<Record<string, unknown>> {
  const groups = await server.brokerGroups()
  const order = await server.kvTable(NAMESPACE_ORDER_TOPIC_CONFIG)
  const topics: object[] = []
  await eachRoute(server, context, (topic, { queueDatas, orderTopicConf }) => {
    if (topics.length < MAX_ELEMENTS) topics.push({ topic, queues: queueDatas, orderConf: orderTopicConf })
  })
  return {
    brokers: [...groups].map(([brokerName, group]) => listedGroup(brokerName, group)),
    topics: [...(await server.topicNames())],
    queues: topics,
    kv: [...(order ?? [])].map(([key, value]) => ({ namespace: NAMESPACE_ORDER_TOPIC_CONFIG, key, value })),
  }
}
