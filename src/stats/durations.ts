import { Histogram } from './histogram.ts'

/** Seconds: 50 µs to 1 s. */
export const DURATION_BOUNDS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
]

/** Milliseconds. @see RemotingMetricsManager in apache/rocketmq */
const RPC_BOUNDS_MS = [1, 3, 5, 7, 10, 100, 1_000, 2_000, 3_000]

/** On average one in this many frequent requests is timed. */
const SAMPLING = 64

/** How a request ended, in the words of RIP-46. */
export type RpcResult = 'oneway' | 'success' | 'write_channel_failed'

export interface RpcLatency {
  readonly code: number
  readonly responseCode: number
  readonly result: RpcResult
  readonly milliseconds: Histogram
}

export interface RequestDurationsOptions {
  /** Codes of requests that are supported; all others are one. */
  readonly codes: readonly number[]
  /** The code of the requests of which only some are timed, because they are many and all alike. */
  readonly sampledCode: number
  /** Whether to time every request, and to keep {@link RequestDurations.rpcLatencies}. Default: false. */
  readonly rpcLatencies?: boolean
}

/** How long requests took, from the arrival of their bytes to their queued response. */
export class RequestDurations {
  readonly #sampledCode: number
  readonly #keepsRpcLatencies: boolean
  readonly #byCode: ReadonlyMap<number, Histogram>
  readonly #others = new Histogram(DURATION_BOUNDS)
  readonly #rpcLatencies = new Map<string, RpcLatency>()
  #untilSample = 1
  #random = 1

  constructor({ codes, sampledCode, rpcLatencies = false }: RequestDurationsOptions) {
    this.#byCode = new Map(codes.map((code) => [code, new Histogram(DURATION_BOUNDS)]))
    this.#sampledCode = sampledCode
    this.#keepsRpcLatencies = rpcLatencies
  }

  /** Whether the next request, of this code, is to be timed. */
  isTimed(code: number): boolean {
    if (code !== this.#sampledCode || this.#keepsRpcLatencies) return true
    if (--this.#untilSample > 0) return false
    // Between 33 and 95: a fixed distance might always meet the same request of each batch.
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0
    this.#untilSample = SAMPLING / 2 + 1 + (this.#random >>> 26)
    return true
  }

  add(code: number, responseCode: number, result: RpcResult, milliseconds: number): void {
    const histogram = this.#byCode.get(code) ?? this.#others
    histogram.observe(milliseconds / 1_000)
    if (this.#keepsRpcLatencies) this.#rpcLatencyOf(code, responseCode, result).observe(milliseconds)
  }

  /** Seconds by request code; undefined stands for all codes that are not supported. */
  *entries(): Generator<[code: number | undefined, seconds: Histogram], void, undefined> {
    for (const [code, histogram] of this.#byCode) if (histogram.count > 0) yield [code, histogram]
    if (this.#others.count > 0) yield [undefined, this.#others]
  }

  /** Bounded by the codes that are supported, and by the response codes that this server sends. */
  get rpcLatencies(): Iterable<RpcLatency> {
    return this.#rpcLatencies.values()
  }

  #rpcLatencyOf(requestCode: number, responseCode: number, result: RpcResult): Histogram {
    const code = this.#byCode.has(requestCode) ? requestCode : -1
    const key = `${code} ${responseCode} ${result}`
    let latency = this.#rpcLatencies.get(key)
    if (latency === undefined) {
      latency = { code, responseCode, result, milliseconds: new Histogram(RPC_BOUNDS_MS) }
      this.#rpcLatencies.set(key, latency)
    }
    return latency.milliseconds
  }
}

/** How long the lock of the route tables was waited for, and held, in seconds. */
export class LockDurations {
  readonly wait = { read: new Histogram(DURATION_BOUNDS), write: new Histogram(DURATION_BOUNDS) }
  readonly hold = { read: new Histogram(DURATION_BOUNDS), write: new Histogram(DURATION_BOUNDS) }
}

/** What the server measures of itself. */
export interface Durations {
  readonly requests: RequestDurations
  readonly lock: LockDurations
  /** Lookups through the own port, in seconds. */
  readonly selfProbe: Histogram
}
