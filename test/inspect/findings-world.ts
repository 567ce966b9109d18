import { profilePolicy } from '../../src/access/profiles.ts'
import { hostOf } from '../../src/common/host-of.ts'
import { LogThrottle } from '../../src/common/log-throttle.ts'
import { takeCensus } from '../../src/inspect/connections/census.ts'
import type { Finding } from '../../src/inspect/findings/finding.ts'
import { type FindingSources, Findings } from '../../src/inspect/findings/findings.ts'
import { RegistrationDisputes } from '../../src/inspect/history/registration-disputes.ts'
import { RouteHistory } from '../../src/inspect/history/route-history.ts'
import { RouteIndexCache } from '../../src/inspect/route-index.ts'
import type { Registration } from '../../src/routeinfo/registration.ts'
import { Counters } from '../../src/stats/counters.ts'
import { RecentEvents } from '../../src/stats/recent-events.ts'
import { TopicMisses } from '../../src/stats/topic-misses.ts'
import {
  managerWith,
  type NamedTopicConfig,
  openChannel,
  registration,
  tableOf,
  topicConfig,
  wholeSlicer,
} from '../routeinfo/route-helpers.ts'
import { recordingLogger } from '../support/recording-logger.ts'

/** A broker as a test describes it. */
export interface Broker extends Partial<Omit<Registration, 'topicConfigTable'>> {
  /** `host:port` of its connection. Default: from its announced address. */
  readonly from?: string
  readonly topics?: Readonly<Record<string, Partial<NamedTopicConfig>>>
}

const START_MS = 1_000_000
const DATE_MS = Date.parse('2026-11-28T12:00:00Z')

/** Routes and what else findings are made from, on a clock that the test moves. */
export function findingsWorld(given: Partial<FindingSources> = {}) {
  let nowMs = START_MS
  const history = new RouteHistory(() => nowMs)
  const disputes = new RegistrationDisputes(() => nowMs)
  const { manager } = managerWith('whole', {
    onEvent: (event) => history.onRouteEvent(event),
    guard: { mode: 'log', onDispute: (dispute) => void disputes.add(dispute) },
  })
  const { logger, lines } = recordingLogger()
  const dateMs = (): number => DATE_MS + nowMs - START_MS
  const events = new RecentEvents(1_000, dateMs)
  const misses = new TopicMisses(64, dateMs)
  const sources = {
    identity: { version: '1', nodeId: 'n', bootId: 'b', startedMs: START_MS },
    routeInfo: manager,
    counters: new Counters(),
    events,
    slicer: wholeSlicer(),
    nowMs: () => nowMs,
    dateMs,
    suspicionOf: () => undefined,
    history,
    disputes,
    misses,
    routeIndex: new RouteIndexCache(manager, wholeSlicer()),
    comparableConfig: () => new Map(),
    peers: { list: () => [] },
    connections: { census: () => takeCensus([]) },
    certificates: () => [],
    auditProblem: () => undefined,
    rates: () => [],
    access: () => ({
      policy: profilePolicy('default'),
      file: undefined,
      problems: [],
      loadedMs: 0,
      reloads: { ok: 0, failed: 0 },
    }),
    ...given,
  } as unknown as FindingSources
  const findings = new Findings(
    sources,
    new LogThrottle({ logger, nowMs: () => nowMs, after: () => () => {} }),
  )
  let channelId = 0
  return {
    manager,
    history,
    misses,
    findings,
    events,
    lines,
    /** Registers a broker; by default a master at 10.0.0.1 that registers from its own address. */
    async register({ from, topics, ...broker }: Broker = {}): Promise<void> {
      const brokerAddr = broker.brokerAddr ?? '10.0.0.1:10911'
      const brokerName = broker.brokerName ?? 'broker-a'
      const peer = from ?? `${brokerAddr.slice(0, brokerAddr.lastIndexOf(':'))}:40000`
      const all = { TBW102: {}, [brokerName]: { perm: 7 }, Orders: {}, ...topics }
      const configs = Object.entries(all).map(([name, queues]) => [name, topicConfig(name, queues)] as const)
      channelId++
      const generation = manager.queue.nextGeneration()
      await manager.registerBroker(
        registration({
          channelId,
          nowMs,
          dataVersion: { counter: BigInt(generation), stateVersion: 0n, timestamp: 1n },
          ...broker,
          brokerAddr,
          brokerName,
          peer,
          owner: hostOf(peer),
          isLoopback: false,
          generation,
          topicConfigTable: tableOf(new Map(configs)),
        }),
        false,
        openChannel(channelId),
      )
    },
    /** Evaluates after time has passed, by default when all brokers have had the time to register. @returns What is found. */
    async evaluate({ afterMs = 61_000, heartbeats = true } = {}): Promise<readonly Finding[]> {
      nowMs += afterMs
      const live = manager.scanNotActiveBroker(Number.POSITIVE_INFINITY)
      if (heartbeats) for (const each of live) manager.touch(each.clusterName, each.brokerAddr, nowMs)
      await findings.evaluate()
      return findings.list()
    },
  }
}
