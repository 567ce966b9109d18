import type { Socket } from 'node:net'

/** An open connection: until its first frame a handshake, then a channel with the same id. */
export abstract class Connection {
  /** Unique in the server. */
  readonly id: number
  /** `host:port` of the peer, also behind a proxy. */
  remoteAddress: string
  /** Whether the peer is on this machine: by the socket's own address, and by that of a PROXY header if there is one. */
  isLoopback: boolean
  /** The connection is closed when it was idle for this many milliseconds. */
  readonly maxIdleMs: number
  /** When bytes last went in or out. */
  lastActivityMs: number
  /** Whether what the peer sends is ignored from now on. */
  closing = false
  protected readonly socket: Socket

  constructor(
    id: number,
    socket: Socket,
    { remoteAddress, isLoopback }: Pick<Connection, 'remoteAddress' | 'isLoopback'>,
    maxIdleMs: number,
    nowMs: number,
  ) {
    this.id = id
    this.socket = socket
    this.remoteAddress = remoteAddress
    this.isLoopback = isLoopback
    this.maxIdleMs = maxIdleMs
    this.lastActivityMs = nowMs
  }

  /** Called after a pause of the process, which does not count as idle time. */
  extendIdleTime(pausedMs: number, nowMs: number): void {
    this.lastActivityMs = Math.min(nowMs, this.lastActivityMs + pausedMs)
  }

  /** Closes at once. */
  destroy(): void {
    this.closing = true
    this.socket.destroy()
  }

  /** Closes when everything written has been sent. */
  closeGently(): void {
    this.destroy()
  }

  /** Closes when the request in progress, if any, has its response. */
  finish(): void {
    this.destroy()
  }
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
    for (const connection of open.splice(-perStep)) connection.finish()
    if (open.length === 0) end()
  }
  const end = every(STEP_MS, step)
  step()
  return end
}
