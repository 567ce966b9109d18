import { MQVersion } from '../../protocol/remoting-command.ts'
import { versionName } from '../../protocol/version-name.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import type { TopicMiss } from '../../stats/topic-misses.ts'
import { mqadmin } from '../commands.ts'
import type { Census } from '../connections/census.ts'
import type { RouteHistory } from '../history/route-history.ts'
import { dateOf, isoTime } from '../sources.ts'
import { Observations } from './finding.ts'
import type { FindingSources } from './findings.ts'
import { isInternalTopic } from './topic-rules.ts'

const DAY_MS = 86_400_000

export function checkCertificate({ certificate, dateMs }: FindingSources, found: Observations): void {
  const inEffect = certificate()
  if (inEffect === undefined) return
  const leftMs = inEffect.notAfterMs - dateMs()
  if (leftMs > 14 * DAY_MS) return
  found.add('certificate_expires', leftMs > 3 * DAY_MS ? 'warning' : 'critical', inEffect.path, () => {
    const notAfter = isoTime(inEffect.notAfterMs)
    const when = leftMs <= 0 ? `expired on ${notAfter}` : `expires on ${notAfter}`
    return {
      text: `The TLS certificate in ${inEffect.path} ${when}; clients that verify it will reject it. Replace it and its key: they are read again without a restart.`,
      evidence: { notAfter, daysLeft: Math.floor(leftMs / DAY_MS) },
    }
  })
}

/** Brokers and topics that other NameServers lack, and other differences from them. */
export function checkPeers(sources: FindingSources, found: Observations): void {
  for (const peer of sources.peers.list()) {
    if (peer.verdict !== 'diverged') continue
    const missing = peer.differences.filter(
      ({ kind }) => kind === 'broker_missing' || kind === 'topic_missing',
    )
    // With a broker its topics are missing, too.
    const brokers = missing.filter(({ kind, there }) => kind === 'broker_missing' && there === null)
    const there = brokers.length > 0 ? brokers : missing.filter((difference) => difference.there === null)
    for (const { kind, subject, here } of there) {
      found.add('missing_on_peer', 'critical', `${subject} on ${peer.address}`, () => {
        const advice =
          kind === 'broker_missing'
            ? "Add that server to the broker's namesrvAddr, and see whether the broker reaches it."
            : 'See whether it was deleted at that server only, or is registered by a broker that does not reach it.'
        return {
          text: `${subject} is missing at the NameServer ${peer.address}: clients that use it do not find it. ${advice}`,
          evidence: { peer: peer.address, here: here ?? '', since: dateOf(peer.sinceMs, sources) },
        }
      })
    }
    const lacking = missing.find(({ here }) => here === null)?.subject
    found.add('peer_diverged', lacking === undefined ? 'warning' : 'critical', peer.address, () => {
      const { differences, address, sinceMs } = peer
      const shown = differences.map(
        ({ kind, subject, here, there }) =>
          `${kind} ${subject}: ${here ?? 'missing'} here, ${there ?? 'missing'} there`,
      )
      const effect =
        lacking === undefined
          ? 'clients get other responses there'
          : `clients of this server do not find ${lacking}`
      return {
        text: `The NameServer ${address} and this one differ (${differences.length} differences): ${effect}. Let every broker register with both (namesrvAddr), and repeat at one what an operator did at the other.`,
        evidence: { since: dateOf(sinceMs, sources), differences: shown },
      }
    })
  }
}

/** Java clients that need the former dialect of JSON. The versions of other languages are numbers of their own. */
export function oldClients({ clients }: Census): Observations {
  const found = new Observations()
  for (const { kind, language, version, versionName: release, connections, hosts } of clients) {
    if (kind !== 'client' || language !== 'JAVA' || version >= MQVersion.V4_9_4) continue
    found.add('old_clients', 'info', `${language} ${release}`, () => ({
      text: `${connections} connections are of Java clients of ${release}, from ${hosts.join(', ')}. Upgrade them to 4.9.4 or later.`,
      evidence: { connections, hosts },
    }))
  }
  return found
}

/** Clients ask for a topic every 30 s; a single lookup, or those of a client that has stopped, need no attention. */
const MIN_LOOKUPS = 3
const MIN_ASKED_MS = 30_000
const MAX_UNASKED_MS = 300_000
/** The topic that producers ask for when another one has no route: then that one is the finding. */
const AUTO_CREATE_TOPIC = 'TBW102'

export function checkMisses(view: RouteView, sources: FindingSources, found: Observations): void {
  const { misses, history, dateMs, nowMs } = sources
  for (const miss of misses.list()) {
    const { topic, count, overestimate, firstSeenMs, lastSeenMs, routeSinceMs } = miss
    if (routeSinceMs !== undefined || topic === AUTO_CREATE_TOPIC) continue
    if (count - overestimate < MIN_LOOKUPS || lastSeenMs - firstSeenMs < MIN_ASKED_MS) continue
    if (dateMs() - lastSeenMs > MAX_UNASKED_MS) continue
    const removal = lastRemoval(topic, history)
    const existed = removal !== undefined && nowMs() - removal.atMs < DAY_MS
    const severity = isInternalTopic(topic) ? 'info' : existed ? 'critical' : 'warning'
    found.add('no_route', severity, topic, () => missDetails(miss, removal, view, sources))
  }
}

/** How a topic lost its route, as the end of a sentence, and whether to create it again is what fixes it. */
interface Removal {
  readonly atMs: number
  readonly how: string
  readonly isDeleted: boolean
}

function lastRemoval(topic: string, history: RouteHistory): Removal | undefined {
  const deletion = history.topicDeletion(topic)
  const removal = history.topicRemovals(topic).at(-1)
  if (deletion !== undefined && deletion.atMs >= (removal?.atMs ?? 0))
    return { atMs: deletion.atMs, how: `was deleted by ${deletion.by}`, isDeleted: true }
  if (removal === undefined) return undefined
  const { atMs, cause, brokerName, brokerAddr } = removal
  const broker = `${brokerName} at ${brokerAddr}`
  return cause === 'dropped'
    ? { atMs, how: `was no longer in a registration of ${broker}`, isDeleted: true }
    : { atMs, how: `left with ${broker} (${cause})`, isDeleted: false }
}

function missDetails(
  { topic, count, overestimate, firstSeenMs, lastSeenMs, askers }: TopicMiss,
  removal: Removal | undefined,
  view: RouteView,
  sources: FindingSources,
) {
  const lookups = count - overestimate
  const past =
    removal === undefined
      ? 'nothing is known of a former route'
      : `it ${removal.how} on ${dateOf(removal.atMs, sources)}`
  const advice =
    removal?.isDeleted === false
      ? 'Start that broker again.'
      : 'Create the topic, or correct its name in the clients.'
  const [cluster, ...others] = view.clusters().keys()
  const canCreate = cluster !== undefined && others.length === 0 && removal?.isDeleted !== false
  return {
    text: `${topic} has no route: clients have asked for it ${lookups} times since ${isoTime(firstSeenMs)}; ${past}. ${advice}`,
    evidence: {
      lookups,
      lastLookup: isoTime(lastSeenMs),
      askers: askers.map(
        ({ address, language, version }) => `${address} ${language} ${versionName(version)}`,
      ),
    },
    command: canCreate ? mqadmin('updateTopic', { t: topic, c: cluster, r: 8, w: 8 }) : null,
  }
}
