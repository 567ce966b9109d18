import { createHash } from 'node:crypto'
import { AdminError } from '../../admin/admin-error.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../../admin/kv.ts'
import { type NameServer, responseError } from '../../admin/name-server.ts'
import { toEnd } from '../../common/time-slicer.ts'
import { COMPARABLE_KEYS, Differences, type ListedQueues } from '../../inspect/compare/differences.ts'
import { decodeQueueDatas, type NamedQueues } from '../../protocol/body/topic-route-data.ts'
import { JsonError } from '../../protocol/errors.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { askAll } from '../client/ask-all.ts'
import { CommandError, exitCodeFor } from '../command-error.ts'
import { ExitCode } from '../exit-code.ts'
import type { Failure } from '../output/report.ts'

export interface ComparisonOptions {
  /** Of the topics only those that match are compared, and neither the key-value table nor the configuration. */
  readonly pattern: RegExp | undefined
  /** Max topics to compare. */
  readonly sampleSize: number | undefined
  /** Called when the routes of more topics have been compared. */
  readonly onProgress: (doneTopics: number, allTopics: number) => void
}

/** NameServers did not respond, or not as needed, while they were compared. */
export class ComparisonFailedError extends Error {
  readonly failures: readonly Failure[]

  constructor(failures: readonly Failure[]) {
    super('NameServers could not be compared')
    this.failures = failures
  }
}

/** The response to `/api/v1/digest`. */
interface Digest {
  readonly provisional: boolean
  readonly parts: Readonly<Record<'routes' | 'groups' | 'static' | 'kv' | 'config', string>>
  readonly kvNamespaces: readonly { readonly namespace: string; readonly digest: string }[]
}

/** With `?buckets=true`. */
interface DigestOfBuckets extends Digest {
  readonly buckets: readonly string[]
}

/** With `?bucket=NUMBER`. */
interface DigestOfBucket extends Digest {
  readonly topics: readonly { readonly topic: string; readonly queues: readonly ListedQueues[] }[]
}

const DIGEST = '/api/v1/digest'
/** Memory for differences: the rest is not found. */
const MAX_DIFFERENCES = 100_000
/** For each of them a server walks over all its topics. If more differ, topics are looked up. */
const MAX_BUCKETS = 32
/** Topics that are looked up together; two batches are under way at a time. */
const BATCH = 128

/** Compares NameServers, ours by their digests, otherwise by the requests that every NameServer serves. */
export class Comparison {
  /** What the comparison leaves out, for people. */
  readonly notes = new Set<string>()
  readonly #servers: readonly NameServer[]
  readonly #options: ComparisonOptions
  /** Why a server shows no digest. */
  readonly #withoutDigest = new Map<NameServer, string>()

  /** @param servers - Two or more. */
  constructor(servers: readonly NameServer[], options: ComparisonOptions) {
    this.#servers = servers
    this.#options = options
  }

  /**
   * Compares once.
   * @param only - If topics have to be looked up, only these.
   * @returns The differences, with the values in the order of the servers.
   * @throws {ComparisonFailedError} (rejects)
   */
  async run(only?: ReadonlySet<string>): Promise<Differences> {
    const differences = new Differences({ maxDifferences: MAX_DIFFERENCES })
    const digests = await this.#each((server) =>
      server.viewIfAny<Digest>(DIGEST, ({ message }) => this.#withoutDigest.set(server, message)),
    )
    // Restored routes are shown to clients, but are no part of the digests.
    const areComparable = digests.every((digest) => digest?.provisional === false)
    const isEqual = (part: keyof Digest['parts']): boolean =>
      areComparable && allEqual(digests.map((digest) => digest?.parts[part]))
    if (!isEqual('groups'))
      toEnd(differences.compareGroups(await this.#each((server) => server.brokerGroups())))
    if (!isEqual('routes')) {
      const hasBuckets = areComparable && this.#options.sampleSize === undefined
      if (!hasBuckets || !(await this.#compareBuckets(differences)))
        await this.#compareRoutes(differences, only)
    }
    if (this.#isWhole && !isEqual('kv')) await this.#compareKV(digests, differences)
    if (this.#isWhole && !isEqual('config')) await this.#compareConfig(differences)
    if (areComparable && !isEqual('static'))
      this.notes.add(
        'mappings of static topics differ, but are not compared one by one: mqnamesrv topic route TOPIC -o json shows those of a topic',
      )
    this.#noteLimits(digests, differences)
    return differences
  }

  /** @returns False if too many differ. */
  async #compareBuckets(differences: Differences): Promise<boolean> {
    const lists = await this.#each(
      async (server) => (await server.view<DigestOfBuckets>(`${DIGEST}?buckets=true`)).buckets,
    )
    const differing = [...(lists[0] ?? []).keys()].filter(
      (bucket) => !allEqual(lists.map((list) => list[bucket])),
    )
    if (differing.length > MAX_BUCKETS) return false
    for (const bucket of differing) {
      const tables = await this.#each(async (server) => {
        const { topics } = await server.view<DigestOfBucket>(`${DIGEST}?bucket=${bucket}`)
        return new Map(topics.map(({ topic, queues }) => [topic, queuesByBroker(queues)]))
      })
      for (const topic of new Set(tables.flatMap((table) => [...table.keys()]))) {
        if (this.#isWanted(topic))
          differences.compareQueues(
            topic,
            tables.map((table) => table.get(topic)),
          )
      }
    }
    return true
  }

  /** Looks topics up, many at a time. */
  async #compareRoutes(differences: Differences, only?: ReadonlySet<string>): Promise<void> {
    const lists = await this.#each((server) => server.topicNames())
    const topics = this.#chosen(new Set(lists.flatMap((list) => [...list])), only)
    let [next, done] = [0, 0]
    const compareNext = async (): Promise<void> => {
      while (next < topics.length) {
        const batch = topics.slice(next, next + BATCH)
        next += batch.length
        // A server is not asked for topics that it does not have: it counts such lookups.
        const bodies = await this.#each((server, index) =>
          Promise.all(
            batch.map((topic) => (lists[index]?.has(topic) ? routeBody(server, topic) : undefined)),
          ),
        )
        for (const [at, topic] of batch.entries())
          this.#compareRoute(
            topic,
            bodies.map((list) => list[at]),
            differences,
          )
        done += batch.length
        this.#options.onProgress(done, topics.length)
      }
    }
    // While one batch is compared, the servers work on the other.
    await Promise.all([compareNext(), compareNext()]).finally(() => {
      // After a failure nothing more is asked.
      next = topics.length
    })
  }

  #compareRoute(topic: string, bodies: readonly (Buffer | undefined)[], differences: Differences): void {
    const [first] = bodies
    // Mostly they are equal, and need not be decoded.
    if (first !== undefined && bodies.every((body) => body !== undefined && first.equals(body))) return
    differences.compareQueues(
      topic,
      bodies.map((body, index) => body && this.#queuesOf(body, index)),
    )
  }

  /** The topics to compare. */
  #chosen(names: ReadonlySet<string>, only?: ReadonlySet<string>): readonly string[] {
    const wanted = [...names].filter((name) => this.#isWanted(name))
    const { sampleSize = wanted.length, pattern } = this.#options
    if (wanted.length === 0 && pattern !== undefined) this.notes.add(`no topic matches ${pattern.source}`)
    let chosen = wanted
    if (wanted.length > sampleSize) {
      this.notes.add(`compared a sample of ${sampleSize} of ${wanted.length} topics`)
      const byHash = wanted.map((name) => [createHash('sha1').update(name).digest('hex'), name] as const)
      byHash.sort(([a], [b]) => (a < b ? -1 : 1))
      chosen = byHash.slice(0, sampleSize).map(([, name]) => name)
    }
    return only === undefined ? chosen : chosen.filter((name) => only.has(name))
  }

  /** Whether everything is compared, not only some topics. */
  get #isWhole(): boolean {
    return this.#options.pattern === undefined
  }

  #isWanted(topic: string): boolean {
    return this.#options.pattern?.test(topic) !== false
  }

  /** Java's NameServer does not tell its namespaces: it is asked for those of the others. */
  async #compareKV(digests: readonly (Digest | undefined)[], differences: Differences): Promise<void> {
    const byName = digests.map(
      (digest) => digest && new Map(digest.kvNamespaces.map(({ namespace, digest }) => [namespace, digest])),
    )
    const namespaces = new Set(byName.flatMap((table) => [...(table?.keys() ?? [])]))
    if (byName.includes(undefined)) namespaces.add(NAMESPACE_ORDER_TOPIC_CONFIG)
    for (const namespace of namespaces) {
      if (!byName.includes(undefined) && allEqual(byName.map((table) => table?.get(namespace)))) continue
      const tables = await this.#each(
        async (server) => (await server.kvTable(namespace)) ?? new Map<string, string>(),
      )
      toEnd(differences.compareValues('kv', `${namespace}/`, tables))
    }
  }

  async #compareConfig(differences: Differences): Promise<void> {
    const tables = await this.#each(async (server) => {
      const values = await comparableConfig(server)
      if (values === undefined) this.notes.add(`${server.address} does not show its configuration`)
      return values
    })
    toEnd(differences.compareValues('config', '', tables))
  }

  #noteLimits(digests: readonly (Digest | undefined)[], differences: Differences): void {
    for (const [index, server] of this.#servers.entries()) {
      const digest = digests[index]
      if (digest?.provisional === true)
        this.notes.add(`${server.address} still shows routes restored from its snapshot`)
      if (digest !== undefined) continue
      const more = digests.some((each) => each !== undefined) ? ' and those of the others' : ''
      const kv = `, key-value namespaces beside ${NAMESPACE_ORDER_TOPIC_CONFIG}${more}`
      const reason = this.#withoutDigest.get(server)
      this.notes.add(`static-topic mappings${this.#isWhole ? kv : ''}: not compared (${reason})`)
    }
    if (differences.isFull)
      this.notes.add(`more than ${MAX_DIFFERENCES} differences: the others are left out`)
  }

  #queuesOf(body: Buffer, index: number): ReadonlyMap<string, ListedQueues> {
    try {
      return queuesByBroker(decodeQueueDatas(body))
    } catch (error) {
      const server = this.#servers[index]
      if (!(error instanceof JsonError) || server === undefined) throw error
      throw new ComparisonFailedError([
        {
          namesrv: server.address,
          error: new CommandError('protocol', `unreadable route: ${error.message}`),
        },
      ])
    }
  }

  /** Asks all servers at once. @throws {ComparisonFailedError} (rejects) With all failures. */
  async #each<Value>(ask: (server: NameServer, index: number) => Promise<Value>): Promise<Value[]> {
    const { found, failures } = await askAll(this.#servers, ask)
    if (failures.length > 0) throw new ComparisonFailedError(failures)
    return found.map(({ value }) => value)
  }
}

/** The body of the response to a lookup; undefined if there is no route. @throws {CommandError} (rejects) */
async function routeBody(server: NameServer, topic: string): Promise<Buffer | undefined> {
  const response = await server.invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic })
  if (response.code === ResponseCode.TOPIC_NOT_EXIST) return undefined
  if (response.code !== ResponseCode.SUCCESS) throw responseError(response)
  return response.body ?? undefined
}

/** Undefined if the server does not show it. @throws {CommandError} (rejects) */
async function comparableConfig(server: NameServer): Promise<ReadonlyMap<string, string> | undefined> {
  // Loaded only if needed: it slows down the start.
  const { configurationOf } = await import('../../admin/configuration.ts')
  try {
    const { keys } = await configurationOf(server)
    const values = new Map(keys.map(({ key, value }) => [key, value]))
    return new Map(
      COMPARABLE_KEYS.flatMap((key) => {
        const value = values.get(key) ?? null
        return value === null ? [] : [[key, `${value}`] as const]
      }),
    )
  } catch (error) {
    if (error instanceof AdminError && exitCodeFor(error) !== ExitCode.UNREACHABLE) return undefined
    throw error
  }
}

function queuesByBroker(list: readonly (NamedQueues | ListedQueues)[]): ReadonlyMap<string, ListedQueues> {
  return new Map(
    list.map((queues) => [queues.brokerName ?? '', { ...queues, brokerName: queues.brokerName ?? '' }]),
  )
}

function allEqual(values: readonly unknown[]): boolean {
  return values.every((value) => value === values[0])
}
