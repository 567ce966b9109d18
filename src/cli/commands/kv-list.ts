import { type KVEntry, NAMESPACE_ORDER_TOPIC_CONFIG } from '../../admin/kv.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { nextPage } from '../../admin/pages.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** `kv list [NAMESPACE]`: a namespace by request 219, which every NameServer has; all of them by a view of ours. */
export const run: Run = async ({ values, askEach }) => {
  const namespace = values['namespace'] as string | undefined
  const notes: string[] = []
  const { items, failures } = await askEach(async (server) => {
    if (namespace === undefined) return await allEntries(server, notes)
    const entries = await entriesOf(server, namespace)
    if (entries === undefined)
      throw new CommandError('not_found', `no namespace ${JSON.stringify(namespace)} on ${server.address}`)
    return entries
  })
  return {
    items,
    failures,
    none: 'no entries',
    notes,
    view: {
      columns: [
        { head: 'NAMESPACE', cell: ({ namespace }) => namespace },
        { head: 'KEY', cell: ({ key }) => key },
        { head: 'VALUE', cell: ({ value }) => value, isWrapped: true },
      ],
    },
    name: ({ namespace, key }) => `${namespace}/${key}`,
  }
}

async function entriesOf(server: NameServer, namespace: string): Promise<readonly KVEntry[] | undefined> {
  const table = await server.kvTable(namespace)
  return table && [...table].map(([key, value]) => ({ namespace, key, value }))
}

async function allEntries(server: NameServer, notes: string[]): Promise<readonly KVEntry[]> {
  const entries: KVEntry[] = []
  const query = new URLSearchParams()
  for (;;) {
    const page = await server.viewIfAny<Page>(`/api/v1/kv?${query}`)
    if (page === undefined) {
      notes.push(
        `${server.address} does not list its namespaces: only ${NAMESPACE_ORDER_TOPIC_CONFIG} is shown (others: kv list NAMESPACE)`,
      )
      return (await entriesOf(server, NAMESPACE_ORDER_TOPIC_CONFIG)) ?? []
    }
    for (const entry of page.entries) entries.push(entry)
    const next = nextPage(server, page.next, query.get('after'))
    if (next === undefined) return entries
    query.set('after', next)
  }
}

/** A page of `/api/v1/kv`. */
interface Page {
  readonly entries: readonly KVEntry[]
  readonly next: string | null
}
