let crypto: typeof import('node:crypto') | undefined

/**
 * Node's `node:http`, loaded when it is first used: a server without an HTTP port does not need it. Not by an ESM import, which reads
 * every export: on Node 24 one of them loads a WebSocket client, which takes 4 MB of memory.
 */
export const nodeHttp = () => process.getBuiltinModule('node:http')

/**
 * Node's `node:crypto`, loaded when it is first used: it takes 1.8 MB, and many servers check no signature. Kept, because on Node 24 a
 * signature would take half as long again.
 */
export function nodeCrypto(): typeof import('node:crypto') {
  crypto ??= process.getBuiltinModule('node:crypto')
  return crypto
}
