import type { BatchUnregistrationService } from './batch-unregistration-service.ts'
import type { BrokerQueue } from './broker-queue.ts'
import type { LockedRouteTables } from './locked-route-tables.ts'
import type { UnregisterReason } from './route-event.ts'
import { type BrokerLiveInfo, type ChannelId, NO_CHANNEL } from './route-tables.ts'
import type { Unregistration } from './unregister-brokers.ts'

/** Finds the brokers that have lost their connection or are silent, and has them removed. */
export class BrokerRemovals {
  readonly #routes: LockedRouteTables
  readonly #queue: BrokerQueue
  readonly #batch: BatchUnregistrationService

  constructor(routes: LockedRouteTables, queue: BrokerQueue, batch: BatchUnregistrationService) {
    this.#routes = routes
    this.#queue = queue
    this.#batch = batch
  }

  /** Removes all brokers whose last registration came over one of these connections, which are gone. */
  onChannelsDestroy(channelIds: readonly ChannelId[]): void {
    const generation = this.#queue.nextGeneration()
    const batch: Unregistration[] = []
    for (const channelId of channelIds) {
      for (const live of this.#routes.tables.liveOfChannel(channelId)) {
        const removal = { ...removalOf(live), reason: 'connection lost', generation, channelId } as const
        if (this.#queue.isRegistering(live)) void this.#submitInTurn(removal)
        else batch.push(removal)
      }
    }
    this.#batch.submitAll(batch)
  }

  /** A broker that is registering over another connection already stays in the routes, unless nothing comes of that. */
  async #submitInTurn(removal: Unregistration): Promise<void> {
    const { ready, release } = this.#queue.acquire(removal.brokerName)
    await ready
    this.#batch.submitAll([removal])
    release()
  }

  /**
   * Brokers silent for longer than a part of their own heartbeat timeout; the comparison is strict.
   * @see RouteInfoManager#scanNotActiveBroker in apache/rocketmq
   */
  scanNotActiveBroker(nowMs: number, part: number): Readonly<BrokerLiveInfo>[] {
    const silent: Readonly<BrokerLiveInfo>[] = []
    for (const live of this.#routes.tables.brokerLiveTable.values()) {
      const isSilent = live.lastUpdateTimestampMs + part * live.heartbeatTimeoutMs < nowMs
      if (isSilent) silent.push({ ...live })
    }
    return silent
  }

  /**
   * Removes brokers that were found silent, unless they are heard from before it comes to that. One whose registration has come
   * and is being read is heard from.
   */
  evict(
    silent: readonly Readonly<BrokerLiveInfo>[],
    reason: Extract<UnregisterReason, 'expired' | 'unreachable'>,
  ): void {
    const generation = this.#queue.nextGeneration()
    const stillSilent = silent.filter((live) => !this.#queue.isRegistering(live))
    this.#batch.submitAll(
      stillSilent.map((live) => ({
        ...removalOf(live),
        reason: live.channelId === NO_CHANNEL ? 'not returned' : reason,
        generation,
        lastUpdateTimestampMs: live.lastUpdateTimestampMs,
      })),
    )
  }
}

function removalOf({
  clusterName,
  brokerAddr,
  brokerName,
}: BrokerLiveInfo): Pick<Unregistration, 'clusterName' | 'brokerAddr' | 'brokerName' | 'brokerId'> {
  return { clusterName, brokerAddr, brokerName, brokerId: null }
}
