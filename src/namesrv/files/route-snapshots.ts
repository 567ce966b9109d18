import { renameSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import type { Logger } from 'pino'
import { RateLimit } from '../../common/rate-limit.ts'
import type { TimeSlicer } from '../../common/time-slicer.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { nextPiece, RouteSnapshotError, readRouteSnapshot } from '../../routeinfo/snapshot/snapshot-text.ts'
import type { Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import type { Clock, Scheduler } from '../time.ts'
import { readSnapshotFile, SnapshotFileError, writeSnapshotFile } from './route-snapshot-file.ts'
import { WriteRecovery } from './write-recovery.ts'

/** How and where route snapshots are kept. */
export interface RouteSnapshotsOptions {
  readonly path: string
  readonly intervalMs: number
  readonly graceMs: number
  readonly maxAgeMs: number
  readonly routeInfo: RouteInfoManager
  readonly logger: Logger
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly slicer: TimeSlicer
  readonly counters: Counters
  readonly events: RecentEvents
  /** The system date, from which a file's age is computed: milliseconds since the epoch. */
  readonly dateMs: () => number
}

/** Characters written at a time: few enough to be put together within a slice. */
const MIN_PIECE_LENGTH = 64 * 1024

/** A file that cannot be written fails at every write. */
const WARNINGS = { maxPerWindow: 1, windowMs: 600_000 }

/**
 * Keeps the routes in a file, so that a restarted server responds to lookups at once, and not only when its brokers have registered
 * again, up to 30 seconds later (apache/rocketmq #5322, #9182).
 */
export class RouteSnapshots {
  readonly #options: RouteSnapshotsOptions
  readonly #failures: RateLimit
  readonly #recovery: WriteRecovery
  /** The revision in the file; undefined if the file must be written whether or not anything changes. */
  #savedRevision: number | undefined
  #saving: Promise<void> | undefined
  #ends: (() => void)[] = []

  constructor(options: RouteSnapshotsOptions) {
    this.#options = options
    this.#failures = new RateLimit(() => options.clock.nowMs(), WARNINGS)
    this.#recovery = new WriteRecovery('route snapshot', options.path, options.logger)
  }

  /** Restores the routes from the file, if it can be used. Otherwise it logs one line and throws nothing. */
  load(): void {
    const { path, graceMs, maxAgeMs, routeInfo, logger, events, clock, dateMs } = this.#options
    try {
      const file = readSnapshotFile(path)
      if (file === undefined) return
      const ageMs = Math.max(0, Math.round(dateMs() - file.modifiedMs))
      if (ageMs > maxAgeMs) {
        logger.info({ path, ageMs, maxAgeMs }, 'route snapshot ignored: older than routeSnapshotMaxAgeMillis')
        return
      }
      const restored = readRouteSnapshot(file.lines, clock.nowMs(), graceMs)
      routeInfo.restore(restored)
      this.#savedRevision = routeInfo.revision
      const [brokers, topics] = [restored.brokers.size, restored.topics.size]
      if (brokers === 0 && topics === 0) return
      events.add('routes restored', '', `${brokers} brokers, ${topics} topics`)
      logger.info(
        { path, brokers, topics, ageMs, graceMs },
        'routes restored from the snapshot until their brokers register again',
      )
    } catch (error) {
      this.#onUnusable(error as Error)
    }
  }

  /** A damaged file is moved aside, so that the next snapshot does not overwrite it. */
  #onUnusable(error: Error): void {
    const { path, logger } = this.#options
    const fields = { path, error: error.message }
    if (!(error instanceof SnapshotFileError || error instanceof RouteSnapshotError)) {
      logger.warn(fields, 'route snapshot not readable; starting without routes')
      return
    }
    const aside = `${path}.damaged`
    try {
      renameSync(path, aside)
      logger.warn({ ...fields, aside }, 'route snapshot damaged: moved aside; starting without routes')
    } catch (failure) {
      const renameError = (failure as Error).message
      logger.warn(
        { ...fields, renameError },
        'route snapshot damaged: not moved aside; starting without routes',
      )
    }
  }

  /** The server serves: from now on the file is kept up to date, and the grace period of the restored brokers runs. */
  start(): void {
    const { scheduler, intervalMs, graceMs, routeInfo } = this.#options
    this.#ends.push(scheduler.every(intervalMs, () => void this.save()))
    // A broker may still register in the last millisecond.
    if (routeInfo.isRestored) this.#ends.push(scheduler.after(graceMs + 1, () => void this.#endGrace()))
  }

  /** Ends the timers and writes the last changes. Does nothing if the server never served. */
  async stop(): Promise<void> {
    if (this.#ends.length === 0) return
    for (const end of this.#ends) end()
    this.#ends = []
    await this.#saving
    // A failure of the last write is always logged.
    this.#failures.reset()
    await this.save()
  }

  /** Brings the file up to date, unless that is under way. Never rejects: a failure is a line in the log. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined
    })
    return this.#saving
  }

  async #save(): Promise<void> {
    const { path, routeInfo, logger, counters, clock, dateMs, slicer } = this.#options
    try {
      // While brokers are restored the time they have left changes in the file.
      if (this.#savedRevision === routeInfo.revision && routeInfo.tableSizes.provisional === 0) {
        const date = new Date(dateMs())
        await utimes(path, date, date)
        return
      }
      const { revision, text } = await routeInfo.snapshot(clock.nowMs())
      const bytes = await writeSnapshotFile(path, () => slicer.run(nextPiece(text, MIN_PIECE_LENGTH)))
      this.#savedRevision = revision
      counters.snapshotsWritten++
      if (this.#recovery.succeeded()) this.#failures.reset()
      logger.debug({ path, bytes, topics: routeInfo.tableSizes.topicQueueTable }, 'route snapshot written')
    } catch (error) {
      // The file may have been removed.
      this.#savedRevision = undefined
      counters.snapshotsFailed++
      this.#recovery.failed()
      this.#failures.run((suppressed) => {
        logger.warn({ path, error: (error as Error).message, suppressed }, 'route snapshot not written')
      })
    }
  }

  async #endGrace(): Promise<void> {
    const { routeInfo, logger, events, clock } = this.#options
    const outcome = await routeInfo.endRestoration(clock.nowMs())
    if (outcome === undefined) return
    const { loaded, returned, waiting, staleQueues } = outcome
    if (loaded === 0 && staleQueues === 0) return
    const fields = { loaded, returned, waiting, expired: loaded - returned - waiting, staleQueues }
    events.add('restoration ended', '', `${returned} returned, ${fields.expired} expired, ${waiting} waiting`)
    logger.info(fields, 'snapshot grace period ended')
  }
}

/** The route snapshots as configured; undefined if `routeSnapshotPath` is empty. Reads and writes nothing yet. */
export function createRouteSnapshots(
  { configuration, logger, clock, scheduler, slicer, counters, events }: NamesrvContext,
  routeInfo: RouteInfoManager,
): RouteSnapshots | undefined {
  const { values } = configuration
  if (values.routeSnapshotPath === '') return undefined
  return new RouteSnapshots({
    path: values.routeSnapshotPath,
    intervalMs: values.routeSnapshotIntervalMillis,
    graceMs: values.routeSnapshotGraceMillis,
    maxAgeMs: values.routeSnapshotMaxAgeMillis,
    routeInfo,
    slicer,
    dateMs: () => Date.now(),
    logger,
    counters,
    events,
    clock,
    scheduler,
  })
}
