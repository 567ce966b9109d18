import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import { createProcessors } from '../processor/default-request-processor.ts'
import { RegistrationCache } from '../processor/registration-cache.ts'
import { RequestDispatcher } from '../remoting/server/request-dispatcher.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import { ConfigUpdates } from './live-configuration.ts'
import { createRequestLog, RequestDefectLog } from './logs/request-log.ts'
import type { NamesrvContext } from './namesrv-context.ts'
import type { ProductNameServers } from './product-environment/product-name-servers.ts'

/** What requests are about. */
export interface RequestSubjects {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  /** Those of the cluster-test mode, if it is on. */
  readonly product: ProductNameServers | undefined
}

/** Finds the processor of each request, with the limits that are configured. The server counts as started from now on. */
export function createRequestDispatcher(
  context: NamesrvContext,
  { routeInfo, kvConfig, product }: RequestSubjects,
): RequestDispatcher {
  const { configuration, clock, slicer, counters, rejections } = context
  const { values } = configuration
  const processors = createProcessors({
    routeInfo,
    kvConfig,
    slicer,
    settings: values,
    configuration: createConfigUpdates(context),
    startedMs: clock.nowMs(),
    maxRequestBodyBytes: values.maxRequestBodyBytes,
    maxInflatedBytes: values.maxInflatedBytes,
    maxRegistrationsInFlight: values.maxRegistrationsInFlight,
    product,
    memory: new RegistrationCache(values.registrationMemoryMaxBytes),
    counters,
    observer: createRequestLog(context),
  })
  const defects = new RequestDefectLog(context)
  return new RequestDispatcher(
    processors,
    (error, request, context) => defects.failed(error, request, context),
    counters,
    ({ limit, message }, { code }, { channel }) =>
      rejections.rejected(limit, channel.remoteAddress, `request ${code}: ${message}`),
  )
}

/** The configuration as requests show and change it; who changes what is counted and kept among the recent events. */
function createConfigUpdates(context: NamesrvContext): ConfigUpdates {
  const { configuration, logger, counters, events, throttle } = context
  return new ConfigUpdates(configuration, logger, throttle, {
    onTaken: (peer, keys) => {
      counters.configurationUpdates++
      events.add('configuration changed', peer, keys.join(', '))
    },
  })
}
