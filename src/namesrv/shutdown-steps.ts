import type { RemotingServer } from '../remoting/server/remoting-server.ts'
import type { RouteSnapshots } from './files/route-snapshots.ts'
import type { NamesrvContext } from './namesrv-context.ts'
import type { Scheduler } from './time.ts'

/** How long connections may take to close in a shutdown before they are cut, and the routes to be written, in milliseconds. */
const PATIENCE_MS = 5_000

/**
 * With `enableShutdownGracefully`, tells those that are connected to go elsewhere and serves all others, until none of those
 * connections is left or `shutdownWaitTimeSeconds` are over.
 * @see NettyRemotingServer#shutdown in apache/rocketmq, which turns away those that have come back, too, and always waits for
 * the whole time.
 */
export async function letClientsGo(
  server: RemotingServer,
  { configuration, logger, scheduler }: Pick<NamesrvContext, 'configuration' | 'logger' | 'scheduler'>,
): Promise<void> {
  const { enableShutdownGracefully, shutdownWaitTimeSeconds } = configuration.values
  if (!enableShutdownGracefully) return
  const connections = server.connections
  logger.info({ connections, shutdownWaitTimeSeconds }, 'clients are asked to go elsewhere')
  await withPatience(scheduler, shutdownWaitTimeSeconds * 1_000, (patience) => server.drain(patience))
  logger.info({ connections: server.connections }, 'the time for that is over, or all have gone elsewhere')
}

/** Closes all connections, a few at a time, and frees the port, within six seconds. */
export function closeConnections(
  server: RemotingServer,
  { scheduler }: Pick<NamesrvContext, 'scheduler'>,
): Promise<void> {
  return withPatience(scheduler, PATIENCE_MS, (patience) => server.stop(patience))
}

/** Writes the routes for the last time. A disk that hangs does not hold up the end. */
export async function saveRoutes(
  snapshots: RouteSnapshots,
  { logger, scheduler }: Pick<NamesrvContext, 'logger' | 'scheduler'>,
): Promise<void> {
  let isSaved = false
  const saving = snapshots.stop().then(() => {
    isSaved = true
  })
  await withPatience(scheduler, PATIENCE_MS, (patience) => Promise.race([saving, patience]))
  if (!isSaved) logger.warn('the last route snapshot takes too long: the one before it stays')
}

/** Does something that knows how to hurry once the patience it is given is over. */
async function withPatience(
  scheduler: Scheduler,
  ms: number,
  work: (patience: Promise<void>) => Promise<void>,
): Promise<void> {
  let cancel = (): void => {}
  const patience = new Promise<void>((resolve) => {
    cancel = scheduler.after(ms, resolve)
  })
  await work(patience)
  cancel()
}
