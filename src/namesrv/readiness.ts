import type { Health, HealthCheck } from '../inspect/sources.ts'
import type { NamesrvContext } from './namesrv-context.ts'

/** How often readiness is looked at, so that its changes become events. */
const CHECK_INTERVAL_MS = 1_000

/** Whether clients may be sent to this server. */
export class Readiness implements Health {
  readonly #context: NamesrvContext
  readonly #isProvisional: () => boolean
  readonly #checks: { readonly name: string; readonly problem: () => string | undefined }[]
  #phase: 'starting' | 'serving' | 'shutting down' = 'starting'
  readonly #createdMs: number
  #wasReady = false
  #endChecks: (() => void) | undefined

  /** @param isProvisional - Whether routes of a snapshot are served that brokers have not confirmed. */
  constructor(context: NamesrvContext, isProvisional: () => boolean) {
    this.#context = context
    this.#isProvisional = isProvisional
    this.#createdMs = context.clock.nowMs()
    this.#checks = [
      {
        name: 'startup',
        problem: () => (this.#phase === 'starting' ? 'the state is being loaded' : undefined),
      },
      {
        name: 'shutdown',
        problem: () => (this.#phase === 'shutting down' ? 'the server is shutting down' : undefined),
      },
      { name: 'waitForService', problem: () => this.#waitProblem() },
    ]
  }

  get ready(): boolean {
    return this.checks().every(({ problem }) => problem === undefined)
  }

  get provisional(): boolean {
    return this.#isProvisional()
  }

  checks(): readonly HealthCheck[] {
    return this.#checks.map(({ name, problem }) => ({ name, problem: problem() }))
  }

  /** Adds a condition; `problem` returns why it does not hold. */
  add(name: string, problem: () => string | undefined): void {
    this.#checks.push({ name, problem })
  }

  /** The server serves from now on. */
  onStarted(): void {
    if (this.#phase === 'starting') this.#phase = 'serving'
    this.#update()
    this.#endChecks = this.#context.scheduler.every(CHECK_INTERVAL_MS, () => this.#update())
  }

  onShutdown(): void {
    this.#phase = 'shutting down'
    this.#endChecks?.()
    this.#update()
  }

  #update(): void {
    const problems = this.checks().flatMap(({ problem }) => problem ?? [])
    const isReady = problems.length === 0
    if (isReady === this.#wasReady) return
    this.#wasReady = isReady
    this.#context.events.add(isReady ? 'ready' : 'not_ready', '', problems.join('; '))
  }

  /** @see ClientRequestProcessor, which rejects lookups for this time */
  #waitProblem(): string | undefined {
    const { configuration, clock } = this.#context
    const { needWaitForService, waitSecondsForService, clusterTest } = configuration.values
    if (!needWaitForService || clusterTest) return undefined
    const leftMs = this.#createdMs + waitSecondsForService * 1_000 - clock.nowMs()
    if (leftMs <= 0) return undefined
    return `lookups are rejected for another ${Math.ceil(leftMs / 1_000)} s (waitSecondsForService)`
  }
}
