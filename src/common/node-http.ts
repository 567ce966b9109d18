/**
 * Node's `node:http`, without an ESM import: that reads every export, and on Node 24 one of them loads a WebSocket client, which takes
 * 4 MB of memory.
 */
export const nodeHttp = process.getBuiltinModule('node:http')
