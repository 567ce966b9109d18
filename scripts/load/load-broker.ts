/** A broker as a NameServer sees one: registers, asks whether its version is still known, leaves, and comes back. */
import { setTimeout as delay } from 'node:timers/promises'
import { Line } from '../support/line.ts'
import { type Group, type Member, Presence, type Topic } from './truth.ts'

const REGISTER_BROKER = 103
const UNREGISTER_BROKER = 104
const QUERY_DATA_VERSION = 322
const GET_BROKER_MEMBER_GROUP = 901

/**
 * A broker that left must be out of all routes after this, and after so many requests that the server has taken up since: on a
 * machine that is overloaded it may not have come to notice anything in that time.
 */
const GONE_AFTER_MS = 2_000
const GONE_AFTER_REQUESTS = 3

/** How a broker leaves, or seems to. */
export type Departure =
  /** It unregisters, as one that is shut down. */
  | 'unregisters'
  /** Its connection is cut, as when it is killed. */
  | 'is cut'
  /** It registers on a new connection while the old one still stands: it was never gone. */
  | 'changes its connection'

export interface BrokerPlace {
  readonly port: number
  readonly clusterName: string
  readonly name: string
  readonly address: string
  readonly localAddress: string
  readonly onError: (error: string) => void
}

export class Broker implements Member {
  readonly name: string
  readonly address: string
  readonly presence = new Presence()
  readonly #place: BrokerPlace
  readonly #topics: ReadonlySet<Topic>
  #group: Group | undefined
  #line: Line | undefined
  #counter = 0
  /** Requests of one broker come one after the other. */
  #turn: Promise<void> = Promise.resolve()

  /** @param topics - Those of its group at any time. */
  constructor(place: BrokerPlace, topics: ReadonlySet<Topic>) {
    this.name = place.name
    this.address = place.address
    this.#place = place
    this.#topics = topics
  }

  join(group: Group): void {
    this.#group = group
  }

  /** Comes for the first time, or back. */
  arrive(): Promise<void> {
    return this.#inTurn(async () => {
      this.#change()
      this.#line = await this.#connect()
      await this.#register(this.#line)
      this.#settle(true)
    })
  }

  /** What it does every 30 seconds. */
  repeat(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#line === undefined) return
      const answer = await this.#line.ask({
        code: QUERY_DATA_VERSION,
        fields: this.#identity,
        body: this.#dataVersion,
      })
      if (!answer.bytes.includes('"changed":"false"')) throw new Error('its version is not known any more')
      await this.#register(this.#line)
    })
  }

  /** Registers with the topics that its group has now, unless it is away. */
  tellTopics(): Promise<void> {
    return this.#inTurn(async () => {
      this.#counter++
      if (this.#line !== undefined) await this.#register(this.#line)
    })
  }

  /** Leaves; when this is over, nobody may see it any more. One that only changes its connection is there all the time. */
  leave(how: Departure): Promise<void> {
    return this.#inTurn(async () => {
      const line = this.#line
      if (line === undefined) return
      if (how === 'changes its connection') {
        this.#line = await this.#connect()
        await this.#register(this.#line)
        line.close()
        return
      }
      this.#change()
      this.#line = undefined
      if (how === 'unregisters') await line.ask({ code: UNREGISTER_BROKER, fields: this.#identity })
      line.close()
      await delay(GONE_AFTER_MS)
      await this.#requestsLater()
      this.#settle(false)
    })
  }

  /** At the end of everything. */
  close(): void {
    this.#line?.close()
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch((error: Error) => {
      this.#place.onError(`${this.name}: ${error.message}`)
    })
    return this.#turn
  }

  #connect(): Promise<Line> {
    const { port, localAddress, onError } = this.#place
    return Line.open(port, localAddress, (error) => onError(`${this.name}: ${error.message}`))
  }

  async #requestsLater(): Promise<void> {
    const line = await this.#connect()
    for (let left = GONE_AFTER_REQUESTS; left > 0; left--) {
      await line.ask({ code: GET_BROKER_MEMBER_GROUP, fields: { brokerName: 'nobody' } })
    }
    line.close()
  }

  #change(): void {
    this.presence.change()
    this.#noteChange()
  }

  #settle(isThere: boolean): void {
    this.presence.settle(isThere)
    this.#noteChange()
  }

  #noteChange(): void {
    if (this.#group !== undefined) this.#group.lastChangeMs = performance.now()
  }

  get #identity(): Readonly<Record<string, string>> {
    const { clusterName, name, address } = this.#place
    return { clusterName, brokerName: name, brokerAddr: address, brokerId: '0' }
  }

  get #dataVersion(): string {
    return `{"counter":${this.#counter},"stateVersion":0,"timestamp":1700000000000}`
  }

  async #register(line: Line): Promise<void> {
    // A Java broker has a topic of its own name in each full registration.
    const table = [...this.#topics, { name: this.name, queues: 1 }].map(
      ({ name, queues }) =>
        `"${name}":{"order":false,"perm":6,"readQueueNums":${queues},"topicFilterType":"SINGLE_TAG",` +
        `"topicName":"${name}","topicSysFlag":0,"writeQueueNums":${queues}}`,
    )
    const { code } = await line.ask({
      code: REGISTER_BROKER,
      fields: { ...this.#identity, haServerAddr: this.address, bodyCrc32: '0', compressed: 'false' },
      body:
        `{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":${this.#dataVersion},` +
        `"topicConfigTable":{${table.join(',')}}}}`,
    })
    if (code !== 0) throw new Error(`its registration was answered with code ${code}`)
  }
}
