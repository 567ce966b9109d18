import { type KVEntry, kvValue, putKV } from '../../admin/kv.ts'
import { type Changed, changeEach } from '../change-each.ts'
import type { AnyReport, Run } from '../run-command.ts'

/** `kv set NAMESPACE KEY VALUE` (100). */
export const run: Run = async ({ values, ...context }) => {
  const [namespace, key, value] = [`${values['namespace']}`, `${values['key']}`, `${values['value']}`]
  const changed = await changeEach(context, [key], {
    look: async (server) => [{ previous: (await kvValue(server, namespace, key)) ?? null }],
    describe: ({ previous }) => {
      if (previous === value) return []
      const before = previous === null ? 'new' : `was ${JSON.stringify(previous)}`
      return [
        `${JSON.stringify(key)} of ${JSON.stringify(namespace)} will be set to ${JSON.stringify(value)} (${before})`,
      ]
    },
    apply: async (server, { previous }) => {
      const entry = { namespace, key, value, previous }
      if (previous === value) return [{ ...entry, result: 'unchanged' }]
      await putKV(server, namespace, key, value)
      return [{ ...entry, result: 'set' }]
    },
  })
  return changedEntries(changed)
}

/** An entry after a change. */
interface ChangedEntry extends KVEntry {
  readonly previous: string | null
  readonly result: string
}

/** What `kv set` and `kv delete` show. */
export function changedEntries(changed: Changed<ChangedEntry>): AnyReport {
  return {
    ...changed,
    view: {
      columns: [
        { head: 'RESULT', cell: ({ result }) => result },
        { head: 'NAMESPACE', cell: ({ namespace }) => namespace },
        { head: 'KEY', cell: ({ key }) => key },
        { head: 'VALUE', cell: ({ value }) => value, isWrapped: true },
        { head: 'PREVIOUS', cell: ({ previous }) => previous, isWide: true },
      ],
    },
    namesrv: 'always',
    name: ({ namespace, key }) => `${namespace}/${key}`,
  }
}
