import { SerializeType } from '../protocol/remoting-command.ts'
import type { HandshakeOptions } from '../remoting/server/connection-handshake.ts'
import { RemotingServer, type RemotingServerEvents } from '../remoting/server/remoting-server.ts'
import type { RequestDispatcher } from '../remoting/server/request-dispatcher.ts'
import { TrustedNetworks } from '../remoting/server/trusted-networks.ts'
import { withoutBrackets } from './config/places.ts'
import type { NamesrvContext } from './namesrv-context.ts'

/** Who has to do with the connections of a server. */
export interface RemotingServerParts {
  readonly dispatcher: RequestDispatcher
  /** Told what happens to connections. */
  readonly events: RemotingServerEvents
  /** How connections begin that speak TLS. */
  readonly tls: Pick<HandshakeOptions, 'tlsMode' | 'tlsAcceptor'>
  /** So many the system has room for; undefined if it does not say. */
  readonly maxConnectionsByOpenFiles: number | undefined
}

/** The server for brokers and clients as it is configured. Does not listen yet. */
export function createRemotingServer(
  { configuration, clock, scheduler, counters }: NamesrvContext,
  { dispatcher, events, tls, maxConnectionsByOpenFiles }: RemotingServerParts,
): RemotingServer {
  const { values } = configuration
  return new RemotingServer({
    dispatcher,
    bindAddress: withoutBrackets(values.bindAddress),
    listenPort: values.listenPort,
    maxConnectionsByOpenFiles,
    maxFrameBytes: values['com.rocketmq.remoting.frameMaxLength'],
    maxHeaderBytes: values.maxHeaderBytes,
    // 0 means never, as it does to Netty's IdleStateHandler.
    maxIdleMs: () => values.serverChannelMaxIdleTimeSeconds * 1_000 || Number.POSITIVE_INFINITY,
    serializeType: SerializeType[values.serializeType],
    sharedReadBuffer: values.sharedReadBuffer,
    nowMs: () => clock.nowMs(),
    every: (periodMs, task) => scheduler.every(periodMs, task),
    defer: (task, leastMs) => scheduler.defer(task, leastMs),
    handshake: {
      ...tls,
      tlsHandshakeTimeoutMs: values.tlsHandshakeTimeoutMillis,
      proxyTrustedNetworks: TrustedNetworks.of(values.proxyProtocolTrustedNetworks),
    },
    events,
    counters,
    limits: {
      ...values,
      maxConnectionsPerAddress: values.maxConnectionsPerAddress || Number.POSITIVE_INFINITY,
    },
  })
}
