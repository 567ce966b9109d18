import { renameSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { counted } from '../../common/counted.ts'
import { describeErrno } from '../../common/describe-errno.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { nextPiece, RouteSnapshotError, readRouteSnapshot } from '../../routeinfo/snapshot/snapshot-text.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { readSnapshotFile, SnapshotFileError, writeSnapshotFile } from './route-snapshot-file.ts'

/** Characters written at a time: few enough to be put together within a slice. */
const MIN_PIECE_LENGTH = 64 * 1024

/** A file that cannot be written fails at every write. */
const WARNING_INTERVAL_MS = 600_000

/**
 * Keeps the routes in a file, so that a restarted server responds to lookups at once, and not only when its brokers have registered
 * again, up to 30 seconds later (apache/rocketmq #5322, #9182).
 */
export class RouteSnapshots {
  readonly #context: NamesrvContext
  readonly #routeInfo: RouteInfoManager
  readonly #path: string
  /** Writes that have failed since the last one that succeeded. */
  #failures = 0
  #nextWarningMs = Number.NEGATIVE_INFINITY
  /** The revision in the file; undefined if the file must be written whether or not anything changes. */
  #savedRevision: number | undefined
  #upToDateMs: number | undefined
  #saving: Promise<void> | undefined
  #ends: (() => void)[] = []

  /** Milliseconds since the file was last up to date; undefined if it has not been since the start. */
  get ageMs(): number | undefined {
    return this.#upToDateMs === undefined ? undefined : this.#context.clock.nowMs() - this.#upToDateMs
  }

  /** Reads and writes nothing yet. */
  constructor(context: NamesrvContext, routeInfo: RouteInfoManager) {
    this.#context = context
    this.#routeInfo = routeInfo
    this.#path = context.configuration.values.routeSnapshotPath
  }

  /** Restores the routes from the file, if it can be used. Otherwise it logs one line and throws nothing. */
  load(): void {
    const { configuration, logger, events, clock } = this.#context
    const { routeSnapshotGraceMillis: graceMs, routeSnapshotMaxAgeMillis: maxAgeMs } = configuration.values
    const path = this.#path
    try {
      const file = readSnapshotFile(path)
      if (file === undefined) return
      const ageMs = Math.max(0, Math.round(Date.now() - file.modifiedMs))
      if (ageMs > maxAgeMs) {
        logger.info({ path, ageMs, maxAgeMs }, 'route snapshot ignored: older than routeSnapshotMaxAgeMillis')
        return
      }
      const restored = readRouteSnapshot(file.lines, clock.nowMs(), graceMs)
      this.#routeInfo.restore(restored)
      this.#savedRevision = this.#routeInfo.revision
      const [brokers, topics] = [restored.brokers.size, restored.topics.size]
      if (brokers === 0 && topics === 0) {
        // There is no broker to wait for.
        void this.#endGrace()
        return
      }
      events.add('restore_began', '', `${counted(brokers, 'broker')}, ${counted(topics, 'topic')}`)
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
    const { logger } = this.#context
    const path = this.#path
    const fields = { path, error: describeErrno(error) }
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
    const { scheduler, configuration } = this.#context
    const { routeSnapshotIntervalMillis, routeSnapshotGraceMillis } = configuration.values
    this.#ends.push(scheduler.every(routeSnapshotIntervalMillis, () => void this.save()))
    // A broker may still register in the last millisecond.
    const graceMs = routeSnapshotGraceMillis + 1
    if (this.#routeInfo.isRestored) this.#ends.push(scheduler.after(graceMs, () => void this.#endGrace()))
  }

  /** Ends the timers and writes the last changes. Does nothing if the server never served. */
  async stop(): Promise<void> {
    if (this.#ends.length === 0) return
    for (const end of this.#ends) end()
    this.#ends = []
    await this.#saving
    // A failure of the last write is always logged.
    this.#nextWarningMs = Number.NEGATIVE_INFINITY
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
    const { logger, counters, clock, slicer } = this.#context
    const path = this.#path
    const routeInfo = this.#routeInfo
    try {
      // While brokers are restored the time they have left changes in the file.
      if (this.#savedRevision === routeInfo.revision && routeInfo.tableSizes.provisional === 0) {
        const date = new Date()
        await utimes(path, date, date)
        this.#upToDateMs = clock.nowMs()
        return
      }
      const { revision, text } = await routeInfo.snapshot(clock.nowMs())
      const piece = (): string | Promise<string> => slicer.run(nextPiece(text, MIN_PIECE_LENGTH))
      const bytes = await writeSnapshotFile(path, piece)
      this.#savedRevision = revision
      counters.snapshotsWritten++
      this.#upToDateMs = clock.nowMs()
      if (this.#failures > 0) {
        logger.info({ path, failures: this.#failures }, 'route snapshot can be written again')
      }
      this.#failures = 0
      this.#nextWarningMs = Number.NEGATIVE_INFINITY
      logger.debug({ path, bytes, topics: routeInfo.tableSizes.topicQueueTable }, 'route snapshot written')
    } catch (error) {
      // The file may have been removed.
      this.#savedRevision = undefined
      counters.snapshotsFailed++
      const failures = ++this.#failures
      if (clock.nowMs() < this.#nextWarningMs) return
      this.#nextWarningMs = clock.nowMs() + WARNING_INTERVAL_MS
      logger.warn({ path, error: (error as Error).message, failures }, 'route snapshot not written')
    }
  }

  async #endGrace(): Promise<void> {
    const { logger, events, clock } = this.#context
    const outcome = await this.#routeInfo.endRestoration(clock.nowMs())
    if (outcome === undefined) return
    const { loaded, returned, waiting, staleQueues } = outcome
    if (loaded === 0 && staleQueues === 0) return
    const notReturned = loaded - returned - waiting
    events.add('restore_ended', '', `${returned} returned, ${notReturned} not returned, ${waiting} waiting`)
    logger.info({ loaded, returned, waiting, notReturned, staleQueues }, 'snapshot grace period ended')
  }
}
