/**
 * Node's `node:http`, loaded when it is first used: a server without an HTTP port does not need it. Not by an ESM import, which reads
 * every export: on Node 24 one of them loads a WebSocket client, which takes 4 MB of memory.
 */
export const nodeHttp = () => process.getBuiltinModule('node:http')
