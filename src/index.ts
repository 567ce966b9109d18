/**
 * The library: a NameServer in this process, and a client of NameServers. docs/library.md shows how it is used, and which parts are stable.
 * @packageDocumentation
 */
export {
  type Admin,
  type ClusterOption,
  createAdmin,
  type RouteOptions,
  type TopicRoute,
} from './admin/admin.ts'
export { AdminError, type AdminErrorCode } from './admin/admin-error.ts'
export type { AdminOptions, AdminTls, Credentials } from './admin/admin-options.ts'
export type { BrokerGroup } from './admin/broker-group.ts'
export type { ServerKey } from './admin/server-key.ts'
export type { NamesrvLogger } from './common/logger.ts'
export type { ViewParameters, Views } from './inspect/api-types.ts'
export { ViewError, type ViewErrorCode } from './inspect/view-error.ts'
export type { ViewArguments, ViewPath } from './inspect/view-target.ts'
export type { ConfigOptions } from './library/config-options.ts'
export { EventsLostError } from './library/events-lost-error.ts'
export { type Namesrv, type NamesrvEvent, type NamesrvOptions, startNamesrv } from './library/namesrv.ts'
export { ConfigError, type ConfigErrorCode } from './namesrv/config/config-error.ts'
