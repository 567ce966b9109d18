import type { RemotingServer } from '../remoting/server/remoting-server.ts'
import type { RouteSnapshots } from './files/route-snapshots.ts'
import type { NamesrvContext } from './namesrv-context.ts'
import type { Scheduler } from './time.ts'

/** Maximum time for the connections to close, and for the last snapshot to be written. */
const TIMEOUT_MS = 5_000

/**
 * With `enableShutdownGracefully`, sends GO_AWAY to the connected clients and serves all others, until those connections have
 * closed or `shutdownWaitTimeSeconds` are over.
 * @see NettyRemotingServer#shutdown in apache/rocketmq, which also rejects clients that return, and always waits the whole time
 */
export async function drainClients(
  server: RemotingServer,
  { configuration, logger, scheduler }: NamesrvContext,
): Promise<void> {
  const { enableShutdownGracefully, shutdownWaitTimeSeconds } = configuration.values
  if (!enableShutdownGracefully) return
  logger.info({ connections: server.connections, shutdownWaitTimeSeconds }, 'draining: sending GO_AWAY')
  await withTimeout(scheduler, shutdownWaitTimeSeconds * 1_000, (timeout) => server.drain(timeout))
  logger.info({ remaining: server.connections }, 'drain finished')
}

/** Closes all connections gradually and frees the port, within six seconds. */
export function closeConnections(server: RemotingServer, { scheduler }: NamesrvContext): Promise<void> {
  return withTimeout(scheduler, TIMEOUT_MS, (timeout) => server.stop(timeout))
}

/** Writes the last route snapshot. A disk that hangs does not hold up the shutdown. */
export async function writeLastSnapshot(
  snapshots: RouteSnapshots,
  { logger, scheduler }: NamesrvContext,
): Promise<void> {
  let isWritten = false
  const writing = snapshots.stop().then(() => {
    isWritten = true
  })
  await withTimeout(scheduler, TIMEOUT_MS, (timeout) => Promise.race([writing, timeout]))
  if (!isWritten) logger.warn({ timeoutMs: TIMEOUT_MS }, 'last route snapshot not written: disk too slow')
}

/** Does work that finishes early once the promise that it is given resolves. */
async function withTimeout(
  scheduler: Scheduler,
  timeoutMs: number,
  work: (timeout: Promise<void>) => Promise<void>,
): Promise<void> {
  let cancel = (): void => {}
  const timeout = new Promise<void>((resolve) => {
    cancel = scheduler.after(timeoutMs, resolve)
  })
  await work(timeout)
  cancel()
}
