import type { NameServer } from '../../admin/name-server.ts'

/** A connection, as `/api/v1/connections` shows it. */
export interface Connection {
  readonly id: number
  /** `host:port` */
  readonly address: string
  readonly state: 'handshake' | 'open' | 'closed'
  readonly kind: string
  readonly language: string | null
  readonly versionName: string | null
  readonly tls: { readonly protocol: string; readonly clientSubject: string | null } | null
  readonly proxied: boolean
  /** Whether it is the one over which it was asked. */
  readonly asking: boolean
  readonly requests: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly opened: string
  readonly idleMs: number
  readonly closed: string | null
  readonly cause: string | null
  readonly code: string | null
  readonly detail: string | null
}

/** Connections that a query of `/api/v1/connections` selects. @throws {CommandError} (rejects) */
export function connectionsOf(
  server: NameServer,
  query: Readonly<Record<string, unknown>>,
): Promise<{ readonly matching: number; readonly connections: readonly Connection[] }> {
  const text = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) text.set(name, `${value}`)
  return server.view(`/api/v1/connections?${text}`)
}
