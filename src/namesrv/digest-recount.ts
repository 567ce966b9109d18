import { cutText } from '../common/log-throttle.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { NamesrvContext } from './namesrv-context.ts'

const RECOUNT_MS = 600_000

/** Counts the route digest again every ten minutes: one that no longer follows the tables is a defect. @returns What ends it. */
export function recountDigest(context: NamesrvContext, routeInfo: RouteInfoManager): () => void {
  const { scheduler, events, logger } = context
  const recount = async (): Promise<void> => {
    const drift = await routeInfo.recountDigest()
    if (drift === undefined) return
    const { followed, counted, brokers } = drift
    events.add('digest_drifted', '', `was ${followed}, counted ${counted}`)
    logger.error(
      { followed, counted, brokers: brokers.map((name) => cutText(name)) },
      'route digest drifted: replaced by a recount',
    )
  }
  return scheduler.every(RECOUNT_MS, () => {
    // Rejected only if too many wait for the lock.
    recount().catch((error: Error) => logger.warn({ error: error.message }, 'route digest not counted'))
  })
}
