import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { RouteSnapshots } from './route-snapshots.ts'

/** The snapshots of the routes as they are configured; undefined if routes are not kept. Reads and writes nothing yet. */
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
