/** What is measured: each row of the table is one value here. */
import { Cluster, type ClusterShape, expectedRoute, routeFrames } from './cluster.ts'
import { Code, type RequestFrame } from './request-frames.ts'

/** What a workload needs on a server before it runs, kept up until the end of the benchmark. */
export interface Fixture {
  /** Throws when the server does not hold what was set up, or has failed it since. */
  check(): Promise<void>
  stop(): void
}

/** One row: the requests, how many are under way, and what must be there first. */
export interface Workload {
  /** Unique; what `--rows` names. */
  readonly name: string
  /** What is asked, in a few words; rows with the same title stand under one heading. */
  readonly title: string
  /** Sent in turn, over whichever connection is free. */
  readonly frames: readonly RequestFrame[]
  readonly conns: number
  /** Requests in flight on each connection, 1 to 1024. */
  readonly depth: number
  /** What the physical limit answers to each of these requests. */
  readonly limitAnswer: { readonly code: number; readonly body: Buffer }
  /** Runs once on each NameServer, not on the physical limit. Workloads with the same function share one fixture. */
  readonly setup?: (port: number) => Promise<Fixture>
}

/** Connections × requests in flight. */
const LOOKUP_ROWS = [
  { conns: 1, depth: 1 },
  { conns: 64, depth: 1 },
  { conns: 64, depth: 16 },
  { conns: 1000, depth: 1 },
] as const

/** All the rows, in the order of the table. */
export function workloads(shape: ClusterShape): readonly Workload[] {
  return lookups(shape, `route lookups, ${shape.brokers} brokers × ${shape.topics} topics`)
}

function lookups(shape: ClusterShape, title: string): readonly Workload[] {
  const shared = {
    title,
    frames: routeFrames(shape),
    limitAnswer: { code: Code.SUCCESS, body: longestRoute(shape) },
    setup: (port: number) => Cluster.start(shape, port),
  }
  return LOOKUP_ROWS.map((row) => ({ name: `${row.conns}x${row.depth}`, ...row, ...shared }))
}

/** The generator wants each topic's full length, and the limit has one body for all. */
function longestRoute(shape: ClusterShape): Buffer {
  const bodies = Array.from({ length: shape.topics }, (_, topic) =>
    Buffer.from(JSON.stringify(expectedRoute(shape, topic))),
  )
  return bodies.reduce((longest, body) => (body.length > longest.length ? body : longest))
}
