import type { LogThrottle } from '../../common/log-throttle.ts'
import type { Steps } from '../../common/time-slicer.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import type { TopicMiss } from '../../stats/topic-misses.ts'
import { MAX_SIMILAR, type SimilarName, similarToEach } from '../similar-names.ts'
import type { InspectSources } from '../sources.ts'
import { checkBrokers } from './broker-rules.ts'
import { checkDeparted } from './departed-brokers.ts'
import { type Finding, type Observation, Observations } from './finding.ts'
import { compareRules, RULE_IDS, type RuleId, ruleOf, type Severity } from './rules.ts'
import {
  checkAccessFile,
  checkAuditLog,
  checkCertificates,
  checkDisputes,
  checkMisses,
  checkObserved,
  checkPeers,
  checkRates,
  checkRejections,
  oldClients,
  wantedTopics,
} from './server-rules.ts'
import { checkTopics } from './topic-rules.ts'

/** What the rules read. */
export type FindingSources = Omit<InspectSources, 'findings'>

/** How often the rules are evaluated. */
export const EVALUATION_PERIOD_MS = 5_000
/** Connections are many, and clients are not upgraded by the minute. */
const CENSUS_PERIOD_MS = 60_000
/** Brokers register at least this often: then all have had the time to after a start. Their `registerNameServerPeriod` is at most this. */
const REGISTRATION_PERIOD_MS = 60_000
/**
 * After a walk over all topics the next one waits this many times as long as the walk took: at most 2 % of the time is spent on it.
 * For 100,000 topics on two brokers each it takes 40 ms of processor time.
 */
const PAUSE_PER_WALK = 50

/** A rule that holds for a subject, raised or not yet. */
interface State {
  finding: Finding
  /** On the monotonic clock. */
  readonly firstHeldMs: number
  readonly causedMs: number | undefined
  lastHeldMs: number
  isRaised: boolean
}

/** Finds and keeps what is wrong in the routes and at this server. Evaluated periodically, in slices, never by a lookup. */
export class Findings {
  readonly #sources: FindingSources
  readonly #throttle: LogThrottle
  readonly #states = new Map<string, State>()
  /** Of the last walk over all topics, which is repeated only if the tables have changed. */
  #topics = new Observations()
  #topicsRevision = -1
  #nextWalkMs = 0
  /** Names that resemble those of topics which clients look up. */
  #similar: ReadonlyMap<string, readonly SimilarName[]> = new Map()
  /** Of the last census. */
  #clients = new Observations()
  #nextCensusMs = 0
  #counts: ReadonlyMap<string, number> = new Map()
  /** Since when a rule holds for more subjects than are kept, on the monotonic clock. */
  #beyondSinceMs: ReadonlyMap<string, number> = new Map()
  #isEvaluating = false

  constructor(sources: FindingSources, throttle: LogThrottle) {
    this.#sources = sources
    this.#throttle = throttle
  }

  /** What is wrong now: the worst first, then in the order of the rules, then what began first. */
  list(): readonly Finding[] {
    const raised = [...this.#states.values()].filter(({ isRaised }) => isRaised)
    return raised.map(({ finding }) => finding).sort(compareFindings)
  }

  /** How many there are of each rule and severity, those that are too many for {@link list} included. */
  get counts(): readonly { readonly rule: RuleId; readonly severity: Severity; readonly count: number }[] {
    return RULE_IDS.flatMap((rule) =>
      ruleOf(rule).severities.map((severity) => ({
        rule,
        severity,
        count: this.#counts.get(`${rule} ${severity}`) ?? 0,
      })),
    )
  }

  /** Evaluates all rules, unless an evaluation is under way. Rejects only if a rule fails unexpectedly. */
  async evaluate(): Promise<void> {
    if (this.#isEvaluating) return
    this.#isEvaluating = true
    try {
      const { routeInfo } = this.#sources
      const found = new Observations()
      checkCertificates(this.#sources, found)
      checkAccessFile(this.#sources, found)
      checkAuditLog(this.#sources, found)
      checkPeers(this.#sources, found)
      checkObserved(this.#sources, found)
      checkDisputes(this.#sources, found)
      checkRates(this.#sources, found)
      await this.#checkClients()
      const wanted = wantedTopics(this.#sources)
      await this.#findSimilar(wanted.map(({ topic }) => topic))
      await routeInfo.read((view) => this.#checkRoutes(view, wanted, found))
      this.#settle(found)
    } finally {
      this.#isEvaluating = false
    }
  }

  async #checkClients(): Promise<void> {
    const { connections, nowMs, slicer } = this.#sources
    if (nowMs() < this.#nextCensusMs) return
    this.#nextCensusMs = nowMs() + CENSUS_PERIOD_MS
    this.#clients = oldClients(await slicer.run(connections.census()))
  }

  /** Kept for each topic while clients look it up, because the search walks the names of all topics. */
  async #findSimilar(wanted: readonly string[]): Promise<void> {
    const { routeIndex, slicer } = this.#sources
    const known = this.#similar
    const added = wanted.filter((topic) => !known.has(topic))
    const found =
      added.length === 0
        ? []
        : await slicer.run(similarToEach(added, (await routeIndex.get()).topics, MAX_SIMILAR))
    this.#similar = new Map(
      wanted.map((topic) => [topic, known.get(topic) ?? found[added.indexOf(topic)] ?? []]),
    )
  }

  *#checkRoutes(view: RouteView, wanted: readonly TopicMiss[], found: Observations): Steps<void> {
    yield* checkMisses(wanted, (topic) => this.#similar.get(topic) ?? [], view, this.#sources, found)
    checkRejections(view, this.#sources, found)
    yield* checkDeparted(view, this.#sources, found)
    yield* checkBrokers(view, this.#sources, found)
    const { nowMs, routeInfo } = this.#sources
    const startedMs = nowMs()
    if (routeInfo.revision === this.#topicsRevision || startedMs < this.#nextWalkMs) return
    const topics = new Observations()
    yield* checkTopics(view, this.#sources, topics)
    this.#topics = topics
    this.#topicsRevision = routeInfo.revision
    this.#nextWalkMs = nowMs() + PAUSE_PER_WALK * (nowMs() - startedMs)
  }

  #settle(found: Observations): void {
    const nowMs = this.#sources.nowMs()
    const isFilling = nowMs - this.#sources.identity.startedMs < REGISTRATION_PERIOD_MS
    const waits = (rule: RuleId): boolean => isFilling && ruleOf(rule).waitsForBrokers
    const counts = new Map<string, number>()
    const count = (rule: RuleId, severity: Severity, more: number): void => {
      const kind = `${rule} ${severity}`
      counts.set(kind, (counts.get(kind) ?? 0) + more)
    }
    const beyondSinceMs = new Map<string, number>()
    for (const observations of [found, this.#clients, this.#topics]) {
      for (const [key, observed] of observations) if (!waits(observed.rule)) this.#hold(key, observed, nowMs)
      for (const beyond of observations.beyond()) {
        if (waits(beyond.rule)) continue
        const kind = `${beyond.rule} ${beyond.severity}`
        const sinceMs = this.#beyondSinceMs.get(kind) ?? nowMs
        beyondSinceMs.set(kind, sinceMs)
        if (nowMs - sinceMs >= ruleOf(beyond.rule).raiseAfterMs)
          count(beyond.rule, beyond.severity, beyond.count)
      }
    }
    for (const [key, state] of this.#states) {
      if (state.lastHeldMs !== nowMs && !this.#stays(key, state, nowMs)) continue
      if (state.isRaised) count(state.finding.rule, state.finding.severity, 1)
    }
    this.#counts = counts
    this.#beyondSinceMs = beyondSinceMs
  }

  #hold(key: string, { causedMs, ...observed }: Observation, nowMs: number): void {
    const former = this.#states.get(key)
    const known = former?.causedMs === causedMs ? former : undefined
    const sinceMs = known?.finding.sinceMs ?? this.#sources.dateMs()
    const finding = { ...observed, sinceMs }
    const state = known ?? { finding, causedMs, firstHeldMs: nowMs, lastHeldMs: nowMs, isRaised: false }
    const isOtherSeverity = state.finding.severity !== finding.severity
    state.finding = finding
    state.lastHeldMs = nowMs
    this.#states.set(key, state)
    if (state.isRaised && !isOtherSeverity) return
    if (nowMs - state.firstHeldMs < ruleOf(finding.rule).raiseAfterMs) return
    state.isRaised = true
    const { rule, severity, subject, text } = finding
    this.#sources.events.add('finding_raised', subject, `${severity} ${rule}: ${text}`)
    const level = severity === 'info' ? 'info' : 'warn'
    this.#throttle.log(level, 'finding raised', { rule, severity, subject, text })
  }

  /** A rule that does not hold any more. @returns Whether its finding stays for now. */
  #stays(key: string, { finding, isRaised, firstHeldMs, lastHeldMs }: State, nowMs: number): boolean {
    const { rule, severity, subject } = finding
    if (isRaised && nowMs - lastHeldMs < ruleOf(rule).clearAfterMs) return true
    this.#states.delete(key)
    if (!isRaised) return false
    const lastedSeconds = Math.round((nowMs - firstHeldMs) / 1_000)
    this.#sources.events.add('finding_cleared', subject, `${rule}, after ${lastedSeconds} s`)
    this.#throttle.log('info', 'finding cleared', { rule, severity, subject, lastedSeconds })
    return false
  }
}

function compareFindings(a: Finding, b: Finding): number {
  return compareRules(a, b) || a.sinceMs - b.sinceMs || (a.subject < b.subject ? -1 : 1)
}
