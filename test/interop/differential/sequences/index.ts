import type { Sequence } from '../sequence.ts'
import { brokenUnregistrations, heartbeats, partialRegistrations, unknownCodes } from './broken-requests.ts'
import { compressed, cutChecksum, undeclaredCompression } from './compressed.ts'
import { firstBytes, headers } from './headers.ts'
import { kvConfig, kvDisk, noOrderConf, orderConf } from './kv-config.ts'
import { largeCounters, longestFrame, manyTopics } from './large-bodies.ts'
import { blackLists, guardedConfiguration, liveConfiguration, liveKeys } from './live-config.ts'
import { oddJson } from './odd-json.ts'
import {
  lenientRegistrations,
  registration,
  registrationFields,
  unreadableRegistrations,
} from './registration.ts'
import {
  actingMaster,
  deletingRegistration,
  groupLife,
  lostConnections,
  sharedConnection,
  staleLiveEntry,
} from './scenarios.ts'
import { gates, routes, singleTopic, topics, zones } from './topics.ts'
import { zoneFilter } from './zone-filter.ts'

/** Everything that is sent to both servers. */
export const sequences: readonly Sequence[] = [
  kvConfig,
  orderConf,
  noOrderConf,
  kvDisk,
  registration,
  registrationFields,
  lenientRegistrations,
  unreadableRegistrations,
  oddJson,
  ...partialRegistrations,
  compressed,
  cutChecksum,
  undeclaredCompression,
  groupLife,
  actingMaster,
  deletingRegistration,
  lostConnections,
  sharedConnection,
  staleLiveEntry,
  topics,
  singleTopic,
  routes,
  zones,
  zoneFilter,
  gates,
  liveConfiguration,
  ...blackLists,
  liveKeys,
  guardedConfiguration,
  largeCounters,
  manyTopics,
  longestFrame,
  heartbeats,
  brokenUnregistrations,
  unknownCodes,
  headers,
  firstBytes,
]
