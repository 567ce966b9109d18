import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { NamesrvController } from '../../../src/namesrv/namesrv-controller.ts'
import { systemClock, systemScheduler } from '../../../src/namesrv/time.ts'
import { RawClient, type Request } from '../../support/raw-client.ts'

/** A server in this process with the built page, whose time is that of the browser. */
export interface PageServer {
  readonly controller: NamesrvController
  /** For brokers and clients. */
  readonly port: number
  readonly httpPort: number
  /** Of the page. */
  readonly url: string
  /** Sends requests over a connection that stays open, so that brokers stay registered; each must get the response 0. */
  send(...requests: Request[]): Promise<RawClient>
  /** Moves the server's monotonic clock, as if the process had been paused. */
  advance(ms: number): void
  stop(): Promise<void>
}

/**
 * Starts a server on loopback.
 * @param properties - Of its configuration; `httpListenPort` is any free port by default.
 */
export async function startPageServer(
  properties: Readonly<Record<string, string>> = {},
): Promise<PageServer> {
  const homeDirectory = mkdtempSync(join(tmpdir(), 'mqnamesrv-page-'))
  const all = { bindAddress: '127.0.0.1', listenPort: '0', nodeId: 'test-node', ...properties }
  const { configuration } = Configuration.resolve({
    args: Object.entries(all).map(([key, value]) => ({ key, value })),
    homeDirectory,
    processors: 2,
  })
  let aheadMs = 0
  const controller = new NamesrvController({
    configuration,
    logger: pino({ level: 'silent' }),
    clock: { nowMs: () => systemClock.nowMs() + aheadMs },
    scheduler: systemScheduler,
    httpOnAnyPort: properties['httpListenPort'] === undefined,
  })
  const { port, httpPort } = await controller.start()
  if (httpPort === undefined) throw new Error('the HTTP server has not started')
  const clients: RawClient[] = []
  const send = async (...requests: Request[]) => {
    const client = await RawClient.connect(port)
    clients.push(client)
    for (const request of requests) {
      const { header } = await client.request(request)
      const { code, remark } = JSON.parse(header.toString())
      if (code !== 0) throw new Error(`request ${request.code}: response ${code} ${remark}`)
    }
    return client
  }
  const advance = (ms: number): void => {
    aheadMs += ms
  }
  const stop = async (): Promise<void> => {
    for (const { socket } of clients) socket.destroy()
    await controller.shutdown()
    rmSync(homeDirectory, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${httpPort}/`
  return { controller, port, httpPort, url, send, advance, stop }
}
