import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { onTestFinished } from 'vitest'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { NamesrvController } from '../../src/namesrv/namesrv-controller.ts'
import { ManualTime } from './manual-time.ts'
import { RawClient } from './raw-client.ts'
import { type LogLine, recordingLogger } from './recording-logger.ts'

/** A server that runs in this process, for one test. */
export interface TestServer {
  readonly controller: NamesrvController
  readonly port: number
  /** Of the HTTP server; undefined unless `httpListenPort` is set. */
  readonly httpPort: number | undefined
  readonly time: ManualTime
  readonly lines: LogLine[]
  readonly kvConfigPath: string
  connect(): Promise<RawClient>
}

/** An empty folder that is deleted after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * A server that has not been started; `configStorePath` is its configuration file, which need not be there. With `httpListenPort`
 * set to `any` it has an HTTP server, on a free port. It logs to `lines`, unless it has another logger.
 */
export function createServer(
  properties: Readonly<Record<string, string>> = {},
  otherLogger?: Logger,
): Omit<TestServer, 'port' | 'httpPort' | 'connect'> {
  const homeDirectory = temporaryFolder()
  const kvConfigPath = properties['kvConfigPath'] ?? join(homeDirectory, 'kv', 'kvConfig.json')
  const { configStorePath: path, ...others } = properties
  const all = { bindAddress: '127.0.0.1', listenPort: '0', httpListenPort: '0', ...others, kvConfigPath }
  const { configuration } = Configuration.resolve({
    file: path === undefined ? undefined : { path, bytes: Buffer.from('') },
    args: Object.entries(all)
      .filter(([, value]) => value !== 'any')
      .map(([key, value]) => ({ key, value })),
    homeDirectory,
    processors: 2,
  })
  const time = new ManualTime()
  const { logger, lines } = recordingLogger()
  const httpOnAnyPort = properties['httpListenPort'] === 'any'
  const controller = new NamesrvController({
    configuration,
    logger: otherLogger ?? logger,
    clock: time,
    scheduler: time,
    httpOnAnyPort,
  })
  return { controller, time, lines, kvConfigPath }
}

/** Starts a server on a free port; clients are cut off and the server is stopped when the test is over. */
export async function startServer(
  properties: Readonly<Record<string, string>> = {},
  otherLogger?: Logger,
): Promise<TestServer> {
  const server = createServer(properties, otherLogger)
  const { port, httpPort } = await server.controller.start()
  const clients: RawClient[] = []
  onTestFinished(async () => {
    for (const { socket } of clients) socket.destroy()
    await server.controller.shutdown()
  })
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(port)
    clients.push(client)
    return client
  }
  return { ...server, port, httpPort, connect }
}
