/** A broker as these tests know it. */
export interface Broker {
  readonly name: string
  readonly id: number
  readonly address: string
}

/** Whoever has been silent for longer than this is taken for dead, in milliseconds. */
export const TIMEOUT_MS = 100

/** Whether only one of two brokers can be in the routes: they claim one name and id, or are one address. */
function areRivals(a: Broker, b: Broker): boolean {
  return a !== b && (a.address === b.address || (a.name === b.name && a.id === b.id))
}

/** A registration that has come, over a connection. */
export interface Arrived {
  /** Place in the order of everything that comes. */
  readonly at: number
  readonly connection: number
  readonly nowMs: number
}

/** What has become of one broker so far. */
interface Life {
  /** Registrations that have come and have not been answered. */
  readonly onTheWay: Set<Arrived>
  /** The last to come of those that were answered with success. */
  taken: Arrived | undefined
  /** The connection of that one is lost; what was on its way then over another one may keep the broker in the routes. */
  keptBy: readonly Arrived[] | undefined
  leftAt: number
  givenUpAt: number
  /** Last sign of life, and the last one that may have come while the broker was unknown, which is ignored. */
  heardMs: number
  maybeHeardMs: number
}

/**
 * Who must be alive: told of everything in the order in which it comes, and of nothing that is done about it. It knows no lock,
 * slice or generation.
 *
 * A broker is alive whose last registration came over a connection that is open, which has not asked to leave since, and which
 * was not silent for longer than its timeout when the silent were looked for. Of two that claim one name and id, or one address, the
 * one that registered later has the place, and the other may be without one until it registers again.
 */
export class WhoIsAlive {
  readonly #lives = new Map<Broker, Life>()
  readonly #closed = new Set<number>()
  #last = 0

  registering(broker: Broker, connection: number, nowMs: number): Arrived {
    const arrived = { at: ++this.#last, connection, nowMs }
    this.#life(broker).onTheWay.add(arrived)
    return arrived
  }

  registered(broker: Broker, arrived: Arrived, success: boolean): void {
    const life = this.#life(broker)
    life.onTheWay.delete(arrived)
    if (!success || arrived.at < (life.taken?.at ?? 0)) return
    life.taken = arrived
    life.keptBy = this.#closed.has(arrived.connection) ? [] : undefined
    life.heardMs = Math.max(life.heardMs, arrived.nowMs)
    life.maybeHeardMs = Math.max(life.maybeHeardMs, arrived.nowMs)
  }

  heartbeat(broker: Broker, nowMs: number): void {
    if (this.mustBeInRoutes(broker)) this.#life(broker).heardMs = nowMs
    // It is counted for the address, whatever its name and id.
    for (const [other, life] of this.#lives) if (other.address === broker.address) life.maybeHeardMs = nowMs
  }

  leaving(broker: Broker): void {
    const leftAt = ++this.#last
    // The id does not count.
    for (const [other, life] of this.#lives)
      if (other.name === broker.name && other.address === broker.address) life.leftAt = leftAt
  }

  closed(connection: number): void {
    this.#closed.add(connection)
    for (const life of this.#lives.values()) {
      if (life.taken?.connection === connection) life.keptBy ??= this.#openOnTheWay(life)
    }
  }

  /** The silent, as of now, are given up. */
  givingUp(nowMs: number): void {
    for (const life of this.#lives.values()) {
      const isSilent = nowMs - life.heardMs > TIMEOUT_MS && this.#openOnTheWay(life).length === 0
      if (isSilent) life.givenUpAt = ++this.#last
    }
  }

  /** Whether a lookup at this moment has to show the broker. */
  mustBeInRoutes(broker: Broker): boolean {
    const { taken, leftAt, givenUpAt, keptBy, onTheWay } = this.#life(broker)
    if (taken === undefined || leftAt > taken.at || givenUpAt > taken.at) return false
    if (this.isDisplaced(broker)) return false
    return keptBy === undefined || keptBy.some((it) => onTheWay.has(it) && !this.#closed.has(it.connection))
  }

  /** Whether another broker that claims the same place has registered later. */
  isDisplaced(broker: Broker): boolean {
    return this.#laterRivals(broker).length > 0
  }

  /** Whether such a one must be in the routes, so that this one must not. */
  isReplaced(broker: Broker): boolean {
    return this.#laterRivals(broker).some((rival) => this.mustBeInRoutes(rival))
  }

  /** Whether the broker may be known still when everything is over that has come, and the silent have been looked for last. */
  mayStay(broker: Broker, nowMs: number): boolean {
    const { taken, leftAt, keptBy, maybeHeardMs } = this.#life(broker)
    if (taken === undefined || leftAt > taken.at || keptBy !== undefined) return false
    return nowMs - maybeHeardMs <= TIMEOUT_MS
  }

  #laterRivals(broker: Broker): Broker[] {
    const at = this.#life(broker).taken?.at
    if (at === undefined) return []
    return [...this.#lives]
      .filter(([rival, life]) => areRivals(rival, broker) && (life.taken?.at ?? 0) > at)
      .map(([rival]) => rival)
  }

  #openOnTheWay({ onTheWay }: Life): Arrived[] {
    return [...onTheWay].filter(({ connection }) => !this.#closed.has(connection))
  }

  #life(broker: Broker): Life {
    let life = this.#lives.get(broker)
    if (life === undefined) {
      const none = { leftAt: 0, givenUpAt: 0, heardMs: 0, maybeHeardMs: 0 }
      life = { onTheWay: new Set(), taken: undefined, keptBy: undefined, ...none }
      this.#lives.set(broker, life)
    }
    return life
  }
}
