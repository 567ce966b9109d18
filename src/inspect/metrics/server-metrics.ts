import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { DISPUTE_RULES } from '../../routeinfo/registration-guard.ts'
import type { Census } from '../connections/census.ts'
import type { PeerState } from '../peers-view.ts'
import type { InspectSources } from '../sources.ts'
import { familiesOf, type MetricFamily, type Sample } from './metric-family.ts'
import { BROKER_STATES, type ClusterFigures, GROUP_STATES, type TableFigures } from './table-figures.ts'

/** What the metrics of the server are read from. */
export interface MetricSources extends InspectSources {
  readonly tables: TableFigures
  readonly census: Census
}

const { counter, gauge, histogram } = familiesOf<MetricSources>('rocketmq_nameserver_')

/** Java's constants, in lower case, by number. */
const REQUEST_NAMES = namesOf(RequestCode)
const RESPONSE_NAMES = namesOf(ResponseCode)

function namesOf(codes: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(codes).map(([name, code]) => [code, name.toLowerCase()]))
}

function nameOf(names: ReadonlyMap<number, string>, code: number | undefined): string {
  return code === undefined ? 'other' : (names.get(code) ?? `${code}`)
}

/** Error codes as label values: `ERR_TLS_REQUIRED` is `tls_required`. */
function reasonsOf(counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([code, count]) => [[code.replace(/^ERR_/, '').toLowerCase()], count])
}

/** One sample for each name with its number. */
function byName(counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([name, count]) => [[name], count])
}

function* byState<State extends string>(
  clusters: TableFigures['clusters'],
  states: readonly State[],
  read: (figures: ClusterFigures) => Readonly<Record<State, number>>,
): Generator<Sample, void, undefined> {
  for (const [cluster, figures] of clusters)
    for (const state of states) yield [[cluster, state], read(figures)[state]]
}

/** Connections by language and version, whatever their kind. */
function clientCounts({ clients, others }: Census): Sample[] {
  const counts = new Map<string, { readonly labels: readonly string[]; connections: number }>()
  for (const { language, versionName, connections } of clients) {
    const labels = [language, versionName]
    const known = counts.get(labels.join(' '))
    if (known === undefined) counts.set(labels.join(' '), { labels, connections })
    else known.connections += connections
  }
  const samples = [...counts.values()].map(({ labels, connections }): Sample => [labels, connections])
  return others === 0 ? samples : [...samples, [['other', 'other'], others]]
}

/** One sample for each peer that can be compared. */
function peerSamples({ peers }: MetricSources, read: (peer: PeerState) => number): Sample[] {
  const known = peers.list().filter(({ verdict }) => verdict !== 'unknown')
  return known.map((peer) => [[peer.address], read(peer)])
}

/** The metrics of the server itself, in the order in which they are written. */
export const SERVER_METRICS: readonly MetricFamily<MetricSources>[] = [
  gauge('up', 'Always 1: the server responds.', [], () => 1),
  gauge(
    'ready',
    'Whether clients may be sent to this server: 1, or 0 if a check of `/readyz` fails.',
    [],
    ({ health }) => (health.ready ? 1 : 0),
  ),
  gauge(
    'provisional',
    'Whether routes of the snapshot are served whose brokers have not registered again: 1 or 0.',
    [],
    ({ health }) => (health.provisional ? 1 : 0),
  ),
  gauge(
    'build_info',
    'Versions of the program and of Node.js, and the commit that it was built from. Always 1.',
    ['version', 'node_version', 'commit'],
    ({ identity: { version, commit } }) => [[[version, process.version, commit ?? ''], 1]],
  ),

  gauge(
    'brokers',
    'Brokers by state: `alive`; `late`, without a heartbeat for half of their timeout; `suspected`, late and unreachable (with `brokerProbe`); `provisional`, restored from the snapshot and not registered again.',
    ['cluster', 'state'],
    ({ tables }) => byState(tables.clusters, BROKER_STATES, ({ brokers }) => brokers),
  ),
  gauge(
    'broker_groups',
    'Broker names by state: `complete`, or `masterless`, without a broker that has id 0.',
    ['cluster', 'state'],
    ({ tables }) => byState(tables.clusters, GROUP_STATES, ({ groups }) => groups),
  ),
  gauge(
    'broker_heartbeat_age_seconds',
    'Seconds since the last heartbeat or registration of a broker, at most `brokerSeriesLimit` brokers.',
    ['cluster', 'broker', 'broker_id'],
    ({ tables }) =>
      tables.heartbeatAges.map(({ clusterName, brokerName, brokerId, seconds }) => [
        [clusterName, brokerName, `${brokerId}`],
        seconds,
      ]),
  ),
  gauge('topics', 'Topics with queues on brokers of a cluster.', ['cluster'], ({ tables }) =>
    [...tables.clusters].map(([cluster, { topics }]): Sample => [[cluster], topics]),
  ),
  gauge(
    'findings',
    'Findings by rule and severity. Topics of one broker with the same problem are one finding. `/api/v1/findings` says which, since when and what to do.',
    ['rule', 'severity'],
    ({ findings }) => findings.counts.map(({ rule, severity, count }): Sample => [[rule, severity], count]),
  ),
  gauge('kv_entries', 'Entries of the key-value table.', [], ({ kvConfig }) => kvConfig.entries),

  counter(
    'requests_total',
    'Requests by request code and by the code of the response, in the names of the Java constants; `other` stands for unsupported request codes. Oneway requests count, too.',
    ['code', 'result'],
    ({ counters }) =>
      [...counters.results.entries()].map(
        ([code, responseCode, count]): Sample => [
          [nameOf(REQUEST_NAMES, code), nameOf(RESPONSE_NAMES, responseCode)],
          count,
        ],
      ),
  ),
  counter(
    'requests_denied_total',
    'Requests that the access policy decided against, by group; `enforced` is `no` if they were let pass, in the mode `audit`.',
    ['group', 'enforced'],
    ({ counters }) => [
      ...[...counters.denied].map(([group, count]): Sample => [[group, 'yes'], count]),
      ...[...counters.deniedInAudit].map(([group, count]): Sample => [[group, 'no'], count]),
    ],
  ),
  counter(
    'audit_lines_total',
    'Lines of the audit log (`auditLogPath`) by outcome: `written`; `suppressed`, in a flood; `lost`, because its file could not be written.',
    ['outcome'],
    ({ counters }) => byName(counters.auditLines),
  ),
  counter(
    'audit_failures_total',
    'Attempts to open or write the file of the audit log that failed.',
    [],
    ({ counters }) => counters.auditFailures,
  ),
  histogram(
    'request_duration_seconds',
    'Seconds from the arrival of a request to its queued response. Of the lookups (`get_routeinfo_by_topic`) one in 64 is timed, so their count is that of the timed ones.',
    ['code'],
    ({ durations }) =>
      [...durations.requests.entries()].map(
        ([code, seconds]): Sample => [[nameOf(REQUEST_NAMES, code)], seconds],
      ),
  ),
  counter(
    'requests_without_response_total',
    'Oneway requests, and requests whose connection closed before the response.',
    [],
    ({ counters }) => counters.withoutResponse,
  ),
  counter(
    'internal_errors_total',
    'Requests that failed, and connections that were closed, because of an internal error.',
    ['where'],
    ({ counters }) =>
      byName({ request: counters.requestInternalErrors, connection: counters.connectionInternalErrors }),
  ),

  counter(
    'registrations_total',
    'Registrations by outcome: `applied`; `unchanged`, equal to the one before; `rejected` with an error.',
    ['outcome'],
    ({ counters }) =>
      byName({
        applied: counters.registrationsRead,
        unchanged: counters.registrationsUnchanged,
        rejected: counters.registrationsRejected,
      }),
  ),
  counter(
    'registration_disputes_total',
    'Requests about brokers that broke a rule of `registrationGuard`, by rule; they are rejected with `refuse`, and carried out with `log`. `/api/v1/events?kind=registration_disputed` names the senders.',
    ['rule'],
    ({ counters }) => DISPUTE_RULES.map((rule): Sample => [[rule], counters.registrationDisputes[rule] ?? 0]),
  ),
  counter(
    'broker_arrivals_total',
    'Brokers that registered and were not in the routes.',
    [],
    ({ counters }) => counters.brokersRegistered,
  ),
  counter(
    'broker_departures_total',
    'Brokers removed from the routes by cause: `request`, its own or a registration under another name; `connection_lost`; `expired`, no heartbeat within its timeout; `unreachable`, no heartbeat and a failed probe; `not_returned`, restored from the snapshot and not registered again.',
    ['cause'],
    ({ counters }) =>
      byName({
        request: counters.brokersUnregistered,
        connection_lost: counters.brokersLost,
        expired: counters.brokersExpired,
        unreachable: counters.brokersUnreachable,
        not_returned: counters.brokersNotReturned,
      }),
  ),
  counter(
    'broker_suspicions_total',
    'Brokers without heartbeats that a probe found unreachable.',
    [],
    ({ counters }) => counters.brokersSuspected,
  ),
  counter(
    'removals_fenced_total',
    'Stale removals that were skipped, because the broker had registered again.',
    [],
    ({ counters }) => counters.removalsFenced,
  ),

  counter(
    'topic_misses_total',
    'Lookups that found no route. `/api/v1/misses` has the topics and the clients that ask for them.',
    [],
    ({ misses }) => misses.total,
  ),
  gauge(
    'history_bytes',
    'Estimated bytes of the history of brokers and topics that `/api/v1/explain` tells; it is limited by the number of its entries.',
    [],
    ({ history }) => history.bytes,
  ),
  counter(
    'route_cache_requests_total',
    'Lookups by whether the cache of encoded routes had the response: `hit`; or `miss`, also if there is no route. The self-probe adds one a second.',
    ['result'],
    ({ counters }) => byName({ hit: counters.routeCacheHits, miss: counters.routeCacheMisses }),
  ),
  gauge(
    'route_cache_bytes',
    'Bytes of encoded routes, at most `encodedRouteMaxBytes`.',
    [],
    ({ routeInfo }) => routeInfo.encodedRouteBytes,
  ),
  gauge(
    'route_digest',
    'Low 52 bits of the digest of the routes by part: NameServers with equal routes have equal digests.',
    ['part'],
    ({ routeInfo }) =>
      Object.entries(routeInfo.digest).map(([part, digest]): Sample => [[part], digest.low52]),
  ),
  counter(
    'route_changes_total',
    'Changes of the route tables other than heartbeats.',
    [],
    ({ routeInfo }) => routeInfo.revision,
  ),
  gauge(
    'route_last_change_timestamp_seconds',
    'When the routes last changed, in seconds since the epoch; left out until they do.',
    [],
    ({ routeInfo: { digestChangedMs }, dateMs, nowMs }) =>
      digestChangedMs === undefined ? undefined : (dateMs() - (nowMs() - digestChangedMs)) / 1_000,
  ),
  gauge('peer_up', 'Whether a server of `peers` responded the last time: 1 or 0.', ['peer'], ({ peers }) =>
    peers.list().map(({ address, isUp }): Sample => [[address], isUp ? 1 : 0]),
  ),
  gauge(
    'peer_agrees',
    'Whether a peer has the same routes, key-value entries and settings: 1, or 0 while they differ; left out while that is unknown. `/api/v1/peers` has the differences.',
    ['peer'],
    (sources) => peerSamples(sources, ({ verdict }) => (verdict === 'agrees' ? 1 : 0)),
  ),
  gauge(
    'peer_disagreement_seconds',
    'Seconds since the oldest difference from a peer was first seen; 0 without one; left out while that is unknown. A difference of less than a minute may be a broker that has registered with only one of them so far.',
    ['peer'],
    (sources) =>
      peerSamples(sources, ({ verdict, sinceMs }) =>
        verdict === 'agrees' ? 0 : (sources.nowMs() - sinceMs) / 1_000,
      ),
  ),
  histogram(
    'lock_wait_seconds',
    'Seconds that work waited for the lock of the route tables. Lookups and heartbeats take no lock.',
    ['mode'],
    ({ durations }) =>
      (['read', 'write'] as const).map((mode): Sample => [[mode], durations.lock.wait[mode]]),
  ),
  histogram(
    'lock_hold_seconds',
    'Seconds that work held the lock of the route tables.',
    ['mode'],
    ({ durations }) =>
      (['read', 'write'] as const).map((mode): Sample => [[mode], durations.lock.hold[mode]]),
  ),

  gauge(
    'connections',
    'Open connections by what their peers are, and whether they use TLS; `unknown` before their first request.',
    ['kind', 'tls'],
    ({ census }) => census.kinds.map(({ kind, tls, connections }): Sample => [[kind, `${tls}`], connections]),
  ),
  gauge(
    'clients',
    'Open connections by language and version of their peers; those beyond the 64 most frequent are `other`.',
    ['language', 'version'],
    ({ census }) => clientCounts(census),
  ),
  counter(
    'connections_accepted_total',
    'Accepted connections.',
    [],
    ({ counters }) => counters.connectionsAccepted,
  ),
  counter(
    'connections_closed_total',
    'Accepted connections that have closed, by cause; `/api/v1/connections?state=closed` has the last ones with their reasons.',
    ['cause'],
    ({ counters }) => byName(counters.connectionsClosedBy),
  ),
  counter(
    'connections_rejected_total',
    'Connections closed before their first frame, by reason; docs/errors.md explains each, as ERR_ and the reason in capitals.',
    ['reason'],
    ({ counters }) => reasonsOf(counters.connectionsRejected),
  ),
  counter(
    'frames_rejected_total',
    'Connections closed because of an invalid frame, by reason; docs/errors.md explains each, as ERR_ and the reason in capitals.',
    ['reason'],
    ({ counters }) => reasonsOf(counters.framesRejected),
  ),
  counter('frames_received_total', 'Whole frames received.', [], ({ counters }) => counters.framesIn),
  counter('frames_sent_total', 'Responses sent.', [], ({ counters }) => counters.framesOut),
  counter(
    'received_bytes_total',
    'Bytes of frames received, without TLS and PROXY headers.',
    [],
    ({ counters }) => counters.bytesIn,
  ),
  counter('sent_bytes_total', 'Bytes of frames sent, without TLS.', [], ({ counters }) => counters.bytesOut),
  counter(
    'listener_failures_total',
    'Failures of the listening socket.',
    [],
    ({ counters }) => counters.serverFailures,
  ),

  gauge(
    'queued_bytes',
    'Bytes held for all connections: `incomplete_requests`, also unread ones; `requests_in_progress`; `unread_responses`.',
    ['what'],
    ({ counters }) =>
      byName({
        incomplete_requests: counters.queuedRequestBytes,
        requests_in_progress: counters.requestBytesInProgress,
        unread_responses: counters.queuedResponseBytes,
      }),
  ),
  gauge(
    'limit_max',
    'The value in effect of each limit; the label is its key. Limits that are off are left out.',
    ['limit'],
    ({ limits }) =>
      limits().flatMap(({ limit, max }): Sample[] => (Number.isFinite(max) ? [[[limit], max]] : [])),
  ),
  gauge(
    'limit_used',
    'How much of each limit is in use at present. Limits on a single request or address are left out.',
    ['limit'],
    ({ limits }) =>
      limits().flatMap(({ limit, used }): Sample[] => (used === undefined ? [] : [[[limit], used]])),
  ),
  counter(
    'rejected_total',
    'What each limit has rejected; the label is the key that sets it, or `rates.` and a rate of the access file.',
    ['limit'],
    ({ counters }) => byName(counters.rejected),
  ),
  gauge(
    'access_policy_info',
    'The access policy in effect: its profile and mode. Always 1.',
    ['profile', 'mode'],
    ({ access }) => {
      const { profile, mode } = access().policy
      return [[[profile, mode], 1]]
    },
  ),
  counter(
    'access_reloads_total',
    'Times that the access file was read again, after a change or SIGHUP, by result: `ok`; or `failed`, and the previous policy stayed in effect.',
    ['result'],
    ({ access }) => byName(access().reloads),
  ),
  gauge(
    'access_policy_timestamp_seconds',
    'When the access policy in effect was read, in seconds since the epoch.',
    [],
    ({ access }) => access().loadedMs / 1_000,
  ),
  counter('overloads_total', 'Overloads that began.', [], ({ counters }) => counters.overloads),
  counter(
    'requests_shed_total',
    'Lists of topics and brokers rejected as SYSTEM_BUSY because of an overload.',
    [],
    ({ counters }) => counters.requestsShed,
  ),
  counter('pauses_total', 'Pauses of the process of several seconds.', [], ({ counters }) => counters.pauses),

  counter(
    'snapshot_writes_total',
    'Writes of the route snapshot by result: `written` or `failed`.',
    ['result'],
    ({ counters }) => byName({ written: counters.snapshotsWritten, failed: counters.snapshotsFailed }),
  ),
  gauge(
    'snapshot_age_seconds',
    'Seconds since the route snapshot was last up to date; left out until it is, and without `routeSnapshotPath`.',
    [],
    ({ snapshotAgeMs }) => {
      const ageMs = snapshotAgeMs()
      return ageMs === undefined ? undefined : ageMs / 1_000
    },
  ),
  gauge(
    'tls_certificate_not_after_timestamp_seconds',
    'End of the validity of the certificates in `tls.server.certPath` (`server`) and, where clients are verified, `tls.server.trustCertPath` (`client_ca`), in seconds since the epoch; of several in a file, the first one to expire.',
    ['use'],
    ({ certificates }) => certificates().map(({ use, notAfterMs }): Sample => [[use], notAfterMs / 1_000]),
  ),
  counter(
    'config_updates_total',
    'Configuration updates (318) that took effect.',
    [],
    ({ counters }) => counters.configurationUpdates,
  ),

  counter('events_total', 'Events by kind; the last ones are at `/api/v1/events`.', ['kind'], ({ events }) =>
    [...events.counts].map(([kind, count]): Sample => [[kind], count]),
  ),
  counter(
    'http_requests_total',
    'HTTP responses by path and status; paths that are not served are `other`.',
    ['path', 'status'],
    ({ counters }) =>
      [...counters.httpResponses].flatMap(([path, counts]) =>
        [...counts].map(([status, count]): Sample => [[path, `${status}`], count]),
      ),
  ),
  gauge('watchers', 'Open streams of events, `/api/v1/watch`.', [], ({ counters }) => counters.watchers),
  counter(
    'watchers_dropped_total',
    'Streams of events that were ended because their clients read too slowly.',
    [],
    ({ counters }) => counters.watchersDropped,
  ),
  histogram(
    'self_probe_duration_seconds',
    'Seconds that a lookup through the own port took, which the server sends itself once a second.',
    [],
    ({ durations }) => durations.selfProbe,
  ),
  counter(
    'self_probe_failures_total',
    'Lookups through the own port that failed or got no response in a second.',
    [],
    ({ counters }) => counters.selfProbeFailures,
  ),
]

/** With `rpcLatencyMetrics`: the metric that RocketMQ's brokers and proxies have. @see RemotingMetricsManager in apache/rocketmq */
export const RPC_LATENCY_METRICS: readonly MetricFamily<MetricSources>[] = [
  familiesOf<MetricSources>('rocketmq_').histogram(
    'rpc_latency_milliseconds',
    'Milliseconds from the arrival of a request to its queued response, with the labels and buckets of RIP-46; only with `rpcLatencyMetrics`.',
    ['protocol_type', 'request_code', 'response_code', 'is_long_polling', 'result'],
    ({ durations }) =>
      [...durations.requests.rpcLatencies].map(
        ({ code, responseCode, result, milliseconds }): Sample => [
          [
            'remoting',
            nameOf(REQUEST_NAMES, code < 0 ? undefined : code),
            nameOf(RESPONSE_NAMES, responseCode),
            'false',
            result,
          ],
          milliseconds,
        ],
      ),
  ),
]
