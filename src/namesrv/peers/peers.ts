import { LimitError } from '../../common/limit-error.ts'
import { cutText } from '../../common/log-throttle.ts'
import { COMPARABLE_KEYS, type Difference } from '../../inspect/compare/differences.ts'
import type { PeerDifference, PeerState } from '../../inspect/peers-view.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import { RemotingClientError } from '../../remoting/errors.ts'
import type { Configuration } from '../config/configuration.ts'
import { addressesOf } from '../config/inspect-config-keys.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { type ComparedState, type Comparison, PeerComparison } from './peer-comparison.ts'

/** Two registrations of a broker: a difference that lasts longer does not settle. */
const SETTLING_MS = 60_000
/** Lookups of a peer without digests, on average. */
const LOOKUPS_PER_SECOND = 100
/** Beyond this many topics a peer without digests is compared less often. */
const MANY_TOPICS = 5_000
/** Max lookups of one comparison. */
const MAX_LOOKUPS = 10_000
/** A peer that does not respond is asked after up to this many intervals. */
const MAX_BACKOFF = 6

/** Compares with one other NameServer. @see PeerComparison */
export type Comparing = Pick<PeerComparison, 'address' | 'compare' | 'listedTopics'>

interface Peer {
  readonly comparison: Comparing
  state: PeerState
  /** When each difference was first seen. */
  seenMs: Map<string, number>
  failures: number
  /** When its last comparison began. */
  askedMs: number
}

/**
 * Other NameServers, each compared from time to time with the one whose views show the result, one after the other. That changes
 * nothing: NameServers do not depend on each other.
 */
export class Peers {
  readonly #context: NamesrvContext
  readonly #random: () => number
  readonly #peers: readonly Peer[]
  /** The comparison under way, after those that wait. */
  #turn = Promise.resolve()
  #cancel = new Set<() => void>()
  #isStopped = false

  /** @param random - From 0 to 1: spreads the comparisons. */
  constructor(context: NamesrvContext, comparisons: readonly Comparing[], random = Math.random) {
    const nowMs = context.clock.nowMs()
    const state = {
      isUp: false,
      verdict: 'unknown',
      sinceMs: nowMs,
      reason: 'not compared yet',
      comparedMs: null,
    } as const
    this.#context = context
    this.#random = random
    this.#peers = comparisons.map((comparison) => ({
      comparison,
      state: { address: comparison.address, ...state, differences: [] },
      seenMs: new Map(),
      failures: 0,
      askedMs: nowMs,
    }))
  }

  list(): readonly PeerState[] {
    return this.#peers.map(({ state }) => state)
  }

  start(): void {
    for (const peer of this.#peers) this.#schedule(peer, this.#intervalMs * this.#random())
  }

  stop(): void {
    this.#isStopped = true
    for (const cancel of this.#cancel) cancel()
  }

  get #intervalMs(): number {
    return this.#context.configuration.values.peersIntervalMillis
  }

  #schedule(peer: Peer, delayMs: number): void {
    if (this.#isStopped) return
    const cancel = this.#context.scheduler.after(delayMs, () => {
      this.#cancel.delete(cancel)
      this.#turn = this.#turn
        .then(() => this.#compare(peer))
        .catch((error: Error) => this.#context.logger.error(error, 'comparison with a peer failed'))
        .finally(() => this.#schedule(peer, this.#delayMs(peer)))
    })
    this.#cancel.add(cancel)
  }

  async #compare(peer: Peer): Promise<void> {
    if (this.#isStopped) return
    const { clock } = this.#context
    const { comparison, askedMs } = peer
    peer.askedMs = clock.nowMs()
    const lookups = Math.ceil(((peer.askedMs - askedMs) / 1_000) * LOOKUPS_PER_SECOND)
    try {
      const result = await comparison.compare(Math.min(MAX_LOOKUPS, lookups))
      peer.failures = 0
      this.#show(peer, judged(peer, result, clock.nowMs()))
    } catch (error) {
      if (this.#isStopped) return
      peer.failures++
      this.#show(peer, unknown(peer, error as Error, clock.nowMs()))
    }
  }

  #delayMs({ failures, comparison }: Peer): number {
    const intervals = failures > 0 ? Math.min(MAX_BACKOFF, 1 + failures) : sizeFactor(comparison.listedTopics)
    return this.#intervalMs * intervals * (0.9 + 0.2 * this.#random())
  }

  /** Stores the state; a change of the verdict is an event and a log line. */
  #show(peer: Peer, state: PeerState): void {
    const { events, throttle } = this.#context
    const before = peer.state.verdict
    peer.state = state
    const { address, verdict, reason, differences } = state
    if (before === verdict) return
    const [first] = differences
    const difference = first === undefined ? undefined : textOf(first)
    const detail = verdict === 'unknown' ? reason : difference
    events.add('peer_verdict', address, detail == null ? verdict : `${verdict}: ${detail}`, { address })
    const level = verdict === 'agrees' || verdict === 'settling' ? 'info' : 'warn'
    const fields = { peer: address, verdict, before, reason, differences: differences.length, difference }
    throttle.log(level, 'peer verdict changed', fields)
  }
}

/** A difference counts once it has been the same for {@link SETTLING_MS}, whatever else changes in the meantime. */
function judged(peer: Peer, { differences, reason, isMoved }: Comparison, nowMs: number): PeerState {
  const list = differences.list.map(asPeerDifference)
  const { state, seenMs } = peer
  const areNew = !list.some((each) => seenMs.has(keyOf(each)))
  peer.seenMs = new Map(list.map((each) => [keyOf(each), seenMs.get(keyOf(each)) ?? nowMs]))
  // The next comparison tells whether they are due to changes in the meantime.
  if (isMoved && areNew && list.length > 0 && state.verdict === 'agrees')
    return { ...state, isUp: true, reason, comparedMs: nowMs }
  const common = { address: state.address, isUp: true, reason, comparedMs: nowMs, differences: list }
  if (list.length === 0)
    return { ...common, verdict: 'agrees', sinceMs: state.verdict === 'agrees' ? state.sinceMs : nowMs }
  const sinceMs = Math.min(...peer.seenMs.values())
  return { ...common, verdict: nowMs - sinceMs > SETTLING_MS ? 'diverged' : 'settling', sinceMs }
}

function asPeerDifference({
  kind,
  subject,
  values: [here = null, there = null],
}: Difference): PeerDifference {
  return { kind, subject, here, there }
}

function unknown({ state }: Peer, error: Error, nowMs: number): PeerState {
  return {
    address: state.address,
    // Too many requests of our own tell nothing of the peer.
    isUp: error instanceof LimitError ? state.isUp : !(error instanceof RemotingClientError),
    verdict: 'unknown',
    sinceMs: state.verdict === 'unknown' ? state.sinceMs : nowMs,
    reason: cutText(error.message),
    comparedMs: nowMs,
    differences: [],
  }
}

/** How many intervals lie between two comparisons with a peer that lists this many topics. @see Consul's scaling of anti-entropy */
function sizeFactor(topics: number): number {
  return topics <= MANY_TOPICS ? 1 : 1 + Math.ceil(Math.log2(topics / MANY_TOPICS))
}

function keyOf({ kind, subject, here, there }: PeerDifference): string {
  return JSON.stringify([kind, subject, here, there])
}

function textOf({ kind, subject, here, there }: PeerDifference): string {
  return `${kind} ${subject}: here ${here ?? 'missing'}, there ${there ?? 'missing'}`
}

/** The comparisons with the NameServers of `peers`. */
export function comparisonsOf(
  { configuration, slicer }: NamesrvContext,
  client: Pick<RemotingClient, 'createRequest' | 'invoke'>,
  own: ComparedState,
): PeerComparison[] {
  const addresses = new Set(addressesOf(configuration.values.peers))
  return [...addresses].map((address) => new PeerComparison(address, client, own, slicer))
}

/** The values of the keys in which peers are compared. */
export function comparableConfig({ values }: Configuration): ReadonlyMap<string, string> {
  return new Map(COMPARABLE_KEYS.map((key) => [key, `${values[key]}`]))
}
