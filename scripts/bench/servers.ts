/** The servers that are compared, and the wait for their first right response. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/ports.ts'
import { requireSingleProcess, type Service, startService } from './processes.ts'
import { Code, jsonFrame } from './request-frames.ts'
import { RpcConnection } from './rpc.ts'

/**
 * `limit` is the physical limit, `node` what Node's sockets cost alone, `ours` this project's daemon, `open` the same with the
 * access profile `open`, `java` the published NameServer, `rust` its peer in Rust.
 */
export type ServerName = 'limit' | 'node' | 'ours' | 'open' | 'java' | 'rust'

/** A server that answers. */
export interface Server {
  readonly pid: number
  readonly port: number
  /** Milliseconds from the spawn to the first right response. */
  readonly firstAnswerMs: number
  stop(): Promise<void>
}

const FIRST_ANSWER_LIMIT_MS = 60_000
// Fine beside the 100 ms that a Node process takes to start, and too seldom to take much of its processor.
const POLL_MS = 2
const SCRAPE_PERIOD_MS = 1_000
const MISSES_PER_SCRAPE = 5

// Code 17 is what a NameServer without routes must say; a port that merely accepts connections is not up yet.
const probe = jsonFrame(
  { code: Code.GET_ROUTEINFO_BY_TOPIC, extFields: { topic: 'BenchTopicNobodyHas' } },
  { expectedCode: Code.TOPIC_NOT_EXIST, minBodyBytes: 0 },
)

/**
 * Starts this project's daemon, built in the folder `app`, through its command `bin/mqnamesrv`, on a free loopback port.
 * @param isScraped - Whether it has an HTTP port and a second server as its peer; once a second its metrics are read and topics that it
 * does not have are looked up.
 * @param name - Of its folder in `workDir`.
 * @param access - What its access file says besides its rates.
 */
export async function startOurs(
  app: string,
  workDir: string,
  isScraped: boolean,
  name = 'ours',
  access = '',
): Promise<Server> {
  const port = await freePort()
  const httpPort = isScraped ? await freePort() : 0
  const { home, configFile } = emptyHome(join(workDir, name), port)
  // Its files are found by the user database, whatever HOME says.
  const peer = isScraped ? await startOurs(app, workDir, false, 'peer') : undefined
  // All requests come from one address, as fast as they can.
  const accessFile = join(home, 'access.yml')
  const rates = 'rates: [{ per: address, other: 999999999/s }]\n'
  writeFileSync(accessFile, access + rates, { mode: 0o600 })
  const args = ['-c', configFile, `--user.home=${home}`, `--httpListenPort=${httpPort}`]
  args.push(`--accessFile=${accessFile}`)
  if (peer !== undefined) args.push(`--peers=127.0.0.1:${peer.port}`)
  const server = await startNameServer(join(app, 'bin', 'mqnamesrv'), args, port, {
    logFile: join(home, 'server.log'),
    // The Node that runs the benchmark, and whose version the report names, must be the one that runs the daemon.
    env: {
      ROCKETMQ_HOME: home,
      HOME: home,
      PATH: dirname(process.execPath) + delimiter + process.env['PATH'],
    },
  })
  return peer === undefined ? server : scraped(server, httpPort, peer)
}

/** A server that is scraped once a second until it stops, with a few lookups that miss; a failure ends the benchmark. */
async function scraped(server: Server, httpPort: number, peer: Server): Promise<Server> {
  const connection = await RpcConnection.open(server.port)
  const scrape = async (): Promise<void> => {
    for (let miss = 0; miss < MISSES_PER_SCRAPE; miss++) await connection.call(probe)
    const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`)
    const text = await response.text()
    if (!response.ok) throw new Error(`a scrape got ${response.status}: ${text}`)
  }
  const timer = setInterval(() => void scrape(), SCRAPE_PERIOD_MS)
  return {
    ...server,
    stop: async () => {
      clearInterval(timer)
      connection.close()
      await server.stop()
      await peer.stop()
    },
  }
}

/** Starts the published NameServer from a folder with its jars, on a free loopback port. */
export async function startJava(
  lib: string,
  javaOptions: readonly string[],
  workDir: string,
): Promise<Server> {
  const port = await freePort()
  const { home, configFile } = emptyHome(join(workDir, 'java-home'), port)
  const args = [
    ...javaOptions,
    `-Duser.home=${home}`,
    '-cp',
    join(lib, '*'),
    'org.apache.rocketmq.namesrv.NamesrvStartup',
    '-c',
    configFile,
  ]
  return startNameServer('java', args, port, {
    logFile: join(home, 'server.log'),
    env: { ROCKETMQ_HOME: home },
  })
}

/** Starts the peer in Rust (crate rocketmq-namesrv), on a free loopback port. */
export async function startRust(binary: string, workDir: string): Promise<Server> {
  const port = await freePort()
  const { home, configFile } = emptyHome(join(workDir, 'rust-home'), port)
  const args = ['-c', configFile, '--listenPort', String(port), '--bindAddress', '127.0.0.1']
  return startNameServer(binary, [...args, '--rocketmqHome', home, '--log-filter', 'warn'], port, {
    logFile: join(home, 'server.log'),
    env: { ROCKETMQ_HOME: home, HOME: home },
  })
}

/** Starts the C server that only answers. */
export function startLimit(binary: string, answer: ReadyAnswer, workDir: string): Promise<Server> {
  return startAnswering(binary, [], answer, join(workDir, 'limit'))
}

/** Starts the server in Node that only answers. */
export function startNodeLimit(answer: ReadyAnswer, workDir: string): Promise<Server> {
  const program = fileURLToPath(new URL('limit-node.ts', import.meta.url))
  return startAnswering(process.execPath, ['--import', 'tsx', program], answer, join(workDir, 'limit-node'))
}

/** What a server that only answers says to everything. */
interface ReadyAnswer {
  readonly code: number
  readonly body: Buffer
}

async function startAnswering(
  command: string,
  args: readonly string[],
  answer: ReadyAnswer,
  files: string,
): Promise<Server> {
  const logFile = `${files}.log`
  const bodyFile = `${files}-body`
  writeFileSync(bodyFile, answer.body)
  const startedMs = performance.now()
  const service = startService(command, [...args, bodyFile, String(answer.code)], { logFile })
  for (;;) {
    const port = /^port (\d+)$/m.exec(readFileSync(logFile, 'utf8'))?.[1]
    const elapsedMs = performance.now() - startedMs
    if (port !== undefined) {
      return { pid: service.pid, port: Number(port), firstAnswerMs: elapsedMs, stop: service.stop }
    }
    if (service.ended() !== undefined || elapsedMs > FIRST_ANSWER_LIMIT_MS) throw notUp(service, logFile)
    await delay(POLL_MS)
  }
}

async function startNameServer(
  command: string,
  args: readonly string[],
  port: number,
  options: { logFile: string; env: NodeJS.ProcessEnv },
): Promise<Server> {
  const startedMs = performance.now()
  const service = startService(command, args, options)
  for (;;) {
    const answered = await firstAnswer(port)
    const elapsedMs = performance.now() - startedMs
    if (service.ended() !== undefined) throw notUp(service, options.logFile)
    if (answered) {
      requireSingleProcess(service.pid)
      return { pid: service.pid, port, firstAnswerMs: elapsedMs, stop: service.stop }
    }
    if (elapsedMs > FIRST_ANSWER_LIMIT_MS) {
      await service.stop()
      throw notUp(service, options.logFile)
    }
    await delay(POLL_MS)
  }
}

/** True when the port gives the right response; false when nothing listens there yet. A wrong response throws. */
async function firstAnswer(port: number): Promise<boolean> {
  let connection: RpcConnection
  try {
    connection = await RpcConnection.open(port)
  } catch {
    return false
  }
  try {
    await connection.call(probe)
    return true
  } finally {
    connection.close()
  }
}

function notUp(service: Service, logFile: string): Error {
  const log = readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n')
  return new Error(
    `the server did not come up (${service.ended() ?? 'no response'}); its last output:\n${log}`,
  )
}

/** A folder for logs and stores that earlier runs left nothing in, with a configuration file. */
function emptyHome(home: string, port: number): { home: string; configFile: string } {
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  const configFile = join(home, 'namesrv.conf')
  writeFileSync(configFile, `bindAddress=127.0.0.1\nlistenPort=${port}\n`)
  return { home, configFile }
}
