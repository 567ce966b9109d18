import { SerializeType } from '../../protocol/remoting-command.ts'
import type { Connect } from '../../remoting/client/outgoing-connection.ts'
import { RemotingClient } from '../../remoting/client/remoting-client.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/**
 * The client for what this server has to say to others, as it is configured. Opens nothing yet.
 * @param mostConnections - So many the system has room for; undefined if it does not say.
 */
export function createRemotingClient(
  { configuration, clock, scheduler, rejections }: NamesrvContext,
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
    onRejected: ({ limit, message }, address) => rejections.rejected(limit, address, message),
    nowMs: () => clock.nowMs(),
    after: (delayMs, task) => scheduler.after(delayMs, task),
    every: (periodMs, task) => scheduler.every(periodMs, task),
  })
}
