import { type Connection, connectionsOf } from '../client/connections.ts'
import { age, bytes } from '../output/amounts.ts'
import type { Run } from '../run-command.ts'

/** `conn list`. */
export const run: Run = async ({ values, servers, askEach }) => {
  const state = `${values['state'] ?? 'open'}`
  const notes: string[] = []
  const { items, failures } = await askEach(async (server) => {
    const query: Record<string, unknown> = { state }
    for (const name of ['kind', 'address', 'sort', 'limit']) query[name] = values[name]
    const { matching, connections } = await connectionsOf(server, query)
    const more = matching - connections.length
    if (more > 0) notes.push(`${server.address}: ${more} more connections (--limit)`)
    return connections
  })
  const nowMs = Date.now()
  // What matters must fit a terminal: of connections that closed the cause.
  const withClosed = state !== 'open'
  const isNarrow = withClosed || servers.length > 1
  return {
    items,
    failures,
    none: 'no such connections',
    notes,
    view: {
      columns: [
        { head: 'ID', cell: ({ id }) => id, align: 'right' },
        { head: 'ADDRESS', cell: ({ address }) => address },
        { head: 'KIND', cell: ({ kind, asking }) => (asking ? 'this command' : kind) },
        { head: 'LANGUAGE', cell: ({ language }) => language, isWide: true },
        { head: 'VERSION', cell: ({ versionName }) => versionName },
        {
          head: 'OPENED',
          cell: ({ opened }) => age(nowMs - Date.parse(opened)),
          align: 'right',
          isWide: true,
        },
        { head: 'IDLE', cell: ({ idleMs }) => age(idleMs), align: 'right', isWide: withClosed },
        { head: 'REQUESTS', cell: ({ requests }) => requests, align: 'right', isWide: withClosed },
        { head: 'IN', cell: ({ bytesIn }) => bytes(bytesIn), align: 'right', isWide: isNarrow },
        { head: 'OUT', cell: ({ bytesOut }) => bytes(bytesOut), align: 'right', isWide: isNarrow },
        ...(withClosed
          ? [
              { head: 'STATE', cell: ({ state }: Connection) => state, isWide: true },
              {
                head: 'CLOSED',
                cell: ({ closed }: Connection) => closed && age(nowMs - Date.parse(closed)),
                align: 'right' as const,
              },
              { head: 'CAUSE', cell: ({ cause }: Connection) => cause },
              { head: 'DETAIL', cell: ({ code, detail }: Connection) => detail ?? code, isWrapped: true },
            ]
          : []),
        { head: 'TLS', cell: ({ tls }) => tls?.protocol, isWide: true },
        { head: 'CERTIFICATE', cell: ({ tls }) => tls?.clientSubject, isWide: true },
        { head: 'PROXIED', cell: ({ proxied }) => proxied, isWide: true },
      ],
    },
    name: ({ id }) => `${id}`,
  }
}
