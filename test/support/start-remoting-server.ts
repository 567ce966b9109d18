import { onTestFinished } from 'vitest'
import type { ChannelRef, Processor } from '../../src/protocol/processor.ts'
import type { HandshakeOptions } from '../../src/remoting/server/connection-handshake.ts'
import { TrustedNetworks } from '../../src/remoting/server/proxy-header.ts'
import {
  type RemotingLimits,
  RemotingServer,
  type RemotingServerEvents,
} from '../../src/remoting/server/remoting-server.ts'
import { type OnRequestRejected, RequestDispatcher } from '../../src/remoting/server/request-dispatcher.ts'
import { Counters } from '../../src/stats/counters.ts'
import { RequestDurations } from '../../src/stats/durations.ts'
import { ManualTime } from './manual-time.ts'
import { RawClient } from './raw-client.ts'

/** The TCP side alone, in front of processors of the test's own. */
export interface TestRemotingServer {
  readonly server: RemotingServer
  readonly port: number
  readonly time: ManualTime
  /** What happened: `close`, `failure`, `idle`, `refused` and why, with the peer, or `error` with its message. */
  readonly happened: string[]
  connect(): Promise<RawClient>
}

/** Starts one on a free port; clients are cut off and the server is stopped when the test is over. */
export async function startRemotingServer(
  processors: Readonly<Record<number, Processor>>,
  {
    maxIdleMs = Number.POSITIVE_INFINITY,
    sharedReadBuffer = true,
    handshake = {},
    limits = {},
    counters = new Counters(),
    onRejected = () => {},
    defer,
  }: {
    maxIdleMs?: number
    sharedReadBuffer?: boolean
    handshake?: Partial<HandshakeOptions>
    limits?: Partial<RemotingLimits>
    counters?: Counters
    onRejected?: OnRequestRejected
    /** Default: the next turn of the loop. */
    defer?: (task: () => void, minMs: number) => void
  } = {},
): Promise<TestRemotingServer> {
  const time = new ManualTime()
  const happened: string[] = []
  const note = (what: string) => (channel: ChannelRef) => happened.push(`${what} ${channel.remoteAddress}`)
  const events: RemotingServerEvents = {
    onChannelClose: note('close'),
    onChannelFailure: note('failure'),
    onChannelInternalError: note('internal error'),
    onChannelIdle: note('idle'),
    onConnectionRejected: (peer, { code }) => happened.push(`refused ${code} ${peer}`),
    onConnectionDropped: (remoteAddress) => happened.push(`dropped ${remoteAddress}`),
    onServerFailure: ({ message }) => happened.push(`error ${message}`),
  }
  const server = new RemotingServer({
    dispatcher: new RequestDispatcher(
      processors,
      (error) => happened.push(`error ${error}`),
      counters,
      onRejected,
    ),
    limits: {
      maxConnections: Number.POSITIVE_INFINITY,
      maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
      maxQueuedRequestBytes: Number.POSITIVE_INFINITY,
      maxQueuedAnswerBytes: Number.POSITIVE_INFINITY,
      ...limits,
    },
    counters,
    durations: new RequestDurations({ codes: [], sampledCode: 0 }),
    bindAddress: '127.0.0.1',
    listenPort: 0,
    maxFrameBytes: 16_777_216,
    maxHeaderBytes: 262_144,
    maxIdleMs: () => maxIdleMs,
    serializeType: 0,
    sharedReadBuffer,
    nowMs: () => time.nowMs(),
    every: (periodMs, task) => time.every(periodMs, task),
    defer: defer ?? ((task) => time.defer(task)),
    handshake: {
      tlsMode: 'permissive',
      tlsAcceptor: async () => undefined,
      tlsHandshakeTimeoutMs: 10_000,
      proxyTrustedNetworks: new TrustedNetworks(undefined),
      ...handshake,
    },
    events,
  })
  const { port } = await server.start()
  const clients: RawClient[] = []
  onTestFinished(async () => {
    for (const { socket } of clients) socket.destroy()
    await server.stop(Promise.resolve())
  })
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(port)
    clients.push(client)
    return client
  }
  return { server, port, time, happened, connect }
}
