import type { Steps } from '../common/time-slicer.ts'
import { applyRegistration } from './apply-registration.ts'
import type { RegisterBrokerOutcome, Registration } from './registration.ts'
import type { RouteChanges } from './route-changes.ts'
import type { RouteTables } from './route-tables.ts'
import {
  checkTopicsOf,
  hasRoomForBroker,
  makeRoomForBroker,
  mayExceedTopicLimit,
  type TableLimits,
} from './table-limits.ts'

/**
 * A registration, refused as a whole or carried out. Nearly always nothing must be counted first.
 * @see applyRegistration
 * @throws {LimitError}
 */
export function registerWithinLimits(
  tables: RouteTables,
  { maxBrokers, maxTopics }: TableLimits,
  registration: Registration,
  deleteMissingTopics: boolean,
  changes: RouteChanges,
): Steps<RegisterBrokerOutcome | undefined> {
  const register = (): Steps<RegisterBrokerOutcome | undefined> => {
    const work = (): Steps<RegisterBrokerOutcome | undefined> =>
      applyRegistration(tables, registration, deleteMissingTopics, changes)
    if (!mayExceedTopicLimit(tables, maxTopics, registration)) return work()
    return afterCheck(checkTopicsOf(tables, maxTopics, registration, deleteMissingTopics), work)
  }
  if (hasRoomForBroker(tables, maxBrokers, registration)) return register()
  return afterCheck(makeRoomForBroker(tables, maxBrokers, registration, changes), register)
}

function* afterCheck<Result>(check: Steps<void>, then: () => Steps<Result>): Steps<Result> {
  yield* check
  return yield* then()
}
