import type { Sequence } from '../sequence.ts'
import {
  brokenUnregistrations,
  heartbeats,
  oddDataVersions,
  partialRegistrations,
  unknownCodes,
} from './broken-requests.ts'
import { compressed, cutChecksum, oddCompressed, undeclaredCompression } from './compressed.ts'
import { firstBytes, frames, jsonHeaders } from './headers.ts'
import { kvConfig, kvDisk, noOrderConf, orderConf } from './kv-config.ts'
import { largeCounters, longestFrame, manyTopics } from './large-bodies.ts'
import {
  blackLists,
  escapedConfiguration,
  guardedConfiguration,
  liveConfiguration,
  liveKeys,
} from './live-config.ts'
import { matrix } from './matrix.ts'
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
  endlessTimeout,
  expiry,
  groupLife,
  incrementFirst,
  lostConnections,
  movedCluster,
  newestName,
  partsOfARegistration,
  sharedConnection,
  sharedId,
  sharedName,
  staleLiveEntry,
  staticTopicEnds,
  systemTopics,
} from './scenarios.ts'
import { gates, oddSingleTopic, routes, singleTopic, topics, zones } from './topics.ts'
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
  oddCompressed,
  cutChecksum,
  undeclaredCompression,
  groupLife,
  actingMaster,
  deletingRegistration,
  partsOfARegistration,
  staticTopicEnds,
  incrementFirst,
  lostConnections,
  movedCluster,
  newestName,
  systemTopics,
  sharedConnection,
  sharedId,
  expiry,
  endlessTimeout,
  sharedName,
  staleLiveEntry,
  topics,
  singleTopic,
  oddSingleTopic,
  routes,
  zones,
  zoneFilter,
  gates,
  liveConfiguration,
  escapedConfiguration,
  ...blackLists,
  liveKeys,
  guardedConfiguration,
  largeCounters,
  manyTopics,
  longestFrame,
  heartbeats,
  oddDataVersions,
  brokenUnregistrations,
  unknownCodes,
  jsonHeaders,
  frames,
  firstBytes,
  ...matrix,
]
