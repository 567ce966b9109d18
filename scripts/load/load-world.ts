/** The whole of a load: brokers in groups, topics, clients, and what changes all the time. */
import { setTimeout as delay } from 'node:timers/promises'
import { Line } from '../support/line.ts'
import { startClient } from './client.ts'
import { Histogram } from './histogram.ts'
import { Broker, type Departure } from './load-broker.ts'
import { type Group, Presence, type Topic } from './truth.ts'

const DELETE_TOPIC_IN_NAMESRV = 216

/** Brokers of one cluster; each has all topics of the cluster. */
const BROKERS_OF_A_GROUP = 4
const TOPICS_OF_A_GROUP = 40
const TOPICS_OF_A_CLIENT = 4

/** Of real time, which is compressed. */
const PERIOD_MS = 30_000
const AWAY_MS = 60_000
/** A broker leaves once in this time, and a topic is made, and one deleted, in each group. */
const BROKER_LIFE_MS = 900_000
const TOPIC_LIFE_MS = 450_000
const CONNECTING_AT_A_TIME = 200

const DEPARTURES: readonly Departure[] = ['unregisters', 'is cut', 'changes its connection']

export interface WorldOptions {
  readonly port: number
  readonly clients: number
  readonly brokers: number
  /** How much faster than real time everything happens. */
  readonly compression: number
  readonly onError: (error: string) => void
}

interface Cluster extends Group {
  readonly members: readonly Broker[]
  /** Those that brokers have, or are being told of. */
  readonly topics: Set<Topic>
  /** Those and deleted ones, for clients go on asking for them. */
  readonly known: Topic[]
}

/** What has happened so far. */
export interface Counts {
  registrations: number
  departures: number
  topicsMade: number
  topicsDeleted: number
  reconnections: number
}

export class World {
  readonly latencies = new Histogram()
  readonly counts: Counts = {
    registrations: 0,
    departures: 0,
    topicsMade: 0,
    topicsDeleted: 0,
    reconnections: 0,
  }
  readonly #options: WorldOptions
  readonly #clusters: Cluster[] = []
  readonly #running: Promise<void>[] = []
  #isOver = false

  constructor(options: WorldOptions) {
    this.#options = options
    for (let first = 0; first < options.brokers; first += BROKERS_OF_A_GROUP) {
      this.#clusters.push(this.#makeCluster(first))
    }
  }

  /** Everybody comes, and nothing changes yet. */
  async start(): Promise<void> {
    const { clients } = this.#options
    await Promise.all(this.#clusters.flatMap(({ members }) => members.map((broker) => broker.arrive())))
    for (const { topics } of this.#clusters) for (const { presence } of topics) presence.settle(true)
    for (let first = 0; first < clients; first += CONNECTING_AT_A_TIME) {
      const many = Math.min(CONNECTING_AT_A_TIME, clients - first)
      await Promise.all(Array.from({ length: many }, (_, index) => this.#startClient(first + index)))
    }
    for (const cluster of this.#clusters) {
      for (const broker of cluster.members)
        this.#running.push(this.#repeatBroker(broker), this.#churnBroker(broker))
      this.#running.push(this.#churnTopics(cluster))
    }
  }

  /** Nothing changes any more, and everybody leaves when what is under way is over. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
    for (const { members } of this.#clusters) for (const broker of members) broker.close()
  }

  #makeCluster(first: number): Cluster {
    const { port, brokers, onError } = this.#options
    const number = first / BROKERS_OF_A_GROUP
    const topics = new Set<Topic>()
    const many = Math.min(BROKERS_OF_A_GROUP, brokers - first)
    const members = Array.from({ length: many }, (_, index) => {
      const broker = first + index
      const host = `127.1.${broker >> 8}.${1 + (broker & 127)}`
      const place = {
        port,
        clusterName: `cluster-${number}`,
        name: `broker-${broker}`,
        address: `${host}:${10_911 + broker}`,
        localAddress: host,
        onError,
      }
      return new Broker(place, topics)
    })
    const cluster: Cluster = { members, topics, known: [], lastChangeMs: 0 }
    for (const broker of members) broker.join(cluster)
    for (let topic = 0; topic < TOPICS_OF_A_GROUP; topic++) this.#addTopic(cluster)
    return cluster
  }

  #addTopic(cluster: Cluster): Topic {
    const number = cluster.known.length
    const topic: Topic = {
      name: `${cluster.members[0]?.name}-topic-${number}`,
      queues: 4 + (number % 13),
      group: cluster,
      presence: new Presence(),
    }
    topic.presence.change()
    cluster.topics.add(topic)
    cluster.known.push(topic)
    return topic
  }

  async #startClient(index: number): Promise<void> {
    const { port, compression, onError } = this.#options
    const { done } = await startClient({
      port,
      localAddress: `127.2.${index >> 7}.${1 + (index & 127)}`,
      periodMs: PERIOD_MS / compression,
      drawTopics: () => this.#drawTopics(),
      isOver: () => this.#isOver,
      latencies: this.latencies,
      onReconnect: () => this.counts.reconnections++,
      onError,
    })
    this.#running.push(done)
  }

  #drawTopics(): Topic[] {
    return Array.from({ length: TOPICS_OF_A_CLIENT }, () => {
      const { known } = pick(this.#clusters)
      // The newest are the ones that come and go.
      return known[
        known.length - 1 - Math.floor(Math.random() * Math.min(known.length, TOPICS_OF_A_GROUP))
      ] as Topic
    })
  }

  async #repeatBroker(broker: Broker): Promise<void> {
    await this.#real(Math.random() * PERIOD_MS)
    while (!this.#isOver) {
      await broker.repeat()
      this.counts.registrations++
      await this.#real(PERIOD_MS)
    }
  }

  async #churnBroker(broker: Broker): Promise<void> {
    // As if it had been there for a while.
    let lifeMs = Math.random() * BROKER_LIFE_MS
    for (;;) {
      await this.#real(lifeMs)
      lifeMs = (0.5 + Math.random()) * BROKER_LIFE_MS
      if (this.#isOver) return
      const how = pick(DEPARTURES)
      await broker.leave(how)
      this.counts.departures++
      if (how === 'changes its connection') continue
      await this.#real(AWAY_MS)
      if (this.#isOver) return
      await broker.arrive()
    }
  }

  async #churnTopics(cluster: Cluster): Promise<void> {
    let lifeMs = Math.random() * TOPIC_LIFE_MS
    for (;;) {
      await this.#real(lifeMs)
      lifeMs = (0.5 + Math.random()) * TOPIC_LIFE_MS
      if (this.#isOver) return
      await this.#makeTopic(cluster)
      await this.#real((0.5 + Math.random()) * TOPIC_LIFE_MS)
      if (this.#isOver) return
      await this.#deleteTopic(cluster)
    }
  }

  async #makeTopic(cluster: Cluster): Promise<void> {
    const topic = this.#addTopic(cluster)
    cluster.lastChangeMs = performance.now()
    await Promise.all(cluster.members.map((broker) => broker.tellTopics()))
    topic.presence.settle(true)
    cluster.lastChangeMs = performance.now()
    this.counts.topicsMade++
  }

  /** First the brokers forget it, and then the NameServer is told; as mqadmin does it. */
  async #deleteTopic(cluster: Cluster): Promise<void> {
    const topic = pick([...cluster.topics])
    topic.presence.change()
    cluster.topics.delete(topic)
    cluster.lastChangeMs = performance.now()
    await Promise.all(cluster.members.map((broker) => broker.tellTopics()))
    const { port, onError } = this.#options
    const admin = await Line.open(port, '127.0.0.1', (error) => onError(`a deletion: ${error.message}`))
    const { code } = await admin.ask({ code: DELETE_TOPIC_IN_NAMESRV, fields: { topic: topic.name } })
    admin.close()
    if (code !== 0) onError(`the deletion of ${topic.name} was answered with code ${code}`)
    topic.presence.settle(false)
    cluster.lastChangeMs = performance.now()
    this.counts.topicsDeleted++
  }

  /** Real time, compressed; cut short when it is over. */
  async #real(ms: number): Promise<void> {
    const endMs = performance.now() + ms / this.#options.compression
    while (!this.#isOver && performance.now() < endMs) await delay(Math.min(1_000, endMs - performance.now()))
  }
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T
}
