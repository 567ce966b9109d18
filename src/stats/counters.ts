import { LIMIT_NAMES, type LimitName } from '../common/limit-error.ts'
import { CLOSE_CAUSES, type CloseCause } from './connections.ts'

/** The highest code that is counted on its own. The highest of the protocol's that occurs here is 1500, GO_AWAY. */
const MAX_CODE = 1_535

/** How often each code occurred. The table has a fixed size: peers can make up codes, and counting them must not cost memory. */
export class CodeCounts {
  readonly #counts = new Float64Array(MAX_CODE + 1)
  #others = 0

  add(code: number): void {
    if (code >= 0 && code <= MAX_CODE) this.#counts[code] = (this.#counts[code] as number) + 1
    else this.#others++
  }

  /** Counts a code among the others. */
  addOther(): void {
    this.#others++
  }

  /** The count of a code; 0 if it is among the others. */
  get(code: number): number {
    return this.#counts[code] ?? 0
  }

  /** The count of all codes that are not counted on their own. */
  get others(): number {
    return this.#others
  }

  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, this.#others)
  }

  /** Codes that occurred, each with its count. */
  entries(): [code: number, count: number][] {
    return [...this.#counts.entries()].filter(([, count]) => count > 0)
  }
}

/** Request codes and response codes that {@link RequestResults} counts on their own: more than a server supports, or sends. */
const MAX_REQUEST_CODES = 64
const MAX_RESPONSE_CODES = 16

/** How often each request code got each response code, in a table of fixed size. */
export class RequestResults {
  /** Code to its place in the table, from 1; 0 if it has none. */
  readonly #requestCodes = new Uint8Array(MAX_CODE + 1)
  readonly #responseCodes = new Uint8Array(MAX_CODE + 1)
  readonly #codes: [request: number[], response: number[]] = [[], []]
  readonly #counts = new Float64Array(MAX_REQUEST_CODES * MAX_RESPONSE_CODES)

  /** @param code - Request code; undefined for all that are not supported. */
  add(code: number | undefined, responseCode: number): void {
    const request =
      code === undefined ? 0 : placeOf(code, this.#requestCodes, this.#codes[0], MAX_REQUEST_CODES)
    const response = placeOf(responseCode, this.#responseCodes, this.#codes[1], MAX_RESPONSE_CODES)
    const index = request * MAX_RESPONSE_CODES + response
    this.#counts[index] = (this.#counts[index] as number) + 1
  }

  /** Pairs that occurred, each with its count; undefined stands for all codes that are not counted on their own. */
  *entries(): Generator<
    [code: number | undefined, responseCode: number | undefined, count: number],
    void,
    undefined
  > {
    const [requests, responses] = this.#codes
    for (const [index, count] of this.#counts.entries()) {
      if (count === 0) continue
      const request = Math.floor(index / MAX_RESPONSE_CODES)
      yield [requests[request - 1], responses[(index % MAX_RESPONSE_CODES) - 1], count]
    }
  }
}

/** The place of a code, which gets one if there are any left; 0 if it has none. */
function placeOf(code: number, places: Uint8Array, codes: number[], max: number): number {
  if (code < 0 || code > MAX_CODE) return 0
  const known = places[code] as number
  if (known > 0 || codes.length >= max - 1) return known
  places[code] = codes.push(code)
  return codes.length
}

/** How often each limit has rejected something, by the name of its option: a request, a connection, or a command of our own. */
export type Rejections = Record<LimitName, number>

/**
 * What a server has done since it started. All parts of the server count here; nothing is decided by these numbers. Those that
 * are "at present" rise and fall, all others only grow.
 */
export class Counters {
  connectionsAccepted = 0
  /** Accepted connections that have closed, for any reason. */
  connectionsClosed = 0
  /** The same by cause. */
  readonly connectionsClosedBy = Object.fromEntries(CLOSE_CAUSES.map((cause) => [cause, 0])) as Record<
    CloseCause,
    number
  >
  /** Connections that an internal error closed. */
  connectionInternalErrors = 0
  /** Connections closed before their first frame, by HandshakeErrorCode. */
  readonly connectionsRejected: Record<string, number> = {}
  /** Connections closed because of an invalid frame, by FrameErrorCode. */
  readonly framesRejected: Record<string, number> = {}
  /** Failures of the listening socket. */
  serverFailures = 0

  /** Whole frames received: requests, and unsolicited responses. */
  framesIn = 0
  /** Requests without a response: oneway requests, and those whose connection closed first. */
  withoutResponse = 0
  /** Bytes of frames, without TLS and PROXY headers. */
  bytesIn = 0
  bytesOut = 0
  /** Bytes of incomplete and unread requests at present. */
  queuedRequestBytes = 0
  /** Bytes of request bodies in progress at present. */
  requestBytesInProgress = 0
  /** Bytes of responses that peers have not read at present. */
  queuedResponseBytes = 0

  /** Requests by code; those of unsupported codes are among the others. */
  readonly requests = new CodeCounts()
  /** Outcomes of requests, oneway requests included, by response code. */
  readonly outcomes = new CodeCounts()
  readonly results = new RequestResults()
  /** Requests that failed because of an internal error. */
  requestInternalErrors = 0
  readonly rejected = Object.fromEntries(LIMIT_NAMES.map((name) => [name, 0])) as Rejections
  /** Requests that the access policy has rejected, by group. */
  readonly denied = new Map<string, number>()
  /** Requests that it would have rejected in the mode `enforce`, by group. */
  readonly deniedInAudit = new Map<string, number>()
  /** Lines of the audit log: written, suppressed by its limits of lines a second, and lost because its file failed. */
  readonly auditLines = { written: 0, suppressed: 0, lost: 0 }
  /** Attempts to open or write its file that failed. */
  auditFailures = 0
  /** Requests rejected as SYSTEM_BUSY because of an overload. */
  requestsShed = 0
  overloads = 0

  /** Registrations that were read whole and applied. */
  registrationsRead = 0
  /** Registrations that repeated the one before and changed nothing. */
  registrationsUnchanged = 0
  /** Registrations that got an error as the response. */
  registrationsRejected = 0
  /** Requests about brokers that broke a rule of the registration guard, by rule. */
  readonly registrationDisputes: Record<string, number> = {}
  /** Registrations being read or applied at present. */
  registrationsInFlight = 0
  brokersRegistered = 0
  /** Brokers that left by their own request, or whose address registered under another broker name. */
  brokersUnregistered = 0
  /** Brokers removed because their connection closed. */
  brokersLost = 0
  /** Brokers removed because no heartbeat arrived within their timeout. */
  brokersExpired = 0
  /** Brokers removed because heartbeats stopped and a probe failed. */
  brokersUnreachable = 0
  /** Restored brokers removed because they did not register again within the grace period. */
  brokersNotReturned = 0
  /** Times that a broker without heartbeats was found unreachable. */
  brokersSuspected = 0
  /** Stale removals that were skipped, because the broker had registered again. */
  removalsFenced = 0

  /** Lookups served from the cache of encoded routes. */
  routeCacheHits = 0
  /** Lookups whose route had to be encoded, or did not exist. */
  routeCacheMisses = 0

  /** Responses of the HTTP port by path, as `/api/v1/topics/{topic}` (`other` for unknown ones), and status. */
  readonly httpResponses = new Map<string, Map<number, number>>()
  /** Lookups of this server's own, once a second, that failed or have no response yet. */
  selfProbeFailures = 0
  /** Watchers of events at present. */
  watchers = 0
  /** Watchers that were dropped because they read too slowly. */
  watchersDropped = 0

  configurationUpdates = 0
  snapshotsWritten = 0
  snapshotsFailed = 0
  /** Pauses of the process of several seconds. */
  pauses = 0

  /** Responses sent. */
  get framesOut(): number {
    return this.outcomes.total - this.withoutResponse
  }
}
