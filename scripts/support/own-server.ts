/** This project's daemon as a child process, as it was built, on a free port of the loopback interface. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { memoryMib, type Service, startService } from '../bench/processes.ts'
import { canConnect, freePort } from './ports.ts'

/** The repository. */
export const PROJECT_ROOT = fileURLToPath(new URL('../..', import.meta.url))

const START_LIMIT_MS = 30_000
const POLL_MS = 20

export interface OwnServer {
  readonly port: number
  readonly pid: number
  /** Everything it has logged. */
  log(): string
  /** How it ended, or undefined while it runs. */
  ended(): string | undefined
  /** MiB of memory that are in use. */
  rssMib(): number
  /** Open files and sockets. */
  descriptors(): number
  /** Ends it and removes what it left on the disk. */
  stop(): Promise<void>
}

/**
 * Starts it with nothing on its disk; the log has warnings and worse only.
 * @param properties - More settings, by key.
 * @throws {Error} with its log if it does not take connections in time.
 */
export async function startOwnServer(properties: Readonly<Record<string, string>> = {}): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-own-'))
  const port = await freePort()
  const logFile = join(folder, 'server.log')
  const settings = {
    listenPort: `${port}`,
    httpListenPort: '0',
    bindAddress: '127.0.0.1',
    // Its files are in it.
    'user.home': folder,
    logLevel: 'warn',
    logFormat: 'json',
    ...properties,
  }
  const args = Object.entries(settings).map(([key, value]) => `--${key}=${value}`)
  const service = startService(process.execPath, [join(PROJECT_ROOT, 'bin/mqnamesrv'), ...args], {
    logFile,
    env: { NODE_ENV: 'production' },
  })
  const log = (): string => readFileSync(logFile, 'utf8')
  await takesConnections(port, service, log)
  return {
    port,
    pid: service.pid,
    log,
    ended: service.ended,
    rssMib: () => memoryMib(service.pid).rss,
    descriptors: () => readdirSync(`/proc/${service.pid}/fd`).length,
    stop: async () => {
      await service.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function takesConnections(port: number, service: Service, log: () => string): Promise<void> {
  const endMs = performance.now() + START_LIMIT_MS
  while (!(await canConnect(port))) {
    if (service.ended() !== undefined || performance.now() > endMs) {
      await service.stop()
      throw new Error(`the server did not start (${service.ended()}):\n${log()}`)
    }
    await delay(POLL_MS)
  }
}

/** Log lines of errors that must not happen. */
export function seriousLines(log: string): string[] {
  return log.split('\n').filter((line) => line !== '' && !/^\{"level":"(trace|debug|info|warn)"/.test(line))
}
