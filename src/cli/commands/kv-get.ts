import { kvValue, noEntry } from '../../admin/kv.ts'
import type { Run } from '../run-command.ts'

/** `kv get NAMESPACE KEY`: a single NameServer's value alone, as it is in the table. */
export const run: Run = async ({ values, servers, askEach }) => {
  const [namespace, key] = [`${values['namespace']}`, `${values['key']}`]
  const { items, failures } = await askEach(async (server) => {
    const value = await kvValue(server, namespace, key)
    if (value === undefined) throw noEntry(namespace, key, server)
    return [{ namespace, key, value }]
  })
  return {
    items,
    failures,
    view:
      servers.length === 1
        ? { lines: ({ value }) => [value] }
        : { columns: [{ head: 'VALUE', cell: ({ value }) => value }] },
    name: ({ namespace, key }) => `${namespace}/${key}`,
  }
}
