import type { Steps, TimeSlicer } from '../common/time-slicer.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { RouteView } from '../routeinfo/route-view.ts'
import { sorted } from './paging.ts'

/** What only a walk over all routes can tell, restored ones included. Names are in ascending order. */
export interface RouteIndex {
  /** Of the tables that were walked. */
  readonly revision: number
  readonly topics: readonly string[]
  readonly brokerNames: readonly string[]
  readonly clusters: readonly string[]
  readonly clustersOfBroker: ReadonlyMap<string, readonly string[]>
  /** Topics with queues on a broker name. */
  readonly topicsOfBroker: ReadonlyMap<string, number>
  /** Topics with queues in a cluster. */
  readonly topicsOfCluster: ReadonlyMap<string, number>
}

/** Topics, and their queues, that are counted, or compared, in one step. */
const TOPICS_PER_STEP = 16

/** Keeps the index until the routes change. It is built in slices when it is asked for. */
export class RouteIndexCache {
  readonly #routeInfo: RouteInfoManager
  readonly #slicer: TimeSlicer
  #index: RouteIndex | undefined
  /** The topics of the index in the order of the tables. */
  #unsorted: readonly string[] = []
  #building: Promise<void> | undefined

  constructor(routeInfo: RouteInfoManager, slicer: TimeSlicer) {
    this.#routeInfo = routeInfo
    this.#slicer = slicer
  }

  /** The index of the present routes, or of later ones. */
  async get(): Promise<RouteIndex> {
    const { revision } = this.#routeInfo
    for (;;) {
      if (this.#index !== undefined && this.#index.revision >= revision) return this.#index
      // Shared by all that wait for it; one that was begun before the last change is followed by another.
      this.#building ??= this.#build().finally(() => {
        this.#building = undefined
      })
      await this.#building
    }
  }

  async #build(): Promise<void> {
    const walked = await this.#routeInfo.read((view) => walk(view, this.#routeInfo.revision))
    this.#index = await this.#slicer.run(this.#sort(walked))
  }

  *#sort(walked: RouteIndex): Steps<RouteIndex> {
    const [unsorted, last] = [walked.topics, this.#unsorted]
    this.#unsorted = unsorted
    // Most changes of routes add and remove no topic.
    const isSame = yield* areEqual(unsorted, last)
    const topics = isSame && this.#index !== undefined ? this.#index.topics : yield* sorted(unsorted)
    const brokerNames = yield* sorted(walked.brokerNames)
    const clusters = yield* sorted(walked.clusters)
    return { ...walked, topics, brokerNames, clusters }
  }
}

function* areEqual(topics: readonly string[], others: readonly string[]): Steps<boolean> {
  if (topics.length !== others.length) return false
  for (let at = 0; at < topics.length; at++) {
    if (topics[at] !== others[at]) return false
    if (at % TOPICS_PER_STEP === 0) yield
  }
  return true
}

/** Counts topics; those that come several times in a row count once. */
export class TopicTally {
  topics = 0
  #last: string | undefined

  add(topic: string): void {
    if (topic !== this.#last) this.topics++
    this.#last = topic
  }
}

interface BrokerTally {
  readonly clusters: readonly string[]
  /** Its own, then those of its clusters. */
  readonly tallies: readonly TopicTally[]
}

function* walk(view: RouteView, revision: number): Steps<RouteIndex> {
  const ofCluster = new Map<string, TopicTally>()
  const ofBroker = new Map<string, BrokerTally>()
  for (const [cluster, names] of view.clusters()) {
    const tally = new TopicTally()
    for (const name of names) {
      if (view.groupWithMembers(name) === undefined) continue
      ofCluster.set(cluster, tally)
      const { clusters = [], tallies = [new TopicTally()] } = ofBroker.get(name) ?? {}
      ofBroker.set(name, { clusters: [...clusters, cluster], tallies: [...tallies, tally] })
      yield
    }
  }
  const topics = yield* count(view, ofBroker)
  const brokers = [...ofBroker]
  return {
    revision,
    topics,
    brokerNames: [...view.groupsWithMembers()].map(({ brokerName }) => brokerName),
    clusters: [...ofCluster.keys()],
    clustersOfBroker: new Map(brokers.map(([name, { clusters }]) => [name, clusters])),
    topicsOfBroker: new Map(brokers.map(([name, { tallies }]) => [name, tallies[0]?.topics ?? 0])),
    topicsOfCluster: new Map([...ofCluster].map(([cluster, each]) => [cluster, each.topics])),
  }
}

/** Counts the topics of brokers and clusters. @returns All topics. */
function* count(view: RouteView, ofBroker: ReadonlyMap<string, BrokerTally>): Steps<string[]> {
  const topics: string[] = []
  let counted = 0
  for (const [topic, queues] of view.topics()) {
    topics.push(topic)
    countTopic(topic, queues, ofBroker)
    // A topic may be on thousands of brokers.
    for (counted += 1 + queues.size; counted >= TOPICS_PER_STEP; counted -= TOPICS_PER_STEP) yield
  }
  return topics
}

/**
 * Counts a topic for its brokers. A function of its own: in a generator, V8 allocates for each pass of a loop, and the garbage would
 * hold lookups up.
 */
export function countTopic(
  topic: string,
  queues: ReadonlyMap<string, unknown>,
  ofBroker: ReadonlyMap<string, Pick<BrokerTally, 'tallies'>>,
): void {
  for (const name of queues.keys()) {
    const broker = ofBroker.get(name)
    if (broker !== undefined) for (const tally of broker.tallies) tally.add(topic)
  }
}
