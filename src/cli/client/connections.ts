import type { NameServer } from '../../admin/name-server.ts'
import type { Views } from '../../inspect/api-types.ts'

/** A connection, as `/api/v1/connections` shows it. */
export type Connection = Views['/api/v1/connections']['connections'][number]

/** Connections that a query of `/api/v1/connections` selects. @throws {CommandError} (rejects) */
export function connectionsOf(
  server: NameServer,
  query: Readonly<Record<string, unknown>>,
): Promise<{ readonly matching: number; readonly connections: readonly Connection[] }> {
  const text = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) text.set(name, `${value}`)
  return server.view(`/api/v1/connections?${text}`)
}
