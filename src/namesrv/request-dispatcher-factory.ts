import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import { createProcessors } from '../processor/default-request-processor.ts'
import { RegistrationMemory } from '../processor/registration-memory.ts'
import { RequestDispatcher } from '../remoting/request-dispatcher.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import { ConfigUpdates } from './config-updates.ts'
import type { ProductNameServers } from './product-environment/product-name-servers.ts'
import { RequestDefectLog } from './request-defect-log.ts'
import { createRequestLog } from './request-log.ts'
import type { Surroundings } from './surroundings.ts'

/** What requests are about. */
export interface RequestSubjects {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  /** Those of the cluster-test mode, if it is on. */
  readonly product: ProductNameServers | undefined
}

/** Finds the processor of each request, with the bounds that are configured. The server counts as started from now on. */
export function createRequestDispatcher(
  surroundings: Surroundings,
  { routeInfo, kvConfig, product }: RequestSubjects,
): RequestDispatcher {
  const { configuration, clock, slicer, counters, refusals } = surroundings
  const { values } = configuration
  const processors = createProcessors({
    routeInfo,
    kvConfig,
    slicer,
    settings: values,
    configuration: createConfigUpdates(surroundings),
    startedMs: clock.nowMs(),
    maxRequestBodyBytes: values.maxRequestBodyBytes,
    maxInflatedBytes: values.maxInflatedBytes,
    maxRegistrationsInFlight: values.maxRegistrationsInFlight,
    product,
    memory: new RegistrationMemory(values.registrationMemoryMaxBytes),
    counters,
    observer: createRequestLog(surroundings),
  })
  const defects = new RequestDefectLog(surroundings)
  return new RequestDispatcher(
    processors,
    (error, request, context) => defects.failed(error, request, context),
    counters,
    (bound, detail, { code }, { channel }) =>
      refusals.refused(bound, channel.remoteAddress, `request ${code}: ${detail}`),
  )
}

/** The configuration as requests show and change it; who changes what is counted and kept among the recent events. */
function createConfigUpdates(surroundings: Surroundings): ConfigUpdates {
  const { configuration, logger, counters, events, refusals, throttle } = surroundings
  return new ConfigUpdates(configuration, logger, throttle, {
    onTaken: (peer, keys) => {
      counters.configurationUpdates++
      events.add('configuration changed', peer, keys.join(', '))
    },
    onTooLong: (peer, why) => refusals.refused('maxConfigUpdateBytes', peer, why),
  })
}
