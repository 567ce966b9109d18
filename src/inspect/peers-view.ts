import { DIFFERENCE_KINDS, type DifferenceKind } from './compare/differences.ts'
import { dateOf, type InspectSources } from './sources.ts'
import type { Schema, View } from './view.ts'

/**
 * What this server and a peer say about each other's routes. `settling`: they differ, but brokers may still be registering.
 * `diverged`: a difference has lasted longer than 60 seconds.
 */
export const PEER_VERDICTS = ['agrees', 'settling', 'diverged', 'unknown'] as const
export type PeerVerdict = (typeof PEER_VERDICTS)[number]

/** Differences that are kept of a peer. */
export const MAX_PEER_DIFFERENCES = 100

/** One difference between this server and a peer; null where it is missing. */
export interface PeerDifference {
  readonly kind: DifferenceKind
  /** Such as `broker-a`, `broker-a:1`, `TopicA` or `TopicA on broker-a`. */
  readonly subject: string
  readonly here: string | null
  readonly there: string | null
}

/** The state of a peer. Times are on the monotonic clock. */
export interface PeerState {
  /** `host:port` */
  readonly address: string
  /** Whether it responded the last time. */
  readonly isUp: boolean
  readonly verdict: PeerVerdict
  /** Since when: for `settling` and `diverged` since the oldest difference was first seen. */
  readonly sinceMs: number
  /** Why the verdict is `unknown`; otherwise how far the comparison goes, null if it is complete. */
  readonly reason: string | null
  /** When it was last compared, or could not be; null before the first time. */
  readonly comparedMs: number | null
  /** The first {@link MAX_PEER_DIFFERENCES}. */
  readonly differences: readonly PeerDifference[]
}

const DIFFERENCE: Schema = {
  type: 'object',
  required: ['kind', 'subject', 'here', 'there'],
  additionalProperties: false,
  properties: {
    kind: { enum: DIFFERENCE_KINDS },
    subject: { type: 'string' },
    here: { type: ['string', 'null'], description: 'What this server has; null if it is missing' },
    there: { type: ['string', 'null'], description: 'What the peer has; null if it is missing' },
  },
}

/** `/api/v1/peers`: how the routes of other NameServers compare with those of this one. */
export function peersView(sources: InspectSources): View {
  return {
    path: '/api/v1/peers',
    summary:
      'The other NameServers of the configuration key `peers`, and whether their routes agree with those of this one.',
    response: {
      type: 'object',
      required: ['peers'],
      additionalProperties: false,
      properties: {
        peers: {
          type: 'array',
          items: {
            type: 'object',
            required: ['address', 'isUp', 'verdict', 'since', 'reason', 'compared', 'differences'],
            additionalProperties: false,
            properties: {
              address: { type: 'string' },
              isUp: { type: 'boolean', description: 'Whether it responded the last time' },
              verdict: { enum: PEER_VERDICTS },
              since: { type: 'string', format: 'date-time' },
              reason: {
                type: ['string', 'null'],
                description: 'Why the verdict is `unknown`, or how far the comparison goes so far',
              },
              compared: {
                type: ['string', 'null'],
                format: 'date-time',
                description: 'When it was last compared, or could not be',
              },
              differences: { type: 'array', maxItems: MAX_PEER_DIFFERENCES, items: DIFFERENCE },
            },
          },
        },
      },
    },
    read: () => ({ peers: sources.peers.list().map((state) => shownPeer(state, sources)) }),
  }
}

function shownPeer(
  { address, isUp, verdict, sinceMs, reason, comparedMs, differences }: PeerState,
  sources: InspectSources,
) {
  const compared = comparedMs === null ? null : dateOf(comparedMs, sources)
  return { address, isUp, verdict, since: dateOf(sinceMs, sources), reason, compared, differences }
}
