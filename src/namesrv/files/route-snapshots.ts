import { renameSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import type { Logger } from 'pino'
import { RateLimit } from '../../common/rate-limit.ts'
import type { TimeSlicer } from '../../common/time-slicer.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { RouteSnapshotError, readRouteSnapshot } from '../../routeinfo/snapshot/snapshot-reader.ts'
import { nextPiece } from '../../routeinfo/snapshot/snapshot-text.ts'
import type { Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'
import type { Clock, Scheduler } from '../time.ts'
import { readSnapshotFile, SnapshotFileError, writeSnapshotFile } from './route-snapshot-file.ts'
import { WriteRecovery } from './write-recovery.ts'

/** What the snapshots of a server's routes need. */
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
  /** The machine's date, by which a file's age is told: milliseconds since the epoch. */
  readonly dateMs: () => number
}

/** Characters written at a time: few enough to be put together within a slice. */
const MIN_PIECE_LENGTH = 64 * 1024

/** What goes wrong with a file goes wrong at every write. */
const WARNINGS = { maxPerWindow: 1, windowMs: 600_000 }

/**
 * Keeps the routes in a file, so that a server that was restarted answers lookups from its first moment on, and not only when
 * brokers have registered again, up to 30 seconds later (apache/rocketmq #5322, #9182).
 */
export class RouteSnapshots {
  readonly #options: RouteSnapshotsOptions
  readonly #failures: RateLimit
  readonly #recovery: WriteRecovery
  /** The revision that is in the file; undefined if what is there is not ours to call right. */
  #savedRevision: number | undefined
  #saving: Promise<void> | undefined
  #ends: (() => void)[] = []

  constructor(options: RouteSnapshotsOptions) {
    this.#options = options
    this.#failures = new RateLimit(() => options.clock.nowMs(), WARNINGS)
    this.#recovery = new WriteRecovery('route snapshot', options.path, options.logger)
  }

  /** Takes the routes from the file, if there is one to be used. Whatever is wrong with it is one line in the log, no error. */
  load(): void {
    const { path, graceMs, maxAgeMs, routeInfo, logger, events, clock, dateMs } = this.#options
    try {
      const file = readSnapshotFile(path)
      if (file === undefined) return
      const ageMs = Math.max(0, Math.round(dateMs() - file.modifiedMs))
      if (ageMs > maxAgeMs) {
        logger.info({ path, ageMs, maxAgeMs }, 'the route snapshot is too old: starting without routes')
        return
      }
      const restored = readRouteSnapshot(file.lines, clock.nowMs(), graceMs)
      routeInfo.restore(restored)
      this.#savedRevision = routeInfo.revision
      const [brokers, topics] = [restored.brokers.size, restored.topicCount]
      if (brokers === 0 && topics === 0) return
      events.add('routes restored', '', `${brokers} brokers, ${topics} topics`)
      logger.info(
        { path, brokers, topics, ageMs, graceMs },
        'routes taken from the snapshot: their brokers have a while to register again',
      )
    } catch (error) {
      this.#onUnusable(error as Error)
    }
  }

  /** A file that is no snapshot is put aside, so that the next one does not overwrite what somebody may want to look at. */
  #onUnusable(error: Error): void {
    const { path, logger } = this.#options
    if (!(error instanceof SnapshotFileError || error instanceof RouteSnapshotError)) {
      logger.warn({ path }, `the route snapshot cannot be read, starting without routes: ${error.message}`)
      return
    }
    const aside = `${path}.damaged`
    try {
      renameSync(path, aside)
      logger.warn(
        { path, aside },
        `the route snapshot is put aside, starting without routes: ${error.message}`,
      )
    } catch (failure) {
      logger.warn(
        { path },
        `the route snapshot cannot be used, starting without routes: ${error.message}; ` +
          `nor can it be put aside: ${(failure as Error).message}`,
      )
    }
  }

  /** The server serves: from now on the file follows the routes, and the time of the brokers that were loaded runs. */
  start(): void {
    const { scheduler, intervalMs, graceMs, routeInfo } = this.#options
    this.#ends.push(scheduler.every(intervalMs, () => void this.save()))
    // Exactly at its end the time is not over yet.
    if (routeInfo.isRestored) this.#ends.push(scheduler.after(graceMs + 1, () => void this.#endGrace()))
  }

  /** Ends the timers and writes what has changed since the last time. Does nothing if the server never served. */
  async stop(): Promise<void> {
    if (this.#ends.length === 0) return
    for (const end of this.#ends) end()
    this.#ends = []
    await this.#saving
    // Always logged, whatever was logged before: no later write can report it.
    this.#failures.reset()
    await this.save()
  }

  /** Brings the file up to date, unless that is being done. Never rejects: a failure is a line in the log. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined
    })
    return this.#saving
  }

  async #save(): Promise<void> {
    const { path, routeInfo, logger, counters, clock, dateMs, slicer } = this.#options
    try {
      // What is left of the time of brokers that have not returned is in the file, too.
      if (this.#savedRevision === routeInfo.revision && routeInfo.provisional === 0) {
        const date = new Date(dateMs())
        await utimes(path, date, date)
        return
      }
      const { revision, text } = await routeInfo.snapshot(clock.nowMs())
      const bytes = await writeSnapshotFile(path, () => slicer.run(nextPiece(text, MIN_PIECE_LENGTH)))
      this.#savedRevision = revision
      counters.snapshotsWritten++
      if (this.#recovery.succeeded()) this.#failures.reset()
      logger.debug({ path, bytes, topics: routeInfo.topics }, 'route snapshot written')
    } catch (error) {
      // Perhaps it is gone: it is written anew next time, whether or not anything has changed.
      this.#savedRevision = undefined
      counters.snapshotsFailed++
      this.#recovery.failed()
      this.#failures.run((suppressed) => {
        logger.warn(
          { path, suppressed },
          `the route snapshot cannot be written, a restart would begin without it: ${(error as Error).message}`,
        )
      })
    }
  }

  async #endGrace(): Promise<void> {
    const { routeInfo, logger, events, clock } = this.#options
    const outcome = await routeInfo.endRestoration(clock.nowMs())
    if (outcome === undefined) return
    const { loaded, returned, waiting, staleQueues } = outcome
    // An empty snapshot is not worth a line.
    if (loaded === 0 && staleQueues === 0) return
    const fields = { loaded, returned, waiting, expired: loaded - returned - waiting, staleQueues }
    events.add('restoration ended', '', `${returned} returned, ${fields.expired} expired, ${waiting} waiting`)
    logger.info(fields, 'snapshot grace period ended')
  }
}
