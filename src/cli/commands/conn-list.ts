import { type Connection, connectionsOf } from '../client/connections.ts'
import { age, bytes } from '../output/amounts.ts'
import type { Run } from '../run-command.ts'

/** `conn list`. */
export const run: Run = async ({ values, askEach }) => {
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
  // Of connections that closed the cause matters, and must fit a terminal.
  const withClosed = state !== 'open'
  return {
    items,
    failures,
    none: 'no such connections',
    notes,
    view: {
      columns: [
        { head: 'ID', cell: ({ id }) => id, align: 'right' },
        { head: 'ADDRESS', cell: ({ address }) => address },
        { head: 'KIND', cell: ({ kind, asking }) => (asking ? `${kind} (this command)` : kind) },
        { head: 'LANGUAGE', cell: ({ language }) => language, isWide: withClosed },
        { head: 'VERSION', cell: ({ versionName }) => versionName },
        {
          head: 'OPENED',
          cell: ({ opened }) => age(nowMs - Date.parse(opened)),
          align: 'right',
          isWide: withClosed,
        },
        { head: 'IDLE', cell: ({ idleMs }) => age(idleMs), align: 'right', isWide: withClosed },
        { head: 'REQUESTS', cell: ({ requests }) => requests, align: 'right', isWide: withClosed },
        { head: 'IN', cell: ({ bytesIn }) => bytes(bytesIn), align: 'right', isWide: withClosed },
        { head: 'OUT', cell: ({ bytesOut }) => bytes(bytesOut), align: 'right', isWide: withClosed },
        ...(withClosed
          ? [
              { head: 'STATE', cell: ({ state }: Connection) => state },
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
