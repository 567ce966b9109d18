/** A run: case after case through the decoders and over sockets, until there have been enough. */
import { setTimeout as delay } from 'node:timers/promises'
import { Line } from '../support/line.ts'
import { type OwnServer, seriousLines, startOwnServer } from '../support/own-server.ts'
import { caseOf, type FuzzCase } from './cases.ts'
import { type Prediction, runDecoders } from './decoders.ts'
import { HonestClient, type Transport } from './honest-client.ts'
import { MemoryWatch } from './memory-watch.ts'
import { playCase } from './peer.ts'

export interface RunOptions {
  readonly seed: number
  /** Enough frames; the decoders' alone if there is no server. */
  readonly frames: number
  /** Enough time, whatever the number of frames. */
  readonly seconds: number
  /** One case alone, instead of the first and those after it. */
  readonly only: number | undefined
  /** False for the decoders alone. */
  readonly sockets: boolean
  /** Told of the progress now and then. */
  readonly onProgress: (line: string) => void
}

export interface Failure {
  readonly error: Error
  /** The case that failed, if it was one. */
  readonly failed?: FuzzCase | undefined
}

export interface RunResult {
  readonly failures: readonly Failure[]
  readonly cases: number
  readonly frames: number
  /** Empty without a server. */
  readonly summary: string
}

const GET_BROKER_CLUSTER_INFO = 106

/** Connections at a time. */
const CONNECTIONS = 48
/** More failures of one run teach nothing. */
const MOST_FAILURES = 5
const PROGRESS_MS = 10_000
/** Time for the last connections to be noticed as closed. */
const SETTLE_MS = 10_000

/** A fuzzed update of the configuration must not lead to outgoing connections, or to refusing everybody. */
const SETTINGS = {
  // More requests of one address than others may send.
  accessProfile: 'open',
  configBlackList:
    'needWaitForService;waitSecondsForService;notifyMinBrokerIdChanged;serverChannelMaxIdleTimeSeconds;enableShutdownGracefully',
  // The honest broker's answer is to be known; what is fuzzed is put into the table of ordered topics, too.
  returnOrderTopicConfigToBroker: 'false',
  // Full early, so that what grows after that is a leak.
  registrationMemoryMaxBytes: '4194304',
  encodedRouteMaxBytes: '4194304',
}

/** The same server takes both. */
const HONEST: readonly Transport[] = ['plain', 'tls']

/** How many brokers are still to be found; each honest client has one. */
async function brokersWithAddresses(port: number): Promise<number> {
  const line = await Line.open(port, '127.0.0.1', () => {})
  const { bytes } = await line.ask({ code: GET_BROKER_CLUSTER_INFO, fields: {} })
  line.close()
  return bytes.toString().match(/"brokerAddrs":\{[^}]/g)?.length ?? 0
}

export class FuzzRun {
  readonly #options: RunOptions
  readonly #failures: Failure[] = []
  readonly #startedMs = performance.now()
  #nextIndex = 0
  #cases = 0
  #frames = 0

  constructor(options: RunOptions) {
    this.#options = options
    this.#nextIndex = options.only ?? 0
  }

  async run(): Promise<RunResult> {
    const timer = setInterval(() => this.#options.onProgress(this.#progress()), PROGRESS_MS)
    try {
      const summary = this.#options.sockets ? await this.#overSockets() : await this.#decodersAlone()
      return { failures: this.#failures, cases: this.#cases, frames: this.#frames, summary }
    } finally {
      clearInterval(timer)
    }
  }

  get #isOver(): boolean {
    const { frames, seconds, only } = this.#options
    if (only !== undefined && this.#nextIndex > only) return true
    if (this.#failures.length >= MOST_FAILURES || this.#frames >= frames) return true
    return performance.now() - this.#startedMs >= seconds * 1_000
  }

  #progress(): string {
    const seconds = (performance.now() - this.#startedMs) / 1_000
    return `${this.#frames} frames in ${this.#cases} cases, ${Math.round(this.#frames / seconds)} frames/s`
  }

  async #decodersAlone(): Promise<string> {
    while (!this.#isOver) {
      this.#decode(caseOf(this.#options.seed, this.#nextIndex++))
      if (this.#cases % 100 === 0) await new Promise(setImmediate)
    }
    return ''
  }

  async #overSockets(): Promise<string> {
    const server = await startOwnServer(SETTINGS)
    try {
      const honest = await Promise.all(HONEST.map((transport) => this.#honest(server.port, transport)))
      // Only their connections are open now; at the end it must be the same.
      const watch = new MemoryWatch(server)
      await Promise.all(Array.from({ length: CONNECTIONS }, () => this.#playCases(server)))
      watch.stop()
      const stray = await this.#strayAtTheEnd(server, watch)
      const brokers = server.ended() === undefined ? await brokersWithAddresses(server.port) : 0
      for (const client of honest) client.stop()
      const left = brokers - HONEST.length
      if (left > 0) this.#fail(new Error(`${left} brokers are left whose connections have closed`))
      this.#judge(server, watch, stray)
      const { second, last } = watch.quarters
      return (
        `honest clients: ${honest.map(({ answers }) => answers).join(' (plain) and ')} (TLS) right responses, ` +
        `the slowest took ${Math.max(...honest.map(({ slowestMs }) => slowestMs)).toFixed()} ms; ` +
        `memory: ${second.toFixed()} MiB in the second quarter, ${last.toFixed()} MiB in the last; ` +
        `${stray} connections left over`
      )
    } finally {
      await server.stop()
    }
  }

  #honest(port: number, transport: Transport): Promise<HonestClient> {
    return HonestClient.start(port, transport, (error) => {
      this.#fail(new Error(`the honest client (${transport}): ${error.message}`, { cause: error }))
    })
  }

  async #playCases(server: OwnServer): Promise<void> {
    while (!this.#isOver && server.ended() === undefined) {
      const next = caseOf(this.#options.seed, this.#nextIndex++)
      const decoded = this.#decode(next)
      if (decoded === undefined) continue
      try {
        await playCase(server.port, next, decoded.prediction)
      } catch (error) {
        this.#fail(error as Error, next)
      }
    }
  }

  /** @returns Undefined if the decoders have failed. */
  #decode(next: FuzzCase): { readonly prediction: Prediction | undefined } | undefined {
    const { bytes, framesAt, cuts } = next
    this.#cases++
    if (framesAt === undefined) {
      this.#frames++
      return { prediction: undefined }
    }
    try {
      const prediction = runDecoders(
        bytes.subarray(framesAt),
        cuts.filter((cut) => cut > framesAt).map((cut) => cut - framesAt),
      )
      this.#frames += prediction.commands.length + (prediction.closes ? 1 : 0)
      return { prediction }
    } catch (error) {
      this.#fail(error as Error, next)
      return undefined
    }
  }

  async #strayAtTheEnd(server: OwnServer, watch: MemoryWatch): Promise<number> {
    const endMs = performance.now() + SETTLE_MS
    while (server.ended() === undefined && watch.strayDescriptors > 0 && performance.now() < endMs)
      await delay(100)
    return server.ended() === undefined ? watch.strayDescriptors : 0
  }

  #judge(server: OwnServer, watch: MemoryWatch, stray: number): void {
    const ended = server.ended()
    if (ended !== undefined)
      this.#fail(new Error(`the server has ended: ${ended}\n${server.log().slice(-4_000)}`))
    for (const line of seriousLines(server.log()).slice(0, MOST_FAILURES)) {
      this.#fail(new Error(`the server logged: ${line}`))
    }
    if (stray > 0) this.#fail(new Error(`${stray} connections or files are open that should be closed`))
    if (watch.leak !== undefined) this.#fail(new Error(watch.leak))
  }

  #fail(error: Error, failed?: FuzzCase): void {
    this.#failures.push({ error, failed })
  }
}
