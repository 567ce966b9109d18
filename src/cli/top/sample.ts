import type { BrokerGroup } from '../../admin/broker-group.ts'
import { readBrokerGroups } from '../../admin/brokers.ts'
import type { NameServer } from '../../admin/name-server.ts'
import type { BrokerMember } from '../../inspect/broker-member.ts'
import type { ServerEvent } from '../client/event-feed.ts'
import { readStatus, type Status } from '../client/status.ts'
import type { Finding, Miss } from '../client/views.ts'

/** A broker, with the name of its group. */
export type Broker = BrokerMember & Pick<BrokerGroup, 'brokerName' | 'clusters'>

/** What a NameServer looks like at one time. Lists that only ours has are empty for others. */
export interface Sample {
  readonly status: Status
  readonly brokers: readonly Broker[]
  readonly misses: readonly Miss[]
  readonly findings: readonly Finding[]
  /** The last one first. */
  readonly events: readonly ServerEvent[]
}

/** Per second, between two samples. */
export interface Rates {
  readonly lookups: number
  readonly lookupsWithoutRoute: number
  readonly registrations: number
  readonly requests: number
}

const MAX_EVENTS = 200

/**
 * @param notes - Gets lines if there are no views.
 * @throws {CommandError} (rejects)
 */
export async function readSample(server: NameServer, notes = new Set<string>()): Promise<Sample> {
  const [status, groups] = await Promise.all([
    readStatus(server, notes),
    readBrokerGroups(server, { cluster: undefined, notes }),
  ])
  const [misses, findings, events] = await Promise.all([
    server.viewIfAny<{ topics: readonly Miss[] }>('/api/v1/misses'),
    server.viewIfAny<{ findings: readonly Finding[] }>('/api/v1/findings'),
    server.viewIfAny<{ events: readonly ServerEvent[] }>(`/api/v1/events?limit=${MAX_EVENTS}`),
  ])
  return {
    status,
    brokers: groups.flatMap(({ brokerName, clusters, members }) =>
      members.map((member) => ({ brokerName, clusters, ...member })),
    ),
    misses: misses?.topics ?? [],
    findings: findings?.findings ?? [],
    events: [...(events?.events ?? [])].reverse(),
  }
}

/** Undefined without an earlier sample of the same run of the server. */
export function ratesBetween(before: Sample | undefined, { status: now }: Sample): Rates | undefined {
  const then = before?.status
  const seconds = (now.uptimeSeconds ?? 0) - (then?.uptimeSeconds ?? 0)
  if (then?.totals === undefined || now.totals === undefined || then.bootId !== now.bootId || seconds <= 0)
    return undefined
  const [from, to] = [then.totals, now.totals]
  const rate = (name: keyof Rates): number => (to[name] - from[name]) / seconds
  return {
    lookups: rate('lookups'),
    lookupsWithoutRoute: rate('lookupsWithoutRoute'),
    registrations: rate('registrations'),
    requests: rate('requests'),
  }
}
