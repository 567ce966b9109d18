import type { Socket } from 'node:net'
import type { CloseReason, OpenConnection, PeerKind, TlsSession } from '../../stats/connections.ts'

/** An open connection: until its first frame a handshake, then a channel with the same id. */
export abstract class Connection implements OpenConnection {
  abstract readonly state: OpenConnection['state']
  /** Unique in the server. */
  readonly id: number
  /** `host:port` of the peer, also behind a proxy. */
  remoteAddress: string
  /** @see ChannelRef.host */
  host: string
  /** Whether the peer is on this machine: by the socket's own address, and by that of a PROXY header if there is one. */
  isLoopback: boolean
  /** The connection is closed when it was idle for this many milliseconds. */
  readonly maxIdleMs: number
  readonly openedMs: number
  readonly tls: TlsSession | null = null
  proxied: boolean
  kind: PeerKind = 'unknown'
  language: string | null = null
  version: number | null = null
  requests = 0
  bytesIn = 0
  bytesOut = 0
  lastActivityMs: number
  /** Whether it is being closed. What the peer sends is ignored from then on, unless the connection is finishing. */
  closing = false
  /** Why it is being closed; undefined if the peer closes it. */
  closeReason: CloseReason | undefined
  protected readonly socket: Socket

  constructor(
    id: number,
    socket: Socket,
    peer: Pick<Connection, 'remoteAddress' | 'host' | 'isLoopback' | 'openedMs' | 'proxied'>,
    maxIdleMs: number,
    nowMs: number,
  ) {
    this.id = id
    this.socket = socket
    this.remoteAddress = peer.remoteAddress
    this.host = peer.host
    this.isLoopback = peer.isLoopback
    this.openedMs = peer.openedMs
    this.proxied = peer.proxied
    this.maxIdleMs = maxIdleMs
    this.lastActivityMs = nowMs
  }

  /** Called after a pause of the process, which does not count as idle time. */
  extendIdleTime(pausedMs: number, nowMs: number): void {
    this.lastActivityMs = Math.min(nowMs, this.lastActivityMs + pausedMs)
  }

  /** Closes at once. */
  destroy(reason: CloseReason): void {
    this.beginClosing(reason)
    this.socket.destroy()
  }

  /** Closes when everything written has been sent. */
  closeGently(reason: CloseReason): void {
    this.destroy(reason)
  }

  /** Closes when the requests that have arrived have their responses. */
  finish(reason: CloseReason): void {
    this.destroy(reason)
  }

  /** The first reason counts. */
  protected beginClosing(reason: CloseReason): void {
    this.closing = true
    this.closeReason ??= reason
  }
}

/** The reason of a connection that is closed for a cause that says it all. */
export function closedFor(cause: CloseReason['cause']): CloseReason {
  return { cause, code: null, detail: null }
}

/** The reason of a connection whose socket has failed. */
export function socketFailure({ message, code }: NodeJS.ErrnoException): CloseReason {
  return { cause: 'socket_error', code: code ?? null, detail: message }
}

/**
 * Runs a task directly after sockets were read, in the next turn of the event loop: the events of the current one may have been
 * collected before the last bytes arrived.
 */
export function afterReads(defer: (task: () => void, minMs: number) => void, task: () => void): void {
  defer(() => defer(task, 0), 0)
}

/** Time from the first connection to the last, however many there are. */
const SPREAD_MS = 3_000

const STEP_MS = 50

/** Connections closed in a step, 1,000 in a second, if there are few. */
const MIN_PER_STEP = 50

/**
 * Closes connections a few at a time, so that thousands of clients do not all connect to another server in the same instant.
 * Those that have been idle longest come first: they are the least likely to have just sent a request.
 *
 * @param connections - The open connections; no new ones are accepted meanwhile.
 * @param every - Runs a task periodically; returns what ends it.
 * @returns What ends it before all are closed.
 */
export function closeGradually(
  connections: () => Iterable<Pick<Connection, 'lastActivityMs' | 'closing' | 'finish'>>,
  every: (periodMs: number, task: () => void) => () => void,
): () => void {
  const perStep = Math.max(MIN_PER_STEP, Math.ceil(([...connections()].length * STEP_MS) / SPREAD_MS))
  const step = (): void => {
    // Read at each step: meanwhile some have closed, some were active, and some have become a channel.
    const open = [...connections()].filter(({ closing }) => !closing)
    open.sort((a, b) => b.lastActivityMs - a.lastActivityMs)
    for (const connection of open.splice(-perStep)) connection.finish(closedFor('shutdown'))
    if (open.length === 0) end()
  }
  const end = every(STEP_MS, step)
  step()
  return end
}
