import { isIPv6 } from 'node:net'
import { AdminError } from '../../admin/admin-error.ts'
import { applied } from '../../admin/applied.ts'
import { type NameServer, responseError } from '../../admin/name-server.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { changeEach } from '../change-each.ts'
import { type Connection, connectionsOf } from '../client/connections.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** Max connections that the view lists. */
const MAX_CONNECTIONS = 4_096

/** `conn kick ID… | --address HOST` (1451): each by its id and its address, so that no other one is closed. */
export const run: Run = async ({ values, ...context }) => {
  const ids = (values['id'] ?? []) as readonly string[]
  const host = values['address'] as string | undefined
  if (ids.length > 0 === (host !== undefined))
    throw new CommandError('usage', 'name connections either by id or by --address')
  if (ids.length > 0 && context.servers.length > 1)
    throw new CommandError('usage', 'ids belong to one NameServer: name one with -n, or use --address')
  for (const id of ids) checkId(id)
  const notes: string[] = []
  const changed = await changeEach(context, host === undefined ? ids : [host], {
    look: (server, name) => (host === undefined ? withId(server, name) : ofHost(server, host, notes)),
    describe: (connection) => [describe(connection)],
    apply: async (server, connection) => [await close(server, connection)],
  })
  const results = new Set(changed.items.map(({ result }) => result))
  const isNo = results.has('failed')
  return {
    ...changed,
    notes,
    isNo,
    isPartial: changed.isPartial || (isNo && results.size > 1),
    view: {
      columns: [
        { head: 'RESULT', cell: ({ result }) => result },
        { head: 'ID', cell: ({ id }) => id, align: 'right' },
        { head: 'ADDRESS', cell: ({ address }) => address },
        { head: 'KIND', cell: ({ kind }) => kind },
        { head: 'ERROR', cell: ({ error }) => error, isWide: true },
      ],
    },
    namesrv: 'always',
    name: ({ id }) => `${id}`,
  }
}

/** @throws {CommandError} `usage` */
function checkId(text: string): void {
  if (/^[1-9]\d{0,14}$/.test(text)) return
  throw new CommandError('usage', `${JSON.stringify(text)} is not a connection id (see mqnamesrv conn list)`)
}

/** @throws {CommandError} (rejects) `not_found`: it is not open, or the one over which it is asked. */
async function withId(server: NameServer, id: string): Promise<readonly Connection[]> {
  const { connections } = await connectionsOf(server, { id })
  const found = connections.filter(({ asking }) => !asking)
  if (found.length > 0) return found
  throw new CommandError('not_found', `no open connection ${id} on ${server.address}`)
}

/** @throws {CommandError} (rejects) `not_found`: none is open. */
async function ofHost(server: NameServer, host: string, notes: string[]): Promise<readonly Connection[]> {
  const shown = isIPv6(host) ? `[${host}]` : host
  const query = { address: shown, limit: MAX_CONNECTIONS }
  const { matching, connections } = await connectionsOf(server, query)
  if (matching > connections.length)
    notes.push(`${server.address}: only ${MAX_CONNECTIONS} connections are closed at a time: run it again`)
  const found = connections.filter(
    ({ asking, address }) => !asking && [plain(address), hostOf(plain(address))].includes(shown),
  )
  if (found.length > 0) return found
  throw new CommandError('not_found', `no open connection of ${host} on ${server.address}`)
}

/** Sockets that serve both families show IPv4 addresses as `[::ffff:10.0.0.1]:1234`. */
function plain(address: string): string {
  return address.replace(/^\[::ffff:([\d.]+)\]/, '$1')
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'))
}

function describe({ id, address, kind }: Connection): string {
  const loss =
    kind === 'broker' ? ': its brokers will be removed from the routes until they register again' : ''
  return `connection ${id} of ${kind} ${address} will be closed${loss}`
}

/** One that has gone by itself in the meantime is closed, as wanted. */
async function close(server: NameServer, { id, address, kind }: Connection) {
  const connection = { id, address, kind }
  try {
    const fields = { connectionId: `${id}`, address }
    const response = await applied(server.invoke(RequestCode.CLOSE_CONNECTION, fields))
    if (response.code === ResponseCode.QUERY_NOT_FOUND) return { ...connection, result: 'gone', error: null }
    if (response.code !== ResponseCode.SUCCESS) throw responseError(response)
    return { ...connection, result: 'closed', error: null }
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    return { ...connection, result: 'failed', error: error.message }
  }
}
