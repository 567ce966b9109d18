import type { UnregisterReason } from '../routeinfo/route-changes.ts'
import { causeText } from './explain/wording.ts'
import type { Departure } from './history/route-history.ts'
import { LIMIT_PARAMETER, limitOf, sorted } from './paging.ts'
import { dateOf, type InspectSources } from './sources.ts'
import { LONG_SCHEMA, longValue, objectOf, type View } from './view.ts'

const CAUSES = [
  'request',
  'renamed',
  'connection lost',
  'disconnected by operator',
  'expired',
  'unreachable',
  'not returned',
  'not listed',
] as const satisfies readonly UnregisterReason[]

/** `/api/v1/departures`: the brokers that are gone. */
export function departuresView(sources: InspectSources): View {
  const { history, routeInfo } = sources
  return {
    path: '/api/v1/departures',
    summary:
      'The last departure of each broker id that left or was removed since the start and that no broker has registered with again, the most recent first. The last 1,024 broker names are kept, with eight departures of each.',
    parameters: [{ ...LIMIT_PARAMETER, summary: 'Max departures. Default 1,000.' }],
    response: objectOf({
      total: { type: 'integer', description: 'All departures, those beyond `limit` included' },
      departures: {
        type: 'array',
        items: objectOf({
          time: { type: 'string', format: 'date-time' },
          cluster: { type: 'string' },
          brokerName: { type: 'string' },
          brokerId: LONG_SCHEMA,
          address: { type: 'string', description: 'As the broker announced it' },
          cause: {
            enum: CAUSES,
            description:
              'unreachable: no heartbeat for a part of the timeout, and its address accepted no connection. not returned: restored from the snapshot and not registered within the grace period. renamed: its address registered under another name',
          },
          text: { type: 'string', description: 'The cause in words, to be read after the name' },
          peer: {
            type: ['string', 'null'],
            description: 'What asked for it, or from where the broker had registered',
          },
        }),
      },
    }),
    read: async ({ query, owner }) => {
      const limit = limitOf(query)
      const gone = await routeInfo.read(function* (view) {
        const found: KnownDeparture[] = []
        for (const departures of history.allDepartures()) {
          const members = view.groupWithMembers(departures.at(-1)?.brokerName ?? '')?.brokerAddrs
          // Of an id, the last one stays. Without an id, an address gave way to another one: no broker is missing.
          const last = new Map(departures.map((departure) => [departure.brokerId, departure]))
          for (const [brokerId, departure] of last)
            if (brokerId !== undefined && members?.has(brokerId) !== true)
              found.push({ ...departure, brokerId })
          yield
        }
        return yield* sorted(found, (a, b) => b.atMs - a.atMs)
      }, owner)
      return { total: gone.length, departures: gone.slice(0, limit).map((each) => shown(each, sources)) }
    },
  }
}

type KnownDeparture = Departure & { readonly brokerId: bigint }

function shown(departure: KnownDeparture, sources: InspectSources) {
  const { cause, clusterName, brokerName, brokerAddr, brokerId, peer = null } = departure
  return {
    time: dateOf(departure.atMs, sources),
    cluster: clusterName,
    brokerName,
    brokerId: longValue(brokerId),
    address: brokerAddr,
    cause,
    text: causeText(cause),
    peer,
  }
}
