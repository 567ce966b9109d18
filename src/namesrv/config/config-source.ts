/** Where a value comes from. */
export type ConfigSource =
  | { readonly layer: 'default' }
  | {
      readonly layer: 'file'
      readonly path: string /** From 1; none if the file itself is the value. */
      readonly line?: number
    }
  | { readonly layer: 'environment'; readonly variable: string }
  | { readonly layer: 'option' /** As it was written, with its dashes. */; readonly option: string }
  | { readonly layer: 'update' /** Who sent it, `host:port`. */; readonly peer: string }

/** A source in words: `ns.conf:12`, `environment variable ROCKETMQ_HOME`, `option --listenPort`, `update by 10.0.0.7:40312`, `default`. */
export function describeSource(source: ConfigSource): string {
  switch (source.layer) {
    case 'default':
      return 'default'
    case 'file':
      return source.line === undefined ? source.path : `${source.path}:${source.line}`
    case 'environment':
      return `environment variable ${source.variable}`
    case 'option':
      return `option ${source.option}`
    case 'update':
      return `update by ${source.peer}`
    default:
      return source satisfies never
  }
}

/** Begins the name of every variable that sets a key. */
export const VARIABLE_PREFIX = 'MQNAMESRV_'

/** The variable that sets a key: `maxKVEntries` is set by `MQNAMESRV_MAX_KV_ENTRIES`, `tls.server.mode` by `MQNAMESRV_TLS_SERVER_MODE`. */
export function variableOf(key: string): string {
  return (
    VARIABLE_PREFIX +
    key
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
      .replaceAll('.', '_')
      .toUpperCase()
  )
}
