import { counted } from '../../common/counted.ts'
import { hostOf } from '../../common/host-of.ts'
import { isoTime } from '../../common/iso-time.ts'
import { release } from '../../common/release.ts'
import type { Steps } from '../../common/time-slicer.ts'
import { MQVersion } from '../../protocol/remoting-command.ts'
import { versionName } from '../../protocol/version-name.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import { AUTO_CREATE_TOPIC } from '../../routeinfo/table-queries.ts'
import type { TopicMiss } from '../../stats/topic-misses.ts'
import { mqnamesrv } from '../commands.ts'
import type { Census } from '../connections/census.ts'
import { isRejected } from '../explain/registration-rejections.ts'
import {
  createCommand,
  homeOf,
  isValidName,
  lossOf,
  lossText,
  NAME_RULE,
  originText,
  type TopicLoss,
} from '../explain/topic-loss.ts'
import { type Clocks, name, names } from '../explain/wording.ts'
import { MAX_PEER_DIFFERENCES, type PeerDifference } from '../peers-view.ts'
import type { SimilarName } from '../similar-names.ts'
import { dateOf } from '../sources.ts'
import { topicsText } from './affected-topics.ts'
import { type Details, Observations } from './finding.ts'
import type { FindingSources } from './findings.ts'
import type { Severity } from './rules.ts'
import { isInternalTopic } from './topic-rules.ts'

const DAY_MS = 86_400_000
/** Time enough to order a certificate. */
export const EXPIRES_SOON_MS = 30 * DAY_MS

export function checkCertificates({ certificates, dateMs }: FindingSources, found: Observations): void {
  for (const { use, path, notAfterMs } of certificates()) {
    const leftMs = notAfterMs - dateMs()
    if (leftMs > EXPIRES_SOON_MS) continue
    found.add('certificate_expires', leftMs > 3 * DAY_MS ? 'warning' : 'critical', path, () => {
      const notAfter = isoTime(notAfterMs)
      const when = leftMs <= 0 ? `expired on ${notAfter}` : `expires on ${notAfter}`
      const effect =
        use === 'server'
          ? `The TLS certificate in ${path} ${when}; clients that verify it will reject it. Replace it and its key: they are`
          : `A certificate authority in ${path} ${when}; clients with its certificates will be rejected. Replace it: the file is`
      return {
        text: `${effect} read again without a restart.`,
        evidence: { notAfter, daysLeft: Math.floor(leftMs / DAY_MS) },
      }
    })
  }
}

/** An audit log that cannot be written. */
export function checkAuditLog(sources: FindingSources, found: Observations): void {
  const problem = sources.auditProblem()
  if (problem === undefined) return
  const { path, error, sinceMs } = problem
  found.add('audit_log_failing', 'warning', path, () => ({
    text: `The audit log ${path} cannot be written: ${error}. Changes and rejections are lost, or after a rotation still written to the renamed file. Make room, or let the server write there; it tries again by itself, and on SIGHUP.`,
    evidence: {
      error,
      failedSince: dateOf(sinceMs, sources),
      lostLines: sources.counters.auditLines.lost,
    },
  }))
}

/** The access file that is in effect is not the one on the disk. */
export function checkAccessFile({ access }: FindingSources, found: Observations): void {
  const { file = '', problems, policy } = access()
  const [first] = problems
  if (first === undefined) return
  found.add('access_file_rejected', 'warning', file, () => ({
    text: `The access file cannot be used: ${first}${problems.length > 1 ? `, and ${counted(problems.length - 1, 'other problem')}` : ''}. The policy read before stays in effect (profile ${policy.profile}, mode ${policy.mode}), and the next start will fail. Correct the file: it is read again without a restart.`,
    evidence: { problems: problems.slice(0, 20) },
  }))
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
    const orMore = peer.differences.length >= MAX_PEER_DIFFERENCES
    const evidence = { peer: peer.address, differsSince: dateOf(peer.sinceMs, sources) }
    for (const { subject, here } of brokers)
      found.add('missing_on_peer', 'critical', `${subject} on ${peer.address}`, () => ({
        text: `${name(subject)} is missing from NameServer ${peer.address}: its clients do not find it. Add that server to the broker's namesrvAddr, and see whether the broker reaches it.`,
        evidence: { ...evidence, here: here ?? '' },
      }))
    const topics = missing.filter(({ there }) => there === null).map(({ subject }) => subject)
    if (brokers.length === 0 && topics.length > 0)
      found.add('missing_on_peer', 'critical', `topics on ${peer.address}`, () => ({
        text: `Clients of the NameServer ${peer.address} do not find ${topicsText(topics.length, topics, orMore)}. See whether an operator deleted topics only on that server, or a broker that has them does not reach it.`,
        evidence: {
          ...evidence,
          topics: orMore ? `${topics.length} or more` : topics.length,
          firstTopics: topics,
        },
      }))
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
          : `clients of this server do not find ${name(lacking)}`
      return {
        text: `The NameServer ${address} and this one differ (${orMore ? `${differences.length} or more differences` : counted(differences.length, 'difference')}): ${effect}. ${adviceAgainst(differences)}`,
        evidence: { differsSince: dateOf(sinceMs, sources), differences: shown },
      }
    })
  }
}

/** Observed NameServers that cannot be read, the others of this process included. */
export function checkObserved(sources: FindingSources, found: Observations): void {
  for (const { namesrv, unreachableMs, reason = '' } of sources.observed?.all ?? []) {
    if (unreachableMs === undefined) continue
    found.add('nameserver_unreachable', 'critical', namesrv, () => ({
      text: `The NameServer ${namesrv} cannot be read since ${dateOf(unreachableMs, sources)}: ${reason}. What is shown of it is as of then. See whether it runs, is reachable from here, and lets this client read it.`,
      evidence: { unreachableSince: dateOf(unreachableMs, sources), error: reason },
      command: mqnamesrv('ping -n', namesrv),
    }))
  }
}

const DISPUTED_MS = 600_000

/** Requests about brokers that are not their sender's. */
export function checkDisputes({ disputes, nowMs, dateMs }: FindingSources, found: Observations): void {
  for (const dispute of disputes.list()) {
    const { rule, brokerName, owner, ownerAddr, claimant, peer, isRejected, count, lastMs } = dispute
    if (nowMs() - lastMs > DISPUTED_MS) continue
    // A member that takes over from a master which is alive but cut off does so once.
    if (rule === 'broker_id_taken' && !isRejected && count === 1) continue
    const subject = owner === undefined ? claimant : brokerName
    found.add('registration_disputed', 'warning', `${subject} ${rule}`, () => {
      const what = owner === undefined ? '' : ` It is registered by ${owner} at ${ownerAddr}.`
      const outcome = isRejected
        ? 'Such requests are rejected (registrationGuard=refuse).'
        : 'Such requests are carried out (registrationGuard=log).'
      return {
        text: `${claimant} (${peer}) disputes ${brokerName}: ${dispute.reason}.${what} ${outcome} See whether ${claimant} is a broker of that name; if not, keep it from this port.`,
        evidence: {
          disputeRule: rule,
          claimant,
          peer,
          ...(owner !== undefined && { owner, ownerAddress: ownerAddr ?? '' }),
          disputes: count,
          last: dateOf(lastMs, { nowMs, dateMs }),
        },
        command: mqnamesrv('events --kind registration_disputed'),
      }
    })
  }
}

/** A rate that nothing has exceeded for this long is no longer exceeded. */
const EXCEEDED_MS = 30_000

/** Addresses and identities that connect or send requests too often. */
export function checkRates({ rates, nowMs, dateMs }: FindingSources, found: Observations): void {
  for (const { kind, source, rate, count, lastMs } of rates()) {
    if (nowMs() - lastMs > EXCEEDED_MS) continue
    found.add('rate_exceeded', 'warning', `rates.${kind}`, () => ({
      text: `${source} exceeds rates.${kind} (${rate}): what is beyond it is rejected. See which program does so; if it is yours, or many clients share that address, raise rates.${kind} in the access file.`,
      evidence: { source, rate, rejected: count, last: dateOf(lastMs, { nowMs, dateMs }) },
      command: mqnamesrv('events --kind rejected'),
    }))
  }
}

function adviceAgainst(differences: readonly PeerDifference[]): string {
  const kinds = new Set(differences.map(({ kind }) => kind))
  const hasConfig = kinds.delete('config')
  const hasKV = kinds.delete('kv')
  const advice = kinds.size > 0 ? ['Let every broker register with both (namesrvAddr).'] : []
  if (kinds.size > 0 || hasKV) advice.push('Repeat at one what an operator did at the other.')
  if (hasConfig) advice.push('Set the configuration keys to the same values on both.')
  return advice.join(' ')
}

/** Brokers repeat a registration at least once a minute; one that is not repeated within this time was a single attempt. */
const MAX_UNREPEATED_MS = 75_000

/** Brokers that register in vain. Disputes are findings of their own. */
export function checkRejections(view: RouteView, sources: FindingSources, found: Observations): void {
  for (const rejection of sources.history.rejections()) {
    const { atMs, brokerAddr, brokerName, by, byHost, isDisputed, limit, reason } = rejection
    if (isDisputed || !isRejected(rejection, view, sources)) continue
    if (sources.nowMs() - atMs >= MAX_UNREPEATED_MS) continue
    const live = view.tables.liveAt(brokerAddr).find((each) => each.brokerName === brokerName)
    // Of a live broker, what another host sends in its name is not its own registration.
    if (byHost !== undefined && live?.peer !== undefined && hostOf(live.peer) !== byHost) continue
    found.add('registration_rejected', 'warning', `${brokerName} ${brokerAddr}`, () => {
      const effect =
        live !== undefined ? 'changes of its topics do not take effect' : 'clients do not find it here'
      return {
        text: `The registration of ${name(brokerName)} at ${name(brokerAddr)} is rejected: ${reason}. Until that is mended, ${effect}.`,
        evidence: { from: by, last: dateOf(atMs, sources), ...(limit !== undefined && { limit }) },
        command: mqnamesrv('broker explain', brokerName),
      }
    })
  }
}

/** Java clients that need the former dialect of JSON. The versions of other languages are numbers of their own. */
export function oldClients({ clients }: Census): Observations {
  const found = new Observations()
  for (const { kind, language, version, versionName, connections, hosts } of clients) {
    if (kind !== 'client' || language !== 'JAVA' || version >= MQVersion.V4_9_4) continue
    found.add('old_clients', 'info', `${language} ${release(versionName)}`, () => ({
      text: `${counted(connections, 'connection')} ${connections === 1 ? 'is' : 'are'} of Java clients of ${release(versionName)}, from ${hosts.join(', ')}. Upgrade them to 4.9.4 or later.`,
      evidence: { connections, hosts },
    }))
  }
  return found
}

/** Clients look a topic up every 30 s; a single lookup, or those of a client that has stopped, need no attention. */
const MIN_LOOKUPS = 3
const MIN_ASKED_MS = 30_000
const MAX_UNASKED_MS = 300_000

/** Topics that clients still look up without finding a route. If it is {@link AUTO_CREATE_TOPIC}, another topic is missing. */
export function wantedTopics({ misses, dateMs }: Pick<FindingSources, 'misses' | 'dateMs'>): TopicMiss[] {
  const nowMs = dateMs()
  return misses.list().filter(({ topic, count, overestimate, firstSeenMs, lastSeenMs, routeSinceMs }) => {
    if (routeSinceMs !== undefined || topic === AUTO_CREATE_TOPIC) return false
    if (count - overestimate < MIN_LOOKUPS || lastSeenMs - firstSeenMs < MIN_ASKED_MS) return false
    return nowMs - lastSeenMs <= MAX_UNASKED_MS
  })
}

/** A step per topic. @param similarTo - Existing topics with similar names. */
export function* checkMisses(
  wanted: readonly TopicMiss[],
  similarTo: (topic: string) => readonly SimilarName[],
  view: RouteView,
  sources: FindingSources,
  found: Observations,
): Steps<void> {
  const { history, nowMs } = sources
  const leftWith = new Map<string, { severity: Severity; loss: TopicLoss; misses: TopicMiss[] }>()
  for (const miss of wanted) {
    const { topic } = miss
    const loss = lossOf(topic, history, view)
    const existed = loss !== undefined && nowMs() - loss.atMs < DAY_MS
    const severity = isInternalTopic(topic) ? 'info' : existed ? 'critical' : 'warning'
    if (loss?.kind === 'left' && severity !== 'info') {
      const left = leftWith.get(loss.brokerName) ?? { severity, loss, misses: [] }
      leftWith.set(loss.brokerName, left)
      left.misses.push(miss)
      if (existed) left.severity = 'critical'
    } else
      found.add('no_route', severity, topic, () => missDetails(miss, loss, similarTo(topic), view, sources))
    yield
  }
  for (const [brokerName, { severity, loss, misses }] of leftWith)
    found.add('no_route', severity, brokerName, () => leftDetails(misses, loss, sources))
}

/** Topics that left with one broker. @param loss - Of the first one. */
function leftDetails(misses: readonly TopicMiss[], loss: TopicLoss, clocks: Clocks): Details {
  const topics = misses.map(({ topic }) => topic)
  const lookups = misses.reduce((sum, { count, overestimate }) => sum + count - overestimate, 0)
  const since = isoTime(Math.min(...misses.map(({ firstSeenMs }) => firstSeenMs)))
  return {
    text: `${topicsText(topics.length, topics)} ${topics.length === 1 ? 'has' : 'have'} no route: ${lookups} lookups since ${since} found none. ${lossText(misses[0]?.topic ?? '', loss, clocks)} Start that broker again.`,
    evidence: {
      lookups,
      lastLookup: isoTime(Math.max(...misses.map(({ lastSeenMs }) => lastSeenMs))),
      topics: topics.length,
      firstTopics: topics,
      clients: [...new Set(misses.flatMap(clientTexts))],
    },
  }
}

function clientTexts({ clients }: TopicMiss): string[] {
  return clients.map(
    ({ address, language, version }) => `${address} ${language} ${release(versionName(version))}`,
  )
}

function missDetails(
  miss: TopicMiss,
  loss: TopicLoss | undefined,
  similar: readonly SimilarName[],
  view: RouteView,
  sources: FindingSources,
) {
  const { topic, count, overestimate, firstSeenMs, lastSeenMs } = miss
  const lookups = count - overestimate
  const past = loss === undefined ? 'Nothing is known of a former route.' : lossText(topic, loss, sources)
  const autoCreating = [...(view.queues(AUTO_CREATE_TOPIC)?.keys() ?? [])]
  return {
    text: `${name(topic)} has no route: ${lookups} lookups since ${isoTime(firstSeenMs)} found none. ${past} ${adviceFor(topic, loss, similar)}`,
    evidence: {
      lookups,
      lastLookup: isoTime(lastSeenMs),
      clients: clientTexts(miss),
    },
    command: createCommand(topic, loss, homeOf(view, loss, autoCreating), similar),
  }
}

function adviceFor(topic: string, loss: TopicLoss | undefined, similar: readonly SimilarName[]): string {
  if (loss?.kind === 'left') return 'Start that broker again.'
  if (loss !== undefined) return 'Create the topic again if it is needed.'
  const origin = originText(topic)
  if (origin !== undefined) return origin
  if (similar.length > 0)
    return `See whether clients misspell its name: ${names(similar.map((each) => each.name))} ${similar.length === 1 ? 'exists' : 'exist'}.`
  if (!isValidName(topic)) return `Correct its name in the clients: ${NAME_RULE}.`
  return 'Create the topic, or correct its name in the clients.'
}
