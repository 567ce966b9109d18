import { setImmediate as nextTurn } from 'node:timers/promises'
import { RequestCode } from '../../../src/protocol/request-code.ts'
import { registration, registrationBody } from '../../support/requests.ts'
import type { Choose } from './explore.ts'
import { SteppedServer, type SteppedServerOptions } from './stepped-server.ts'
import { type Broker, TIMEOUT_MS, WhoIsAlive } from './who-is-alive.ts'

/** What is in the body of a registration: topics, others, or nothing that can be read. */
export type Body = 'first' | 'second' | 'broken'

/** One thing that happens. `evict` is for those whom `scan` found silent. */
export type Event =
  | { readonly kind: 'register'; readonly connection: number; readonly broker: Broker; readonly body: Body }
  | { readonly kind: 'heartbeat' | 'version' | 'leave'; readonly connection: number; readonly broker: Broker }
  | { readonly kind: 'close'; readonly connection: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'scan' | 'evict' }

/** Events that happen in their order; of several such lines any may go on next. */
export type Line = readonly Event[]

interface Requests {
  /** Of every code: each takes what it needs. */
  readonly fields: Readonly<Record<string, string>>
  readonly bodies: Readonly<Record<Body, Buffer>>
  /** The data version of each body. */
  readonly versions: Readonly<Record<Body, Buffer>>
}

const requests = new Map<Broker, Requests>()

function requestsOf(broker: Broker): Requests {
  let known = requests.get(broker)
  if (known === undefined) {
    const { extFields } = registration({ ...broker, heartbeatTimeoutMs: TIMEOUT_MS })
    // Said by 5.x: without a master its topics count as well.
    const fields = { ...extFields, enableActingMaster: 'false' }
    const version = (counter: number): Buffer =>
      Buffer.from(JSON.stringify({ counter, stateVersion: 0, timestamp: 1_700_000_000_000 }))
    const body = (...letters: string[]): Buffer => {
      // A broker's own name is a topic of each full registration.
      const topics = letters.map((letter) => (letter === 'B' ? broker.name : `${broker.name}-${letter}`))
      const text = registrationBody(topics)
      return Buffer.from(text.replace('"counter":1,', `"counter":${letters.length},`))
    }
    known = {
      fields,
      bodies: { first: body('A', 'B'), second: body('A', 'B', 'C'), broken: Buffer.from('{') },
      versions: { first: version(2), second: version(3), broken: version(0) },
    }
    requests.set(broker, known)
  }
  return known
}

const CODES = {
  heartbeat: RequestCode.BROKER_HEARTBEAT,
  version: RequestCode.QUERY_DATA_VERSION,
  leave: RequestCode.UNREGISTER_BROKER,
} as const

/** Whoever is not in the routes and must be, or is known and must not. */
export class WrongLife extends Error {
  override readonly name = 'WrongLife'
}

/**
 * One history, in one of the orders in which its steps can come: a step is an event, or a turn of work that is under way. After
 * each step the routes are compared with who must be alive; at the end, with who may be.
 */
export class History {
  readonly #server: SteppedServer
  readonly #spec = new WhoIsAlive()
  readonly #brokers = new Set<Broker>()
  /** The body of each broker's last registration that was answered with success: each broker's are carried out in their order. */
  readonly #taken = new Map<Broker, Body>()
  /** Connections with a request that is being worked on: those behind it wait, as in a Channel. */
  readonly #held = new Set<number>()
  readonly #lines: Event[][]
  readonly #steps: string[] = []

  constructor(lines: readonly Line[], options: SteppedServerOptions = {}) {
    this.#server = new SteppedServer(options)
    this.#lines = lines.map((line) => [...line])
    for (const event of lines.flat()) if ('broker' in event) this.#brokers.add(event.broker)
  }

  /** @throws {WrongLife} */
  async run(choose: Choose): Promise<void> {
    while (await this.#step(choose)) this.#checkRoutes()
    this.#server.scan()
    this.#spec.givingUp(this.#server.nowMs)
    this.#server.evict()
    this.#steps.push('the silent are looked for last')
    while (await this.#step(choose)) this.#checkRoutes()
    this.#checkEnd()
    await this.#checkVersionQueries()
  }

  async #step(choose: Choose): Promise<boolean> {
    const { tasks } = this.#server
    const ready = this.#lines.filter((line) => this.#isReady(line))
    const possibilities = ready.length + tasks.length
    if (possibilities === 0) return false
    const chosen = choose(possibilities)
    const line = ready[chosen]
    if (line !== undefined) this.#happen(line.shift() as Event)
    else {
      this.#steps.push(`turn ${chosen - ready.length} of ${tasks.length}`)
      for (const task of tasks.splice(chosen - ready.length, 1)) task()
    }
    await nextTurn()
    return true
  }

  /** What a closed connection would have said is not there any more. */
  #isReady(line: Event[]): boolean {
    for (let event = line[0]; event !== undefined; event = line[0]) {
      if (!('connection' in event) || event.kind === 'close') return true
      if (!this.#server.channel(event.connection).closed) return !this.#held.has(event.connection)
      line.shift()
    }
    return false
  }

  #happen(event: Event): void {
    const server = this.#server
    const spec = this.#spec
    this.#steps.push(textOf(event))
    switch (event.kind) {
      case 'register':
        this.#register(event)
        return
      case 'heartbeat':
      case 'version':
        spec.heartbeat(event.broker, server.nowMs)
        this.#request(event)
        return
      case 'leave':
        spec.leaving(event.broker)
        this.#request(event)
        return
      case 'close':
        spec.closed(event.connection)
        server.close(event.connection)
        return
      case 'pass':
        server.nowMs += event.ms
        return
      case 'scan':
        server.scan()
        return
      case 'evict':
        spec.givingUp(server.nowMs)
        server.evict()
        return
      default:
        event satisfies never
    }
  }

  #register({ connection, broker, body }: Extract<Event, { kind: 'register' }>): void {
    const server = this.#server
    const arrived = this.#spec.registering(broker, connection, server.nowMs)
    const { fields, bodies } = requestsOf(broker)
    this.#held.add(connection)
    void server.request(connection, RequestCode.REGISTER_BROKER, fields, bodies[body]).then(({ code }) => {
      this.#held.delete(connection)
      this.#spec.registered(broker, arrived, code === 0)
      if (code === 0) this.#taken.set(broker, body)
    })
  }

  #request({ kind, connection, broker }: Extract<Event, { kind: keyof typeof CODES }>): void {
    this.#held.add(connection)
    const { fields } = requestsOf(broker)
    void this.#server.request(connection, CODES[kind], fields).then(() => this.#held.delete(connection))
  }

  #isShown(broker: Broker): boolean {
    return this.#server.shows(`${broker.name}-A`, broker)
  }

  #checkRoutes(): void {
    for (const broker of this.#brokers) {
      const isShown = this.#isShown(broker)
      if (!isShown && this.#spec.mustBeInRoutes(broker))
        this.#fail(`${textOfBroker(broker)} is alive and not in the routes`)
      if (isShown && this.#spec.isReplaced(broker))
        this.#fail(`${textOfBroker(broker)} is in the routes beside the one that took its place`)
    }
  }

  #checkEnd(): void {
    this.#checkRoutes()
    const { nowMs, routeInfo, leavesStray } = this.#server
    for (const broker of this.#brokers) {
      const isShown = this.#isShown(broker)
      // Whoever asks to leave and is heard too early goes by what is done last.
      if (isShown && !leavesStray && !this.#spec.mayStay(broker, nowMs))
        this.#fail(`${textOfBroker(broker)} is gone and in the routes`)
      const isLive = this.#server.isLive(broker)
      if (isShown && !isLive) this.#fail(`${textOfBroker(broker)} is in the routes and not known to be alive`)
      if (isLive && !this.#mayBeLive(broker))
        this.#fail(`${textOfBroker(broker)} is known to be alive and not in the routes`)
    }
    if (this.#held.size > 0) this.#fail('a request was not answered')
    if (routeInfo.queue.registering > 0 || routeInfo.waiting > 0)
      this.#fail('something is on its way for ever')
  }

  /** Whether the address is shown under that name, or has lost its place to another broker. */
  #mayBeLive({ name, address }: Broker): boolean {
    return [...this.#brokers].some(
      (broker) =>
        broker.name === name &&
        broker.address === address &&
        (this.#isShown(broker) || this.#spec.isDisplaced(broker)),
    )
  }

  /** A broker that asks whether it must register is told so unless it is in the routes. */
  async #checkVersionQueries(): Promise<void> {
    const connection = Number.MAX_SAFE_INTEGER
    for (const broker of this.#brokers) {
      const { fields, versions } = requestsOf(broker)
      const version = versions[this.#taken.get(broker) ?? 'broken']
      const answer = await this.#server.request(connection, CODES.version, fields, version)
      const changed = answer.extFields?.get('changed')
      if (changed !== `${!this.#isShown(broker)}`)
        this.#fail(`${textOfBroker(broker)} is told changed=${changed}`)
    }
  }

  #fail(what: string): never {
    throw new WrongLife([`${what}, after:`, ...this.#steps].join('\n  '))
  }
}

function textOf(event: Event): string {
  return Object.entries(event)
    .map(([key, value]) => (key === 'broker' ? textOfBroker(value as Broker) : `${value}`))
    .join(' ')
}

function textOfBroker({ name, id, address }: Broker): string {
  return `${address} as ${name}/${id}`
}
