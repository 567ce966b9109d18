import { RequestCode } from '../../protocol/request-code.ts'
import { PEER_KINDS, type PeerKind } from '../../stats/connections.ts'

/** Requests that only brokers send. */
const BROKER_CODES: ReadonlySet<number> = new Set([
  RequestCode.REGISTER_BROKER,
  RequestCode.UNREGISTER_BROKER,
  RequestCode.REGISTER_TOPIC_IN_NAMESRV,
  RequestCode.QUERY_DATA_VERSION,
  RequestCode.GET_BROKER_MEMBER_GROUP,
  RequestCode.BROKER_HEARTBEAT,
])
const KNOWN_CODES: ReadonlySet<number> = new Set(Object.values(RequestCode))

/** What a peer is that sends a request of this code, and was of the given kind before. */
export function kindAfter(before: PeerKind, code: number): PeerKind {
  const kind = kindOf(code)
  return PEER_KINDS.indexOf(kind) > PEER_KINDS.indexOf(before) ? kind : before
}

/** Clients that send and receive messages only look up routes; all other requests are those of tools. */
function kindOf(code: number): PeerKind {
  if (code === RequestCode.GET_ROUTEINFO_BY_TOPIC) return 'client'
  if (BROKER_CODES.has(code)) return 'broker'
  return KNOWN_CODES.has(code) ? 'admin' : 'unknown'
}
