import { setImmediate as nextTurn } from 'node:timers/promises'
import { TimeSlicer } from '../../src/common/time-slicer.ts'
import type { TopicQueues } from '../../src/protocol/body/topic-config.ts'
import type { TopicTable } from '../../src/protocol/body/topic-table.ts'
import type { RouteVariant } from '../../src/routeinfo/encoded-route-cache.ts'
import type { Registration } from '../../src/routeinfo/registration.ts'
import type { RouteEvent } from '../../src/routeinfo/route-changes.ts'
import { RouteInfoManager, type RouteInfoManagerOptions } from '../../src/routeinfo/route-info-manager.ts'

/** Turns of an event loop that go on only when the test says so. */
export class ManualTurns {
  #tasks: (() => void)[] = []

  readonly defer = (task: () => void): void => {
    this.#tasks.push(task)
  }

  /** Tasks that wait for a turn. */
  get waiting(): number {
    return this.#tasks.length
  }

  /** Runs the tasks that wait now, and what follows from their promises. */
  async next(): Promise<void> {
    const tasks = this.#tasks
    this.#tasks = []
    for (const task of tasks) task()
    await nextTurn()
  }

  /** Goes on until nothing waits. @returns How many turns that took. */
  async all(): Promise<number> {
    let turns = 0
    for (; this.#tasks.length > 0; turns++) await this.next()
    return turns
  }

  /** Goes on until nothing waits, and gives the result of work that was under way. */
  async until<Result>(result: Result | Promise<Result>): Promise<Result> {
    await this.all()
    return result
  }
}

/** A slicer whose work never leaves the current turn. */
export function wholeSlicer(): TimeSlicer {
  return new TimeSlicer({
    nowMs: () => 0,
    defer: () => {
      throw new Error('work was deferred')
    },
  })
}

/** A slicer that gives the turn away at every look at the clock. */
export function finestSlicer(turns: ManualTurns): TimeSlicer {
  let nowMs = 0
  return new TimeSlicer({ nowMs: () => nowMs++, defer: turns.defer, sliceMs: 1 })
}

/** A connection that a test may close. */
export interface FakeChannel {
  readonly id: number
  readonly remoteAddress: string
  host: string
  isLoopback: boolean
  readonly isTls: boolean
  readonly certificate: null
  closed: boolean
}

/** An open connection. */
export function openChannel(id: number): FakeChannel {
  const origin = { host: '127.0.0.1', isLoopback: true, isTls: false, certificate: null }
  return { id, remoteAddress: `127.0.0.1:${50_000 + id}`, closed: false, ...origin }
}

/** A manager, what it has told the world, and the turns of its long work. */
export function managerWith(
  slices: 'whole' | 'finest',
  options: Partial<RouteInfoManagerOptions> = {},
): { manager: RouteInfoManager; effects: RouteEvent[]; turns: ManualTurns } {
  const turns = new ManualTurns()
  const effects: RouteEvent[] = []
  const manager = new RouteInfoManager({
    slicer: slices === 'whole' ? wholeSlicer() : finestSlicer(turns),
    onEvent: (effect) => effects.push(effect),
    ...options,
  })
  return { manager, effects, turns }
}

/** A topic of a registration. */
export interface NamedTopicConfig extends TopicQueues {
  readonly topicName: string
}

/** Eight queues, readable and writable, unless said otherwise. */
export function topicConfig(topicName: string, given: Partial<NamedTopicConfig> = {}): NamedTopicConfig {
  return { topicName, readQueueNums: 8, writeQueueNums: 8, perm: 6, topicSysFlag: 0, ...given }
}

/** A topic table of plain topics. */
export function topicTable(names: Iterable<string>): TopicTable {
  return tableOf(new Map([...names].map((name) => [name, topicConfig(name)])))
}

/** A topic table of these topics by their keys. */
export function tableOf(topics: ReadonlyMap<string, NamedTopicConfig>): TopicTable {
  const names = [...topics.values()].map(({ topicName }) => topicName)
  const keys = [...topics.keys()]
  const queues = [...topics.values()].map(({ topicName, ...rest }) => rest)
  return { keys: `${keys}` === `${names}` ? names : keys, names, queues }
}

/** A registration of the master of broker-a, unless said otherwise. */
export function registration(given: Partial<Registration> & { generation: number }): Registration {
  return {
    clusterName: 'C',
    brokerName: 'broker-a',
    brokerId: 0n,
    brokerAddr: 'a:1',
    haServerAddr: null,
    zoneName: null,
    heartbeatTimeoutMs: null,
    enableActingMaster: false,
    channelId: 1,
    peer: '127.0.0.1:50001',
    owner: '127.0.0.1',
    isLoopback: true,
    nowMs: 0,
    dataVersion: { counter: 1n, stateVersion: 0n, timestamp: 1n },
    topicConfigTable: topicTable(['T1', 'T2']),
    topicQueueMappingInfoMap: new Map(),
    filterServerList: [],
    ...given,
  }
}

/** The body of GET_BROKER_CLUSTER_INFO, whose ids come without quotes. */
export interface ClusterInfoJson {
  readonly brokerAddrTable: Readonly<Record<string, GroupJson>>
  readonly clusterAddrTable: Readonly<Record<string, readonly string[]>>
}

/** A group in it. */
export interface GroupJson {
  readonly brokerAddrs: Readonly<Record<string, string>>
  readonly brokerName: string
  readonly cluster: string
  readonly enableActingMaster: boolean
  readonly zoneName?: string
}

/** What such a body says; no name in it may look like an id. */
export function parseClusterInfo(body: Buffer): ClusterInfoJson {
  return JSON.parse(body.toString().replaceAll(/([{,])(-?\d+):/g, '$1"$2":')) as ClusterInfoJson
}

/** What a client of today asks for, in a server with default settings. */
export const PLAIN_VARIANT: RouteVariant = {
  dialect: 'standard',
  supportActingMaster: false,
  orderTopicConf: null,
}
