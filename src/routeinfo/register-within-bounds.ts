import { registerBroker } from './register-broker.ts'
import type { RegisterBrokerOutcome, Registration } from './registration.ts'
import type { RouteChanges } from './route-changes.ts'
import type { RouteTables } from './route-tables.ts'
import type { Sliced } from './slicer.ts'
import {
  checkTopicsOf,
  hasRoomForBroker,
  makeRoomForBroker,
  mayMeetTopicBound,
  type TableBounds,
} from './table-bounds.ts'

/**
 * A registration, refused as a whole or carried out. Nearly always nothing must be counted first.
 * @see registerBroker
 * @throws {BoundError}
 */
export function registerWithinBounds(
  tables: RouteTables,
  { maxBrokers, maxTopics }: TableBounds,
  registration: Registration,
  deleteMissingTopics: boolean,
  changes: RouteChanges,
): Sliced<RegisterBrokerOutcome | undefined> {
  const register = (): Sliced<RegisterBrokerOutcome | undefined> => {
    const work = (): Sliced<RegisterBrokerOutcome | undefined> =>
      registerBroker(tables, registration, deleteMissingTopics, changes)
    if (!mayMeetTopicBound(tables, maxTopics, registration)) return work()
    return afterCheck(checkTopicsOf(tables, maxTopics, registration, deleteMissingTopics), work)
  }
  if (hasRoomForBroker(tables, maxBrokers, registration)) return register()
  return afterCheck(makeRoomForBroker(tables, maxBrokers, registration, changes), register)
}

function* afterCheck<Result>(check: Sliced<void>, then: () => Sliced<Result>): Sliced<Result> {
  yield* check
  return yield* then()
}
