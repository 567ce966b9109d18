import type { BrokerQueue } from './broker-queue.ts'
import type { LockedRouteTables } from './locked-route-tables.ts'
import type { UnregisterReason } from './route-changes.ts'
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
  readonly #waiting: Unregistration[] = []

  /** @param capacity - With this many removals waiting, requests of brokers are rejected. */
  constructor(routes: LockedRouteTables, queue: BrokerQueue, capacity: number) {
    this.#routes = routes
    this.#queue = queue
    this.#capacity = capacity
  }

  /** A broker's own request to leave. @returns False if too many removals wait already. */
  submit(request: Unregistration): boolean {
    if (this.#waiting.length >= this.#capacity) return false
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
    const done = this.#routes.transition(({ tables }, changes) =>
      unregisterBrokers(tables, this.#waiting.splice(0), changes),
    )
    // Removals have no owner, so the lock rejects none of them; anything else that is thrown is a bug and must surface.
    if (done instanceof Promise) void done
  }

  /** Removes all brokers whose last registration came over one of these connections, which have closed. */
  onChannelsDestroy(channelIds: readonly ChannelId[]): void {
    const generation = this.#queue.nextGeneration()
    const batch: Unregistration[] = []
    for (const channelId of channelIds) {
      for (const live of this.#routes.tables.liveOfChannel(channelId)) {
        const removal = { ...removalOf(live), reason: 'connection lost', generation, channelId } as const
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

  /**
   * Brokers without heartbeat for longer than a fraction of their own timeout; the comparison is strict.
   * @see RouteInfoManager#scanNotActiveBroker in apache/rocketmq
   */
  scanNotActiveBroker(nowMs: number, fraction: number): Readonly<BrokerLiveInfo>[] {
    const inactive: Readonly<BrokerLiveInfo>[] = []
    for (const live of this.#routes.tables.brokerLiveTable.values())
      if (live.lastUpdateTimestampMs + fraction * live.heartbeatTimeoutMs < nowMs) inactive.push({ ...live })
    return inactive
  }

  /** Removes inactive brokers, unless a heartbeat or a registration of theirs comes first. One being read counts as having come. */
  evict(
    inactive: readonly Readonly<BrokerLiveInfo>[],
    reason: Extract<UnregisterReason, 'expired' | 'unreachable'>,
  ): void {
    const generation = this.#queue.nextGeneration()
    const stillInactive = inactive.filter((live) => !this.#queue.isRegistering(live))
    this.submitAll(
      stillInactive.map((live) => ({
        ...removalOf(live),
        reason,
        generation,
        lastUpdateTimestampMs: live.lastUpdateTimestampMs,
      })),
    )
  }

  /** Removes restored brokers that neither registered nor sent a heartbeat in time. */
  evictRestored(nowMs: number): void {
    const expired = this.#routes.view.restored?.expired(nowMs) ?? []
    const generation = this.#queue.nextGeneration()
    const notReturned = expired.filter((broker) => !this.#queue.isRegistering(broker))
    this.submitAll(
      notReturned.map((broker) => ({
        ...removalOf(broker),
        reason: 'not returned',
        generation,
        deadlineMs: broker.deadlineMs,
      })),
    )
  }
}

function removalOf({
  clusterName,
  brokerAddr,
  brokerName,
}: BrokerLiveInfo | RestoredBroker): Pick<
  Unregistration,
  'clusterName' | 'brokerAddr' | 'brokerName' | 'brokerId'
> {
  return { clusterName, brokerAddr, brokerName, brokerId: null }
}
