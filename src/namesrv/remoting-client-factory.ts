import { SerializeType } from '../protocol/remoting-command.ts'
import type { Connect, OnCommandRefused } from '../remoting/outgoing-connection.ts'
import { RemotingClient } from '../remoting/remoting-client.ts'
import type { NamesrvValues } from './config/config-keys.ts'
import type { Clock, Scheduler } from './time.ts'

/** The client for what this server has to say to others, as it is configured. Opens nothing yet. */
export function createRemotingClient(
  values: NamesrvValues,
  connect: Connect,
  clock: Clock,
  scheduler: Scheduler,
  onRefused: OnCommandRefused,
): RemotingClient {
  return new RemotingClient({
    connect,
    connectTimeoutMs: values.connectTimeoutMillis,
    // 0 means never, as it does to Netty's IdleStateHandler.
    maxIdleMs: values.clientChannelMaxIdleTimeSeconds * 1_000 || Number.POSITIVE_INFINITY,
    closeIfTimeout: values.clientCloseSocketIfTimeout,
    maxConnections: values.clientMaxConnections,
    maxQueuedBytes: values.clientMaxQueuedBytes,
    maxOneways: values.clientOnewaySemaphoreValue,
    maxRequests: values.clientAsyncSemaphoreValue,
    maxFrameBytes: values['com.rocketmq.remoting.frameMaxLength'],
    serializeType: SerializeType[values.serializeType],
    onRefused,
    nowMs: () => clock.nowMs(),
    after: (delayMs, task) => scheduler.after(delayMs, task),
    every: (periodMs, task) => scheduler.every(periodMs, task),
  })
}
