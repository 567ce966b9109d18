import { deleteKV, kvValue, noEntry } from '../../admin/kv.ts'
import { changeEach } from '../change-each.ts'
import type { Run } from '../run-command.ts'
import { changedEntries } from './kv-set.ts'

/** `kv delete NAMESPACE KEY…` (102). */
export const run: Run = async ({ values, ...context }) => {
  const namespace = `${values['namespace']}`
  const changed = await changeEach(context, values['key'] as readonly string[], {
    look: async (server, key) => {
      const previous = await kvValue(server, namespace, key)
      if (previous === undefined) throw noEntry(namespace, key, server)
      return [{ key, previous }]
    },
    describe: ({ key, previous }) => [
      `${JSON.stringify(key)} of ${JSON.stringify(namespace)} will be deleted (was ${JSON.stringify(previous)})`,
    ],
    apply: async (server, { key, previous }) => {
      await deleteKV(server, namespace, key)
      return [{ namespace, key, value: null, previous, result: 'deleted' }]
    },
  })
  return changedEntries(changed)
}
