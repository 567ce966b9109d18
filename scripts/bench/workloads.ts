/** What is measured: a world is what a NameServer holds, and each row of the table is one kind of load on it. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  ACCOUNTS,
  Cluster,
  type ClusterShape,
  changingRegistrationFrames,
  dataVersionFrames,
  expectedRoute,
  heartbeatFrames,
  LEGACY_JSON,
  type LookupForm,
  routeFrames,
  SIGNED_JSON,
  STRICT_JSON,
  STRICT_ROCKETMQ,
  sameRegistrationFrames,
  unknownTopicFrames,
} from './cluster.ts'
import { Code, type RequestFrame } from './request-frames.ts'

/** What a world needs on a server, kept up until its rows are measured. */
export interface Fixture {
  /** Throws when the server does not hold what was set up, or has failed it since. */
  check(): Promise<void>
  stop(): void
}

/** A closed-loop load. */
export interface Load {
  /** Sent in turn, over whichever connection is free. Made when they are needed: some are large. */
  readonly frames: () => readonly RequestFrame[]
  readonly conns: number
  /** Requests in flight on each connection, 1 to 1024. */
  readonly depth: number
}

/** One row: the requests, how many are under way, and what happens meanwhile. */
export interface Workload<F extends Fixture = Fixture> extends Load {
  /** Unique; what `--rows` names. */
  readonly name: string
  /** What the physical limit answers to each of these requests; without it the limit has no line in this row. */
  readonly limitAnswer?: { readonly code: number; readonly body: Buffer }
  /** Whether Node alone is measured, too; the requests must have JSON headers. */
  readonly nodeLimit?: true
  /** What servers without accounts get in place of these requests. */
  readonly unsigned?: Load
  /** Another load on the same server at the same time; its server CPU counts with the row's. */
  readonly background?: Load
  /** Done once within the window; the time it takes is a figure of the row. */
  readonly during?: (fixture: F) => Promise<void>
  /** Puts back what the row changed. */
  readonly after?: (fixture: F) => Promise<void>
}

/** What both NameServers hold while some rows are measured. Both are restarted for each world. */
export interface World {
  /** What it is, in a few words; heading of its rows. */
  readonly title: string
  readonly setup: (port: number) => Promise<Fixture>
  /** What the access file of ours says besides its rates; default: nothing, which is the profile `default`. */
  readonly access?: string
  readonly workloads: readonly Workload[]
}

/** Connections × requests in flight. */
const LOOKUP_ROWS = [
  { conns: 1, depth: 1 },
  { conns: 64, depth: 1 },
  { conns: 64, depth: 16 },
  { conns: 1000, depth: 1 },
] as const
/** The two that tell most, for variations of the plain case. */
const [, FEW, DEEP] = LOOKUP_ROWS

const REMOVALS_DONE_MS = 1_500

const MANY_BROKERS: ClusterShape = { prefix: 'Wide', brokers: 32, topics: 1_000 }
const LARGE_BODIES: ClusterShape = { prefix: 'Large', brokers: 10, topics: 20_000, heartbeatsOnly: true }
// Without a prefix its registration just fits into a frame of the default limit.
const MANY_TOPICS: ClusterShape = { prefix: '', brokers: 2, topics: 100_000, heartbeatsOnly: true }
const LOST: ClusterShape = { prefix: 'Lost', brokers: 100, topics: 10_000, heartbeatsOnly: true }
const KEPT: ClusterShape = { prefix: 'Kept', brokers: 2, topics: 1_000 }
const SIGNED: ClusterShape = { prefix: 'Signed', brokers: 2, topics: 1_000 }

/** Every lookup is signed but that of the topic that shows whether the server is up. */
const STRICT_ACCESS = `profile: strict
accounts:
${ACCOUNTS.map((account) => `  - ${JSON.stringify(account)}`).join('\n')}
rules:
  - { allow: [lookup], who: { account: "bench-*" } }
  - { allow: [lookup], topics: [BenchTopicNobodyHas] }
  - { allow: [register, admin], from: [loopback] }
`

/** All the worlds with their rows, in the order of the table. */
export function worlds(shape: ClusterShape): readonly World[] {
  return [
    world(shape, 'the plain cluster', [
      ...LOOKUP_ROWS.map((row) => ({ ...lookups(shape, '', row), nodeLimit: true as const })),
      ...[FEW, DEEP].flatMap((row) => [
        lookups(shape, 'rocketmq-', row, [STRICT_ROCKETMQ]),
        lookups(shape, 'dialects-', row, [STRICT_JSON, LEGACY_JSON]),
        unknownTopics(row),
      ]),
      ...[FEW, DEEP].flatMap((row) => [
        {
          ...requests(`heartbeat-${row.conns}x${row.depth}`, () => heartbeatFrames(shape), row),
          limitAnswer: { code: Code.SUCCESS, body: Buffer.alloc(0) },
          nodeLimit: true as const,
        },
        requests(`dataversion-${row.conns}x${row.depth}`, () => dataVersionFrames(shape), row),
      ]),
    ]),
    world(
      MANY_BROKERS,
      'routes of many brokers',
      [FEW, DEEP].map((row) => lookups(MANY_BROKERS, 'wide-', row)),
    ),
    world(LARGE_BODIES, 'large registrations', [
      registrations('register-same', () => sameRegistrationFrames(LARGE_BODIES), { conns: 2, depth: 1 }),
      registrations('register-change', () => changingRegistrationFrames(LARGE_BODIES), {
        conns: 2,
        depth: 1,
      }),
      {
        ...lookups(LARGE_BODIES, 'busy-', FEW),
        background: { frames: () => changingRegistrationFrames(LARGE_BODIES), conns: 2, depth: 1 },
        after: registerAnew,
      },
    ]),
    world(MANY_TOPICS, 'many topics', [
      lookups(MANY_TOPICS, 'many-', FEW),
      registrations('register-many', () => sameRegistrationFrames(MANY_TOPICS), { conns: 1, depth: 1 }),
    ]),
    lostBrokers(),
    {
      ...world(SIGNED, 'signed lookups under strict, beside unsigned ones of Java', [
        ...[FEW, DEEP].map((row) => signedLookups('signed-', row, SIGNED_JSON.slice(0, 1))),
        ...[FEW, DEEP].map((row) => signedLookups('signed-first-', row, SIGNED_JSON)),
      ]),
      setup: (port) => Cluster.start(SIGNED, port, SIGNED_JSON[0]),
      access: STRICT_ACCESS,
    },
  ]
}

type ClusterWorkload = Workload<Cluster>

function world(shape: ClusterShape, title: string, workloads: readonly ClusterWorkload[]): World {
  return {
    title: `${title}: ${shape.brokers} brokers × ${shape.topics.toLocaleString('en-US')} topics`,
    setup: (port) => Cluster.start(shape, port),
    workloads: workloads as readonly Workload[],
  }
}

interface Width {
  readonly conns: number
  readonly depth: number
}

function lookups(
  shape: ClusterShape,
  prefix: string,
  row: Width,
  forms?: readonly LookupForm[],
): ClusterWorkload {
  return {
    name: `${prefix}${row.conns}x${row.depth}`,
    ...row,
    frames: () => routeFrames(shape, forms),
    limitAnswer: { code: Code.SUCCESS, body: longestRoute(shape) },
  }
}

/** One account repeats its requests, whose signatures are cached; all accounts by turns never find theirs in the cache. */
function signedLookups(prefix: string, row: Width, accounts: readonly LookupForm[]): ClusterWorkload {
  return {
    ...lookups(SIGNED, prefix, row),
    frames: () => accounts.flatMap((form) => routeFrames(SIGNED, [form])),
    unsigned: { ...row, frames: () => routeFrames(SIGNED) },
  }
}

function unknownTopics(row: Width): ClusterWorkload {
  return { name: `unknown-${row.conns}x${row.depth}`, ...row, frames: () => unknownTopicFrames(1_000) }
}

function requests(name: string, frames: Load['frames'], row: Width): ClusterWorkload {
  return { name, ...row, frames }
}

/** During the row the brokers belong to the load's connections, and are lost with them; afterwards they register again. */
function registrations(name: string, frames: Load['frames'], row: Width): ClusterWorkload {
  return { ...requests(name, frames, row), after: registerAnew }
}

/** Java carries out a removal by address, also of a broker that has registered again meanwhile: it must have done so first. */
async function registerAnew(cluster: Cluster): Promise<void> {
  await delay(REMOVALS_DONE_MS)
  await cluster.register()
}

/** Two clusters on one server: the brokers of one are lost all at once while clients ask for the topics of the other. */
class TwoClusters implements Fixture {
  readonly lost: Cluster
  readonly #kept: Cluster

  constructor(kept: Cluster, lost: Cluster) {
    this.#kept = kept
    this.lost = lost
  }

  async check(): Promise<void> {
    await this.#kept.check()
  }

  stop(): void {
    this.lost.stop()
    this.#kept.stop()
  }
}

function lostBrokers(): World {
  const loss: Workload<TwoClusters> = {
    ...lookups(KEPT, 'loss-', FEW),
    during: async ({ lost }) => {
      lost.loseConnections()
      await lost.forgotten()
    },
    after: ({ lost }) => lost.register(),
  }
  const queues = (LOST.brokers * LOST.topics).toLocaleString('en-US')
  return {
    title: `${LOST.brokers} brokers lose their connections at once: ${queues} queue entries`,
    setup: async (port) => new TwoClusters(await Cluster.start(KEPT, port), await Cluster.start(LOST, port)),
    workloads: [loss as Workload],
  }
}

/** The generator wants each topic's full length, and the limit has one body for all. */
function longestRoute(shape: ClusterShape): Buffer {
  const bodies = Array.from({ length: Math.min(shape.topics, 1_000) }, (_, topic) =>
    Buffer.from(JSON.stringify(expectedRoute(shape, topic))),
  )
  return bodies.reduce((longest, body) => (body.length > longest.length ? body : longest))
}
