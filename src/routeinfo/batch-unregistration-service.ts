import { Shares } from '../common/shares.ts'
import type { BrokerQueue } from './broker-queue.ts'
import type { LockedRouteTables } from './locked-route-tables.ts'
import type { ClosedReason, UnregisterReason } from './route-changes.ts'
import type { BrokerLiveInfo, ChannelId } from './route-tables.ts'
import type { RestoredBroker } from './snapshot/restored-routes.ts'
import { type Unregistration, unregisterBrokers } from './unregister-brokers.ts'

/**
 * Removes brokers that unregister, have lost their connection, or are inactive. Removals are applied at once if the lock is free,
 * otherwise in one batch when it becomes free.
 * @see BatchUnregistrationService in apache/rocketmq
 */
export class BatchUnregistrationService {
  readonly #routes: LockedRouteTables
  readonly #queue: BrokerQueue
  readonly #capacity: number
  #waiting: Unregistration[] = []
  /** How many of these are requests of brokers. */
  #waitingRequests = 0
  /** How many of these each source has. */
  #shares = new Shares()

  /** @param capacity - Max requests of brokers that wait. */
  constructor(routes: LockedRouteTables, queue: BrokerQueue, capacity: number) {
    this.#routes = routes
    this.#queue = queue
    this.#capacity = capacity
  }

  /** Requests of brokers that wait. */
  get waitingRequests(): number {
    return this.#waitingRequests
  }

  /**
   * A broker's own request to leave.
   * @param source - Whose share of the capacity it uses; undefined if it has none.
   * @returns False if too many wait already.
   */
  submit(request: Unregistration, source?: string): boolean {
    if (this.#shares.roomFor(source, this.#capacity - this.#waitingRequests) < 1) return false
    this.#shares.add(source, 1)
    this.#waitingRequests++
    this.submitAll([request])
    return true
  }

  /** Removals that the server itself decided; not limited. */
  submitAll(requests: readonly Unregistration[]): void {
    if (requests.length === 0) return
    const isBatchWaiting = this.#waiting.length > 0
    // One by one: a connection may carry more brokers than a call may have arguments.
    for (const request of requests) this.#waiting.push(request)
    if (isBatchWaiting) return
    // Removals have no owner, so the lock rejects none of them; anything else that is thrown is a bug and must surface.
    void this.#routes.transition(({ tables }, changes) => {
      const batch = this.#waiting
      this.#waiting = []
      this.#waitingRequests = 0
      this.#shares = new Shares()
      return unregisterBrokers(tables, batch, changes)
    })
  }

  /** Removes all brokers whose last registration came over one of these connections, which have closed. */
  onChannelsDestroy(channelIds: readonly ChannelId[], reason: ClosedReason = 'connection lost'): void {
    const generation = this.#queue.nextGeneration()
    const batch: Unregistration[] = []
    for (const channelId of channelIds) {
      for (const live of this.#routes.tables.liveOfChannel(channelId)) {
        const { clusterName, brokerAddr, brokerName } = live
        const broker = { clusterName, brokerAddr, brokerName, brokerId: null }
        const removal = { ...broker, reason, generation, channelId } as const
        if (this.#queue.isRegistering(live)) void this.#submitInOrder(removal)
        else batch.push(removal)
      }
    }
    this.submitAll(batch)
  }

  /** A broker that is already registering over another connection stays in the routes unless that registration fails. */
  async #submitInOrder(removal: Unregistration): Promise<void> {
    const { ready, release } = this.#queue.acquire(removal.brokerName)
    try {
      await ready
      this.submitAll([removal])
    } finally {
      release()
    }
  }

  /** Removes brokers that are inactive, unless one of them registers or sends a heartbeat first. One that is registering has. */
  evict(
    inactive: readonly (Readonly<BrokerLiveInfo> | RestoredBroker)[],
    reason: Extract<UnregisterReason, 'expired' | 'unreachable' | 'not returned'>,
  ): void {
    const generation = this.#queue.nextGeneration()
    const stillInactive = inactive.filter((broker) => !this.#queue.isRegistering(broker))
    // Its heartbeats alone count, not its connection: a registration over another connection may be as old.
    this.submitAll(
      stillInactive.map((broker) => {
        const { clusterName, brokerAddr, brokerName } = broker
        const seen =
          'deadlineMs' in broker
            ? { deadlineMs: broker.deadlineMs }
            : { lastUpdateTimestampMs: broker.lastUpdateTimestampMs }
        return { clusterName, brokerAddr, brokerName, brokerId: null, reason, generation, ...seen }
      }),
    )
  }
}
