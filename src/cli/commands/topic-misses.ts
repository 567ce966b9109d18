import type { Miss } from '../client/views.ts'
import { age } from '../output/amounts.ts'
import type { Run } from '../run-command.ts'

/** `topic misses`: the topics for which lookups found no route. */
export const run: Run = async ({ askEach }) => {
  // By the clock of each server.
  const nowMs = new Map<string, number>()
  const { items, failures } = await askEach(async (server) => {
    const { topics } = await server.view<{ topics: readonly Miss[] }>('/api/v1/misses')
    const { time } = await server.view<{ time: string }>('/api/v1/status')
    nowMs.set(server.address, Date.parse(time))
    return topics
  })
  return {
    items,
    failures,
    none: 'no lookup without a route since the start',
    view: {
      columns: [
        { head: 'TOPIC', cell: ({ topic }) => topic },
        {
          head: 'LOOKUPS',
          cell: ({ count, overestimate }) => `${overestimate === 0 ? '' : '≤'}${count}`,
          align: 'right',
        },
        {
          head: 'LAST',
          cell: ({ namesrv, lastSeen }) => age((nowMs.get(namesrv) ?? 0) - Date.parse(lastSeen)),
          align: 'right',
        },
        { head: 'ROUTE NOW', cell: ({ routeSince }) => (routeSince === null ? 'no' : 'yes') },
        { head: 'CLIENTS', cell: ({ clients }) => clientsText(clients), isWrapped: true },
        {
          head: 'SIMILAR',
          cell: ({ similar }: Miss) => similar.map(({ name }) => name).join(', '),
        },
        { head: 'LOSS', cell: ({ loss }) => loss, isWide: true },
      ],
    },
    name: ({ topic }) => topic,
  }
}

function clientsText(clients: Miss['clients']): string {
  return clients
    .map(({ address, language, versionName }) => `${address} (${language} ${versionName})`)
    .join(', ')
}
