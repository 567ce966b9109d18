import { LIMIT_NAMES, type LimitName } from '../common/limit-error.ts'
import { CodeCounts } from './code-counts.ts'

/** How often each limit has rejected something, by the name of its option: a request, a connection, or a command of our own. */
export type Rejections = Record<LimitName, number>

/**
 * What a server has done since it started, in one place for whoever shows it. The parts of the server count here themselves: a
 * count on the way of a lookup is an addition to a field, and nothing else.
 *
 * All of it only grows, but for what is said to be held at present.
 */
export class Counters {
  connectionsAccepted = 0
  /** Accepted ones that are gone, for whatever reason. */
  connectionsClosed = 0
  /** Of these, the ones that were closed for being silent. */
  connectionsIdle = 0
  /** Of these, the ones whose socket failed. */
  connectionsFailed = 0
  /** Of these, the ones that met a defect of ours. */
  connectionsDefect = 0
  /** Connections closed before their first frame, by HandshakeErrorCode. */
  readonly connectionsRejected: Record<string, number> = {}
  /** Connections closed for bytes that are no frame, by FrameErrorCode. */
  readonly framesRejected: Record<string, number> = {}
  /** The listening socket failed. */
  serverFailures = 0

  /** Whole frames that came in: requests, and answers that nobody asked for. */
  framesIn = 0
  /** Requests that got no answer: oneway ones, and those whose connection was gone by then. */
  unanswered = 0
  /** Bytes behind TLS and PROXY headers. */
  bytesIn = 0
  bytesOut = 0
  /** Bytes held at present for requests that are not whole, or are behind one that is being worked on. */
  queuedRequestBytes = 0
  /** Bytes held at present for requests that are being worked on beyond their turn. */
  workingRequestBytes = 0
  /** Bytes held at present for peers that have not read them. */
  queuedAnswerBytes = 0

  /** Requests taken up, by code; those that nobody serves are among the others. */
  readonly requests = new CodeCounts()
  /** What came of requests, oneway ones among them, by response code. */
  readonly outcomes = new CodeCounts()
  /** Requests that went wrong in a way that nobody expected. */
  requestDefects = 0
  readonly rejected = Object.fromEntries(LIMIT_NAMES.map((name) => [name, 0])) as Rejections
  /** Requests answered SYSTEM_BUSY because of an overload. */
  requestsShed = 0
  overloads = 0

  /** Registrations that were read and applied. */
  registrationsRead = 0
  /** Registrations that repeated the one before and changed nothing. */
  registrationsUnchanged = 0
  /** Registrations that were answered with an error. */
  registrationsRejected = 0
  /** Registrations that are being read or applied at present. */
  registrationsInFlight = 0
  brokersRegistered = 0
  /** Brokers that left by their own request. */
  brokersUnregistered = 0
  brokersEvicted = 0
  /** Brokers that left because their connection did. */
  brokersLost = 0
  /** Times that a silent broker was found out of reach. */
  brokersSuspected = 0
  /** Removals that were not carried out, since their broker had been heard from meanwhile. */
  removalsFenced = 0

  /** Lookups answered with a route that was kept as it is sent. */
  routeCacheHits = 0
  /** Lookups whose route was encoded, or was not there. */
  routeCacheMisses = 0

  configurationUpdates = 0
  snapshotsWritten = 0
  snapshotsFailed = 0
  /** Times that the process did not run for seconds. */
  standstills = 0

  /** Answers given. */
  get framesOut(): number {
    return this.outcomes.total - this.unanswered
  }
}
