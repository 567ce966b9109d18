import type { Steps } from '../common/time-slicer.ts'
import type { KVConfigTable } from '../kvconfig/kv-config-manager.ts'
import { LIMIT_PARAMETER, NEXT_SCHEMA, pageOf, sorted } from './paging.ts'
import type { InspectSources } from './sources.ts'
import { objectOf, type View } from './view.ts'

/** `/api/v1/kv`: the key-value table. */
export function kvView({ kvConfig, slicer }: InspectSources): View {
  return {
    path: '/api/v1/kv',
    summary: 'The key-value table, which Java can show only by namespace.',
    parameters: [
      { name: 'namespace', summary: 'Only entries of this namespace.', schema: { type: 'string' } },
      LIMIT_PARAMETER,
      { name: 'after', summary: 'Only what follows: `next` of the page before.', schema: { type: 'string' } },
    ],
    response: objectOf({
      total: { type: 'integer', description: 'Entries of all namespaces' },
      matching: { type: 'integer', description: 'Entries of `namespace`' },
      entries: {
        type: 'array',
        items: objectOf({
          namespace: { type: 'string' },
          key: { type: 'string' },
          value: { type: ['string', 'null'], description: 'Null reads back as absent' },
        }),
      },
      next: NEXT_SCHEMA,
    }),
    read: async ({ query }) => {
      const { table, entries: total } = kvConfig
      const namespace = query.get('namespace')
      const places = await slicer.run(placesOf(table, namespace))
      const { names, matching, next } = pageOf(await slicer.run(sorted(places)), query)
      return { total, matching, entries: names.map((place) => entryAt(table, place)), next }
    },
  }
}

/** A text for each entry, by which it is sorted and found again. */
function* placesOf(table: KVConfigTable, wanted: string | null): Steps<string[]> {
  const places: string[] = []
  for (const [namespace, values] of table) {
    if (wanted !== null && wanted !== namespace) continue
    for (const key of values.keys()) {
      places.push(JSON.stringify([namespace, key]))
      yield
    }
  }
  return places
}

function entryAt(table: KVConfigTable, place: string) {
  const [namespace, key] = JSON.parse(place) as [string, string]
  return { namespace, key, value: table.get(namespace)?.get(key) ?? null }
}
