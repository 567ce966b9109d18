import { SerializeType } from '../../protocol/remoting-command.ts'
import type { Connect } from '../../remoting/outgoing-connection.ts'
import { RemotingClient } from '../../remoting/remoting-client.ts'
import type { Surroundings } from '../surroundings.ts'

/**
 * The client for what this server has to say to others, as it is configured. Opens nothing yet.
 * @param mostConnections - So many the system has room for; undefined if it does not say.
 */
export function createRemotingClient(
  { configuration, clock, scheduler, refusals }: Surroundings,
  connect: Connect,
  mostConnections: number | undefined,
): RemotingClient {
  const { values } = configuration
  return new RemotingClient({
    connect,
    connectTimeoutMs: values.connectTimeoutMillis,
    // 0 means never, as it does to Netty's IdleStateHandler.
    maxIdleMs: values.clientChannelMaxIdleTimeSeconds * 1_000 || Number.POSITIVE_INFINITY,
    closeIfTimeout: values.clientCloseSocketIfTimeout,
    maxConnections: mostConnections ?? values.clientMaxConnections,
    maxQueuedBytes: values.clientMaxQueuedBytes,
    maxOneways: values.clientOnewaySemaphoreValue,
    maxRequests: values.clientAsyncSemaphoreValue,
    maxFrameBytes: values['com.rocketmq.remoting.frameMaxLength'],
    serializeType: SerializeType[values.serializeType],
    onRefused: (bound, address, why) => refusals.refused(bound, address, why),
    nowMs: () => clock.nowMs(),
    after: (delayMs, task) => scheduler.after(delayMs, task),
    every: (periodMs, task) => scheduler.every(periodMs, task),
  })
}
