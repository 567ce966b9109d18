import { counted } from '../../common/counted.ts'
import type { Run } from '../run-command.ts'

/** `/api/v1/clients` */
interface Census {
  readonly connections: number
  readonly kinds: readonly { readonly kind: string; readonly tls: boolean; readonly connections: number }[]
  readonly clients: readonly Client[]
  readonly others: number
}

interface Client {
  readonly kind: string
  readonly language: string
  readonly version: number
  readonly versionName: string
  readonly connections: number
  readonly hosts: readonly string[]
}

/** `conn report`: open connections by the programs at their other ends. */
export const run: Run = async ({ askEach }) => {
  const notes: string[] = []
  const { items, failures } = await askEach(async (server) => {
    const { connections, kinds, clients, others } = await server.view<Census>('/api/v1/clients')
    const overTls = kinds.filter(({ tls }) => tls).reduce((sum, kind) => sum + kind.connections, 0)
    notes.push(`${server.address}: ${counted(connections, 'open connection')}, ${overTls} over TLS`)
    if (others > 0)
      notes.push(`${server.address}: ${counted(others, 'connection')} of programs that are not shown`)
    return clients
  })
  return {
    items,
    failures,
    notes,
    view: {
      columns: [
        { head: 'KIND', cell: ({ kind }) => kind },
        { head: 'LANGUAGE', cell: ({ language }) => language },
        { head: 'VERSION', cell: ({ versionName }) => versionName },
        { head: 'CONNECTIONS', cell: ({ connections }) => connections, align: 'right' },
        { head: 'HOSTS', cell: ({ hosts }) => hosts.join(', '), isWrapped: true },
      ],
    },
    name: ({ language, versionName }) => `${language}/${versionName}`,
  }
}
