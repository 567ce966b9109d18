import { onTestFinished } from 'vitest'
import type { ChannelRef, Processor } from '../../src/protocol/processor.ts'
import { RemotingServer, type RemotingServerEvents } from '../../src/remoting/remoting-server.ts'
import { RequestDispatcher } from '../../src/remoting/request-dispatcher.ts'
import { ManualTime } from './manual-time.ts'
import { RawClient } from './raw-client.ts'

/** The TCP side alone, in front of processors of the test's own. */
export interface TestRemotingServer {
  readonly server: RemotingServer
  readonly port: number
  readonly time: ManualTime
  /** What happened: `close`, `failure`, `idle`, with the peer, or `error` with its message. */
  readonly happened: string[]
  connect(): Promise<RawClient>
}

/** Starts one on a free port; clients are cut off and the server is stopped when the test is over. */
export async function startRemotingServer(
  processors: Readonly<Record<number, Processor>>,
  { maxIdleMs = Number.POSITIVE_INFINITY, sharedReadBuffer = true } = {},
): Promise<TestRemotingServer> {
  const time = new ManualTime()
  const happened: string[] = []
  const note = (what: string) => (channel: ChannelRef) => happened.push(`${what} ${channel.remoteAddress}`)
  const events: RemotingServerEvents = {
    onChannelClose: note('close'),
    onChannelFailure: note('failure'),
    onChannelIdle: note('idle'),
    onServerFailure: ({ message }) => happened.push(`error ${message}`),
  }
  const server = new RemotingServer({
    dispatcher: new RequestDispatcher(processors, (error) => happened.push(`error ${error}`)),
    bindAddress: '127.0.0.1',
    listenPort: 0,
    maxFrameBytes: 16_777_216,
    maxIdleMs: () => maxIdleMs,
    serializeType: 0,
    sharedReadBuffer,
    nowMs: () => time.nowMs(),
    every: (periodMs, task) => time.every(periodMs, task),
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
