/** The server's memory and open files over time: both must stay where they are once it is warm. */
import type { OwnServer } from '../support/own-server.ts'

const SAMPLE_MS = 500
/** Fewer samples say nothing: the server is not warm yet. */
const LEAST_SAMPLES = 60
/** What a garbage collector may be late by. */
const TOLERANCE_MIB = 32
const TOLERANCE_SHARE = 0.15

export class MemoryWatch {
  readonly #server: OwnServer
  readonly #samples: number[] = []
  readonly #timer: NodeJS.Timeout
  readonly #descriptors: number

  constructor(server: OwnServer) {
    this.#server = server
    this.#descriptors = server.descriptors()
    this.#timer = setInterval(() => {
      if (server.ended() === undefined) this.#samples.push(server.rssMib())
    }, SAMPLE_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Connections and files that are open beyond those at the beginning. */
  get strayDescriptors(): number {
    return this.#server.descriptors() - this.#descriptors
  }

  /** Median memory in the second and in the last quarter of the time, MiB. */
  get quarters(): { readonly second: number; readonly last: number } {
    const quarter = Math.floor(this.#samples.length / 4)
    return {
      second: median(this.#samples.slice(quarter, 2 * quarter)),
      last: median(this.#samples.slice(-Math.max(1, quarter))),
    }
  }

  /** What is wrong with it, or undefined. */
  get leak(): string | undefined {
    const { second, last } = this.quarters
    if (this.#samples.length < LEAST_SAMPLES) return undefined
    if (last <= second * (1 + TOLERANCE_SHARE) + TOLERANCE_MIB) return undefined
    return `the server's memory grows: ${second.toFixed()} MiB in the second quarter of the run, ${last.toFixed()} MiB in the last`
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}
